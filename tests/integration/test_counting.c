// SPDX-License-Identifier: Apache-2.0
/*
 * Both kinds of sample against a zoo: a known number of sockets in each state, in a namespace
 * without others.
 */
#include "capture.h"
#include "skip.h"
#include "zoo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct zoo *zoo; /* of the current test, so that teardown can remove it after a failure */

static int destroy_zoo(void **state)
{
    (void)state;
    zoo_destroy(zoo);
    zoo = NULL;
    return 0;
}

static unsigned expected(const struct zoo_population *population, enum tcp_state state)
{
    switch (state) {
    case TCP_STATE_ESTABLISHED:
        return population->established;
    case TCP_STATE_SYN_SENT:
        return population->syn_sent;
    case TCP_STATE_SYN_RECV:
        return population->syn_recv;
    case TCP_STATE_FIN_WAIT1:
        return population->fin_wait1;
    case TCP_STATE_FIN_WAIT2:
        return population->fin_wait2 + population->fin_wait2_mini;
    case TCP_STATE_TIME_WAIT:
        return population->time_wait;
    case TCP_STATE_CLOSE_WAIT:
        return population->close_wait;
    case TCP_STATE_LAST_ACK:
        return population->last_ack;
    case TCP_STATE_LISTEN:
        return population->listen;
    case TCP_STATE_CLOSING:
        return population->closing;
    case TCP_STATE_BOUND_INACTIVE:
        return population->bound_inactive;
    default:
        fail_msg("no such state");
        return 0;
    }
}

static void test_counts_of_an_empty_namespace_are_zero(void **state)
{
    (void)state;
    struct capture capture;
    capture_take(&capture);
    for (enum tcp_state s = 0; s < TCP_STATES; s++) {
        assert_int_equal(capture.snapshot.sockets[s], 0);
        assert_int_equal(state_counts_sum(&capture.snapshot.detail, s), 0);
    }
}

static void test_both_samples_count_every_state_exactly(void **state)
{
    (void)state;
    struct capture capture;
    assert_int_equal(zoo_create(&zoo_mix_ipv4, &zoo_mix_ipv6, &zoo), 0);
    capture_take(&capture);
    for (enum tcp_state s = 0; s < TCP_STATES; s++) {
        if (s == TCP_STATE_BOUND_INACTIVE && !capture.snapshot.has_bound_inactive)
            continue; /* before Linux 6.8 the kernel does not list them */
        print_message("%s\n", tcp_state_name(s));
        if (s != TCP_STATE_BOUND_INACTIVE)
            assert_int_equal(capture.snapshot.sockets[s],
                             expected(&zoo_mix_ipv4, s) + expected(&zoo_mix_ipv6, s));
        assert_int_equal(capture.snapshot.detail.sockets[IP_FAMILY_IPV4][s],
                         expected(&zoo_mix_ipv4, s));
        assert_int_equal(capture.snapshot.detail.sockets[IP_FAMILY_IPV6][s],
                         expected(&zoo_mix_ipv6, s));
    }
    assert_int_equal(capture.snapshot.detail.fin_wait2_minisockets,
                     zoo_mix_ipv4.fin_wait2_mini + zoo_mix_ipv6.fin_wait2_mini);
    assert_int_equal(capture.snapshot.detail.syn_recv_requests,
                     zoo_mix_ipv4.syn_recv + zoo_mix_ipv6.syn_recv);
    assert_int_equal(capture.snapshot.derived_drift.established, 0);
    assert_int_equal(capture.snapshot.derived_drift.time_wait, 0);
}

static int open_and_count(void *dumps)
{
    ++*(unsigned *)dumps;
    return sock_diag_open_netlink(NULL);
}

static void test_a_count_sample_is_one_dump(void **state)
{
    (void)state;
    unsigned dumps = 0;
    struct capture capture;
    const struct kernel_access kernel = {
        .open_sock_diag = open_and_count, .opener_context = &dumps, .proc_root = "/proc"};
    capture_take_through(&capture, &kernel);
    /* count; detail of TCP, of UDP over IPv4 and over IPv6, of UNIX sockets; ports of listeners, of
     * clients, of UDP as before */
    assert_int_equal(dumps, 1 + 4 + 4);
}

