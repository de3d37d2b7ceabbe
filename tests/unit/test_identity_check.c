// SPDX-License-Identifier: Apache-2.0
/*
 * When the identity is trusted. The dumps here list only ESTABLISHED and TIME_WAIT, so that the
 * kernel's totals equal the derived counts.
 */
#include "measure/identity_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The totals and counters at one time. */
static struct tcp_totals totals(uint64_t full_sockets, uint64_t minisockets, uint64_t opens,
                                uint64_t time_wait_started)
{
    return (struct tcp_totals){
        .usage = {.full_sockets = full_sockets, .minisockets = minisockets},
        .counters = {.active_opens = opens / 3,
                     .passive_opens = opens - opens / 3,
                     .time_wait_started = time_wait_started},
    };
}

static struct state_counts dump_of(uint64_t established, uint64_t time_wait)
{
    struct state_counts counts = {0};
    counts.sockets[IP_FAMILY_IPV4][TCP_STATE_ESTABLISHED] = established;
    counts.sockets[IP_FAMILY_IPV6][TCP_STATE_TIME_WAIT] = time_wait;
    return counts;
}

/* A check without changes, with additional sockets in the dump. */
static void check_quiet(struct identity_check *check, uint64_t more_established,
                        uint64_t more_time_wait)
{
    const struct tcp_totals still = totals(100, 50, 7, 8);
    const struct state_counts dumped = dump_of(100 + more_established, 50 + more_time_wait);
    identity_check_update(check, &dumped, &still, &still);
}

static void agree(struct identity_check *check, unsigned times)
{
    for (; times > 0; times--)
        check_quiet(check, 0, 0);
}

static void disagree(struct identity_check *check, unsigned times)
{
    for (; times > 0; times--)
        check_quiet(check, 1, 0);
}

/* Is the identity given up after many such checks? */
static bool is_distrusted_after(struct state_counts dumped, struct tcp_totals before,
                                struct tcp_totals after)
{
    struct identity_check check = {0};
    for (unsigned i = 0; i < IDENTITY_DISTRUST_AFTER; i++)
        identity_check_update(&check, &dumped, &before, &after);
    return check.distrusted;
}

static void assert_drift(struct state_counts dumped, struct tcp_totals before,
                         struct tcp_totals after, uint64_t established, uint64_t time_wait)
{
    struct identity_check check = {0};
    identity_check_update(&check, &dumped, &before, &after);
    assert_int_equal(check.drift.established, established);
    assert_int_equal(check.drift.time_wait, time_wait);
}

static void test_drift_is_zero_within_the_range(void **state)
{
    (void)state;
    const struct tcp_totals low = totals(100, 50, 0, 0), high = totals(110, 60, 0, 0);
    for (uint64_t i = 0; i <= 10; i++) {
        assert_drift(dump_of(100 + i, 60 - i), low, high, 0, 0);
        assert_drift(dump_of(100 + i, 60 - i), high, low, 0, 0); /* the totals fell */
    }
}

static void test_drift_is_the_distance_from_the_range(void **state)
{
    (void)state;
    const struct tcp_totals low = totals(100, 50, 0, 0), high = totals(110, 60, 0, 0);
    assert_drift(dump_of(99, 61), low, high, 1, 1);
    assert_drift(dump_of(113, 46), low, high, 3, 4);
    assert_drift(dump_of(0, 0), low, high, 100, 50);
    assert_drift(dump_of(99, 61), high, low, 1, 1);
    assert_drift(dump_of(113, 46), high, low, 3, 4);
}

static void test_drift_is_that_of_the_last_check(void **state)
{
    (void)state;
    struct identity_check check = {0};
    check_quiet(&check, 5, 6);
    check_quiet(&check, 0, 2);
    assert_int_equal(check.drift.established, 0);
    assert_int_equal(check.drift.time_wait, 2);
}

static void test_sockets_of_other_states_are_not_drift(void **state)
{
    (void)state;
    struct state_counts dumped = dump_of(100, 50);
    dumped.sockets[IP_FAMILY_IPV4][TCP_STATE_LISTEN] = 9;
    dumped.sockets[IP_FAMILY_IPV4][TCP_STATE_SYN_RECV] = 20;
    dumped.syn_recv_requests = 20;
    dumped.sockets[IP_FAMILY_IPV6][TCP_STATE_FIN_WAIT2] = 30;
    dumped.fin_wait2_minisockets = 30;
    dumped.sockets[IP_FAMILY_IPV6][TCP_STATE_BOUND_INACTIVE] = 40;
    const struct tcp_totals still = totals(109, 80, 0, 0);
    assert_drift(dumped, still, still, 0, 0);
}

static void test_the_identity_is_trusted_until_it_fails(void **state)
{
    (void)state;
    struct identity_check check = {0};
    assert_false(check.distrusted);
    agree(&check, 100);
    assert_false(check.distrusted);
}

static void test_two_disagreements_are_not_enough(void **state)
{
    (void)state;
    struct identity_check check = {0};
    disagree(&check, 2);
    assert_false(check.distrusted);
}

static void test_three_disagreements_in_a_row_are_enough(void **state)
{
    (void)state;
    struct identity_check check = {0};
    disagree(&check, 3);
    assert_true(check.distrusted);
}

static void test_an_agreement_restarts_the_count(void **state)
{
    (void)state;
    struct identity_check check = {0};
    for (int i = 0; i < 10; i++) {
        disagree(&check, 2);
        agree(&check, 1);
        assert_false(check.distrusted);
    }
    disagree(&check, 3);
    assert_true(check.distrusted);
}

