// SPDX-License-Identifier: Apache-2.0
/*
 * Counting records, and the identity that gives ESTABLISHED and TIME_WAIT without them.
 */
#include "measure/state_counts.h"

#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void add(struct state_counts *counts, enum ip_family family, enum tcp_state state,
                bool full_socket, uint64_t times)
{
    const struct socket_record record = {
        .state = state, .family = family, .full_socket = full_socket};
    for (; times > 0; times--)
        state_counts_add(counts, &record);
}

static bool is_always_mini(enum tcp_state state)
{
    return state == TCP_STATE_TIME_WAIT;
}

/* The kernel's totals for these sockets, from their definition. */
static struct tcp_usage totals_of(const struct state_counts *counts)
{
    struct tcp_usage usage = {0};
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        if (state != TCP_STATE_TIME_WAIT && state != TCP_STATE_BOUND_INACTIVE)
            usage.full_sockets += state_counts_sum(counts, state);
    }
    usage.full_sockets -= counts->fin_wait2_minisockets + counts->syn_recv_requests;
    usage.minisockets =
        state_counts_sum(counts, TCP_STATE_TIME_WAIT) + counts->fin_wait2_minisockets;
    return usage;
}

static void test_each_record_counts_in_its_family_and_state_only(void **state)
{
    (void)state;
    struct state_counts counts = {0};
    for (enum ip_family family = 0; family < IP_FAMILIES; family++) {
        for (enum tcp_state s = 0; s < TCP_STATES; s++)
            add(&counts, family, s, !is_always_mini(s), 100 * family + s + 1);
    }
    for (enum ip_family family = 0; family < IP_FAMILIES; family++) {
        for (enum tcp_state s = 0; s < TCP_STATES; s++)
            assert_int_equal(counts.sockets[family][s], 100 * family + s + 1);
    }
    assert_int_equal(counts.fin_wait2_minisockets, 0);
    assert_int_equal(counts.syn_recv_requests, 0);
}

static void test_a_state_is_the_sum_of_both_families(void **state)
{
    (void)state;
    struct state_counts counts = {0};
    add(&counts, IP_FAMILY_IPV4, TCP_STATE_CLOSING, true, 3);
    add(&counts, IP_FAMILY_IPV6, TCP_STATE_CLOSING, true, 4);
    assert_int_equal(state_counts_sum(&counts, TCP_STATE_CLOSING), 7);
    assert_int_equal(state_counts_sum(&counts, TCP_STATE_LISTEN), 0);
}

static void test_fin_wait2_minisockets_are_part_of_fin_wait2(void **state)
{
    (void)state;
    struct state_counts counts = {0};
    add(&counts, IP_FAMILY_IPV4, TCP_STATE_FIN_WAIT2, false, 2);
    add(&counts, IP_FAMILY_IPV6, TCP_STATE_FIN_WAIT2, false, 3);
    add(&counts, IP_FAMILY_IPV6, TCP_STATE_FIN_WAIT2, true, 10);
    assert_int_equal(state_counts_sum(&counts, TCP_STATE_FIN_WAIT2), 15);
    assert_int_equal(counts.fin_wait2_minisockets, 5);
    assert_int_equal(counts.syn_recv_requests, 0);
}

static void test_requests_are_part_of_syn_recv(void **state)
{
    (void)state;
    struct state_counts counts = {0};
    add(&counts, IP_FAMILY_IPV4, TCP_STATE_SYN_RECV, false, 4);
    add(&counts, IP_FAMILY_IPV6, TCP_STATE_SYN_RECV, false, 2);
    add(&counts, IP_FAMILY_IPV4, TCP_STATE_SYN_RECV, true, 10); /* TCP Fast Open */
    assert_int_equal(state_counts_sum(&counts, TCP_STATE_SYN_RECV), 16);
    assert_int_equal(counts.syn_recv_requests, 6);
    assert_int_equal(counts.fin_wait2_minisockets, 0);
}

static void test_time_wait_is_not_counted_as_another_minisocket(void **state)
{
    (void)state;
    struct state_counts counts = {0};
    add(&counts, IP_FAMILY_IPV4, TCP_STATE_TIME_WAIT, false, 4);
    assert_int_equal(state_counts_sum(&counts, TCP_STATE_TIME_WAIT), 4);
    assert_int_equal(counts.fin_wait2_minisockets, 0);
    assert_int_equal(counts.syn_recv_requests, 0);
}

static void test_each_state_is_derived_or_counted_except_bound_inactive(void **state)
{
    (void)state;
    for (enum tcp_state s = 0; s < TCP_STATES; s++) {
        bool derived = DERIVED_STATES & tcp_state_bit(s);
        bool counted = COUNTED_STATES & tcp_state_bit(s);
        assert_int_equal(derived, s == TCP_STATE_ESTABLISHED || s == TCP_STATE_TIME_WAIT);
        assert_int_equal(counted, !derived && s != TCP_STATE_BOUND_INACTIVE);
    }
}

static void test_the_other_full_sockets_are_not_established(void **state)
{
    (void)state;
    for (enum tcp_state s = 0; s < TCP_STATES; s++) {
        if (!(COUNTED_STATES & tcp_state_bit(s)))
            continue;
        struct state_counts counts = {0};
        add(&counts, IP_FAMILY_IPV4, s, true, 2);
        add(&counts, IP_FAMILY_IPV6, s, true, 3);
        struct derived_counts derived =
            derive_counts(&counts, &(struct tcp_usage){.full_sockets = 100, .minisockets = 50});
        assert_int_equal(derived.established, 95);
        assert_int_equal(derived.time_wait, 50);
    }
}