static void test_v4_mapped_sockets_count_as_ipv4(void **state)
{
    (void)state;
    struct capture capture;
    assert_int_equal(zoo_create(NULL, NULL, &zoo), 0);
    assert_int_equal(
        zoo_add(zoo, ZOO_V4_MAPPED, &(struct zoo_population){.established = 4, .time_wait = 3}), 0);
    capture_take(&capture);
    assert_int_equal(capture.snapshot.detail.sockets[IP_FAMILY_IPV4][TCP_STATE_ESTABLISHED], 4);
    assert_int_equal(capture.snapshot.detail.sockets[IP_FAMILY_IPV4][TCP_STATE_TIME_WAIT], 3);
    assert_int_equal(capture.snapshot.sockets[TCP_STATE_ESTABLISHED], 4);
    assert_int_equal(capture.snapshot.sockets[TCP_STATE_TIME_WAIT], 3);
}

static void assert_queue(enum zoo_family family, unsigned backlog, unsigned length)
{
    struct capture capture;
    uint16_t port;
    assert_int_equal(zoo_create(NULL, NULL, &zoo), 0);
    assert_int_equal(zoo_fill_accept_queue(zoo, family, backlog, length, &port), 0);
    capture_take(&capture);
    assert_int_equal(capture.snapshot.queue_count, 1);
    assert_int_equal(capture.queues[0].port, port);
    assert_int_equal(capture.queues[0].queue_length, length);
    assert_int_equal(capture.queues[0].queue_limit, backlog);
    assert_int_equal(capture.queues[0].queue_peak, length);
    destroy_zoo(NULL);
}

static void test_accept_queues_are_measured_in_connections(void **state)
{
    (void)state;
    assert_queue(ZOO_IPV4, 7, 5);
    assert_queue(ZOO_IPV4, 3, 4); /* Linux accepts one more */
    assert_queue(ZOO_IPV6, 100, 0);
    assert_queue(ZOO_IPV6, 4, 2);
}

/* A listener that is flooded with half-open connections has an empty accept queue. */
static void test_a_flooded_listener_has_its_queue_reported_among_fuller_ones(void **state)
{
    (void)state;
    struct capture capture;
    uint16_t port;
    assert_int_equal(zoo_create(&(struct zoo_population){.listen = 1, .syn_recv = 9}, NULL, &zoo),
                     0);
    assert_int_equal(zoo_fill_accept_queue(zoo, ZOO_IPV4, 7, 5, &port), 0);
    capture_take_few(&capture, 1);
    assert_int_equal(capture.snapshot.listener_count, 1);
    const struct listener_row *flooded = &capture.listeners[0];
    assert_int_equal(flooded->sockets[TCP_STATE_SYN_RECV], 9);
    assert_int_not_equal(flooded->port, port);

    assert_int_equal(capture.snapshot.queue_count, 2);
    const struct listener_row *queues = capture.queues;
    bool flooded_first = listener_compare_places(&queues[0], flooded) == 0;
    assert_true(flooded_first || listener_compare_places(&queues[1], flooded) == 0);
    assert_int_equal(queues[flooded_first].port, port);
    assert_int_equal(queues[flooded_first].queue_length, 5);
    assert_int_equal(queues[!flooded_first].queue_length, 0);
    assert_true(queues[!flooded_first].queue_limit > 0);
}

#define ZOO_TEST(name) cmocka_unit_test_teardown(name, destroy_zoo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ZOO_TEST(test_counts_of_an_empty_namespace_are_zero),
        ZOO_TEST(test_both_samples_count_every_state_exactly),
        ZOO_TEST(test_a_count_sample_is_one_dump),
        ZOO_TEST(test_v4_mapped_sockets_count_as_ipv4),
        ZOO_TEST(test_accept_queues_are_measured_in_connections),
        ZOO_TEST(test_a_flooded_listener_has_its_queue_reported_among_fuller_ones),
    };
    int skipped = enter_namespace_or_skip();
    return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