static void test_either_state_alone_contradicts_the_identity(void **state)
{
    (void)state;
    struct identity_check of_established = {0}, of_time_wait = {0}, in_turn = {0};
    for (uint64_t i = 0; i < 3; i++) {
        check_quiet(&of_established, 1, 0);
        check_quiet(&of_time_wait, 0, 1);
        check_quiet(&in_turn, i % 2, (i + 1) % 2);
    }
    assert_true(of_established.distrusted);
    assert_true(of_time_wait.distrusted);
    assert_true(in_turn.distrusted);
}

static void test_too_few_sockets_contradict_it_like_too_many(void **state)
{
    (void)state;
    const struct tcp_totals still = totals(100, 50, 7, 8);
    assert_true(is_distrusted_after(dump_of(99, 50), still, still));
    assert_true(is_distrusted_after(dump_of(100, 49), still, still));
    assert_false(is_distrusted_after(dump_of(100, 50), still, still));
}

static void test_trust_returns_after_twelve_agreements(void **state)
{
    (void)state;
    struct identity_check check = {0};
    disagree(&check, 3);
    agree(&check, 11);
    assert_true(check.distrusted);
    agree(&check, 1);
    assert_false(check.distrusted);
}

static void test_a_disagreement_delays_trust(void **state)
{
    (void)state;
    struct identity_check check = {0};
    disagree(&check, 3);
    agree(&check, 11);
    disagree(&check, 1);
    agree(&check, 11);
    assert_true(check.distrusted);
    agree(&check, 1);
    assert_false(check.distrusted);
}

static void test_restored_trust_needs_three_disagreements_again(void **state)
{
    (void)state;
    struct identity_check check = {0};
    disagree(&check, 50);
    agree(&check, 12);
    disagree(&check, 2);
    assert_false(check.distrusted);
    disagree(&check, 1);
    assert_true(check.distrusted);
}

static void test_connections_that_came_and_went_explain_a_difference(void **state)
{
    (void)state;
    /* Ten were opened and the total is the same: ten came, ten went. */
    const struct tcp_totals before = totals(100, 50, 1000, 0), after = totals(100, 50, 1010, 0);
    assert_false(is_distrusted_after(dump_of(120, 50), before, after));
    assert_true(is_distrusted_after(dump_of(121, 50), before, after));
    assert_false(is_distrusted_after(dump_of(80, 50), before, after));
    assert_true(is_distrusted_after(dump_of(79, 50), before, after));
}

static void test_minisockets_that_came_and_went_explain_a_difference(void **state)
{
    (void)state;
    const struct tcp_totals before = totals(100, 50, 0, 1000), after = totals(100, 50, 0, 1005);
    assert_false(is_distrusted_after(dump_of(100, 60), before, after));
    assert_true(is_distrusted_after(dump_of(100, 61), before, after));
}

static void test_sockets_that_only_came_count_once(void **state)
{
    (void)state;
    /* Ten were opened and all still exist; the range itself covers them. */
    const struct tcp_totals before = totals(100, 50, 0, 0), after = totals(110, 50, 10, 0);
    assert_false(is_distrusted_after(dump_of(120, 50), before, after));
    assert_true(is_distrusted_after(dump_of(121, 50), before, after));
    assert_false(is_distrusted_after(dump_of(90, 50), before, after));
    assert_true(is_distrusted_after(dump_of(89, 50), before, after));
}

static void test_sockets_that_only_went_explain_a_difference(void **state)
{
    (void)state;
    const struct tcp_totals before = totals(110, 50, 0, 0), after = totals(100, 50, 0, 0);
    assert_false(is_distrusted_after(dump_of(120, 50), before, after));
    assert_true(is_distrusted_after(dump_of(121, 50), before, after));
}

static void test_a_total_that_grows_by_itself_explains_nothing(void **state)
{
    (void)state;
    /* More sockets than were ever opened (TCP_REPAIR does this): only the range explains them. */
    const struct tcp_totals before = totals(100, 50, 0, 0), after = totals(150, 50, 0, 0);
    assert_false(is_distrusted_after(dump_of(150, 50), before, after));
    assert_true(is_distrusted_after(dump_of(151, 50), before, after));
}

static void test_churn_before_the_dump_explains_nothing(void **state)
{
    (void)state;
    const struct tcp_totals still = totals(100, 50, 1000000, 2000000);
    assert_true(is_distrusted_after(dump_of(101, 50), still, still));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drift_is_zero_within_the_range),
        cmocka_unit_test(test_drift_is_the_distance_from_the_range),
        cmocka_unit_test(test_drift_is_that_of_the_last_check),
        cmocka_unit_test(test_sockets_of_other_states_are_not_drift),
        cmocka_unit_test(test_the_identity_is_trusted_until_it_fails),
        cmocka_unit_test(test_two_disagreements_are_not_enough),
        cmocka_unit_test(test_three_disagreements_in_a_row_are_enough),
        cmocka_unit_test(test_an_agreement_restarts_the_count),
        cmocka_unit_test(test_either_state_alone_contradicts_the_identity),
        cmocka_unit_test(test_too_few_sockets_contradict_it_like_too_many),
        cmocka_unit_test(test_trust_returns_after_twelve_agreements),
        cmocka_unit_test(test_a_disagreement_delays_trust),
        cmocka_unit_test(test_restored_trust_needs_three_disagreements_again),
        cmocka_unit_test(test_connections_that_came_and_went_explain_a_difference),
        cmocka_unit_test(test_minisockets_that_came_and_went_explain_a_difference),
        cmocka_unit_test(test_sockets_that_only_came_count_once),
        cmocka_unit_test(test_sockets_that_only_went_explain_a_difference),
        cmocka_unit_test(test_a_total_that_grows_by_itself_explains_nothing),
        cmocka_unit_test(test_churn_before_the_dump_explains_nothing),
    };
    return cmocka_run_group_tests_name("identity check", tests, NULL, NULL);
}