static void test_fin_wait2_minisockets_are_subtracted_from_the_minisockets(void **state)
{
    (void)state;
    struct state_counts counts = {0};
    add(&counts, IP_FAMILY_IPV4, TCP_STATE_FIN_WAIT2, false, 8);
    struct derived_counts derived =
        derive_counts(&counts, &(struct tcp_usage){.full_sockets = 100, .minisockets = 50});
    assert_int_equal(derived.established, 100);
    assert_int_equal(derived.time_wait, 42);
}

static void test_requests_are_subtracted_from_nothing(void **state)
{
    (void)state;
    struct state_counts counts = {0};
    add(&counts, IP_FAMILY_IPV4, TCP_STATE_SYN_RECV, false, 8);
    struct derived_counts derived =
        derive_counts(&counts, &(struct tcp_usage){.full_sockets = 100, .minisockets = 50});
    assert_int_equal(derived.established, 100);
    assert_int_equal(derived.time_wait, 50);
}

static void test_sockets_outside_of_the_totals_change_nothing(void **state)
{
    (void)state;
    struct state_counts counts = {0};
    add(&counts, IP_FAMILY_IPV4, TCP_STATE_BOUND_INACTIVE, true, 5);
    add(&counts, IP_FAMILY_IPV4, TCP_STATE_ESTABLISHED, true, 6);
    add(&counts, IP_FAMILY_IPV6, TCP_STATE_TIME_WAIT, false, 7);
    struct derived_counts derived =
        derive_counts(&counts, &(struct tcp_usage){.full_sockets = 100, .minisockets = 50});
    assert_int_equal(derived.established, 100);
    assert_int_equal(derived.time_wait, 50);
}

static void test_below_zero_is_zero(void **state)
{
    (void)state;
    struct state_counts counts = {0};
    add(&counts, IP_FAMILY_IPV4, TCP_STATE_LISTEN, true, 8);
    add(&counts, IP_FAMILY_IPV4, TCP_STATE_FIN_WAIT2, false, 3);

    struct derived_counts derived =
        derive_counts(&counts, &(struct tcp_usage){.full_sockets = 7, .minisockets = 50});
    assert_int_equal(derived.established, 0);
    assert_int_equal(derived.time_wait, 47); /* each of the two separately */

    derived = derive_counts(&counts, &(struct tcp_usage){.full_sockets = 9, .minisockets = 2});
    assert_int_equal(derived.established, 1);
    assert_int_equal(derived.time_wait, 0);
}

static void test_an_empty_host_has_no_sockets(void **state)
{
    (void)state;
    struct state_counts counts = {0};
    struct derived_counts derived = derive_counts(&counts, &(struct tcp_usage){0});
    assert_int_equal(derived.established, 0);
    assert_int_equal(derived.time_wait, 0);
}

static void test_counts_beyond_32_bits_are_derived(void **state)
{
    (void)state;
    struct state_counts counts = {0};
    counts.sockets[IP_FAMILY_IPV4][TCP_STATE_CLOSE_WAIT] = UINT64_C(5000000000);
    struct derived_counts derived =
        derive_counts(&counts, &(struct tcp_usage){.full_sockets = UINT64_C(12000000000),
                                                   .minisockets = UINT64_C(6000000000)});
    assert_int_equal(derived.established, UINT64_C(7000000000));
    assert_int_equal(derived.time_wait, UINT64_C(6000000000));
}

static void test_the_identity_derives_any_population(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int turn = 0; turn < 500; turn++) {
        struct state_counts counts = {0};
        for (int sockets = 0; sockets < 40; sockets++) {
            enum tcp_state s = (enum tcp_state)seeded_between(&random, 0, TCP_STATES - 1);
            bool may_be_mini = s == TCP_STATE_FIN_WAIT2 || s == TCP_STATE_SYN_RECV;
            bool full = may_be_mini ? seeded_bits(&random) & 1 : !is_always_mini(s);
            add(&counts, (enum ip_family)(seeded_bits(&random) & 1), s, full, 1);
        }
        struct tcp_usage usage = totals_of(&counts);
        struct derived_counts derived = derive_counts(&counts, &usage);
        assert_int_equal(derived.established, state_counts_sum(&counts, TCP_STATE_ESTABLISHED));
        assert_int_equal(derived.time_wait, state_counts_sum(&counts, TCP_STATE_TIME_WAIT));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_record_counts_in_its_family_and_state_only),
        cmocka_unit_test(test_a_state_is_the_sum_of_both_families),
        cmocka_unit_test(test_fin_wait2_minisockets_are_part_of_fin_wait2),
        cmocka_unit_test(test_requests_are_part_of_syn_recv),
        cmocka_unit_test(test_time_wait_is_not_counted_as_another_minisocket),
        cmocka_unit_test(test_each_state_is_derived_or_counted_except_bound_inactive),
        cmocka_unit_test(test_the_other_full_sockets_are_not_established),
        cmocka_unit_test(test_fin_wait2_minisockets_are_subtracted_from_the_minisockets),
        cmocka_unit_test(test_requests_are_subtracted_from_nothing),
        cmocka_unit_test(test_sockets_outside_of_the_totals_change_nothing),
        cmocka_unit_test(test_below_zero_is_zero),
        cmocka_unit_test(test_an_empty_host_has_no_sockets),
        cmocka_unit_test(test_counts_beyond_32_bits_are_derived),
        cmocka_unit_test(test_the_identity_derives_any_population),
    };
    return cmocka_run_group_tests_name("state counts", tests, NULL, NULL);
}
