// SPDX-License-Identifier: Apache-2.0
/*
 * Each kind of sample of the kernel's sockets, one at a time: which sockets hold a port, when
 * bound-only sockets are listed, how full a destination can be, and what is logged.
 */
#include "sample/host.h"

#include "fake_kernel.h"
#include "stderr_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#define SECOND NANOSECONDS_PER_SECOND

static const struct sampler_options everything = {
    .interval = SECOND,
    .detail_interval = 5 * SECOND,
    .cpu_share = 1,
    .peak_window = 60 * SECOND,
    .listeners_top = 4,
    .destinations_top = 4,
    .collect_listeners = true,
    .collect_ports = true,
    .collect_destinations = true,
    .collect_time_wait = true,
};

struct fixture {
    struct fake_kernel kernel;
    struct fault_log faults;
    struct host host;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fake_kernel_init(&fixture->kernel, 1000 * SECOND);
    assert_true(host_init(&fixture->host, &fixture->kernel.access, &everything));
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    host_release(&fixture->host);
    fake_kernel_release(&fixture->kernel);
    free(fixture);
    return 0;
}

static void put_sockets(struct fixture *fixture, enum tcp_state state, uint16_t first_port,
                        unsigned count)
{
    fixture->kernel.ports[state] = first_port;
    fixture->kernel.sockets[state] = count;
    fake_kernel_write_sockstat(&fixture->kernel, 0);
}

static bool take_detail_rows(struct fixture *fixture, uint64_t *rows)
{
    struct fault fault;
    bool good =
        host_take_detail(&fixture->host, fixture->kernel.now, rows, &fixture->faults, &fault);
    fake_kernel_join(&fixture->kernel);
    return good;
}

static bool take_detail(struct fixture *fixture)
{
    uint64_t rows;
    return take_detail_rows(fixture, &rows);
}

static void take_counts(struct fixture *fixture)
{
    uint64_t rows;
    struct fault fault;
    assert_true(host_take_counts(&fixture->host, fixture->kernel.now, &rows, &fault));
    fake_kernel_join(&fixture->kernel);
}

/* Take a detail sample `seconds` after the last. Did it list the bound-only sockets? */
static bool lists_bound_after(struct fixture *fixture, int64_t seconds)
{
    fixture->kernel.now += seconds * SECOND;
    assert_true(take_detail(fixture));
    return fake_kernel_listed_bound(&fixture->kernel);
}

static const struct snapshot *describe(struct fixture *fixture)
{
    static const int64_t ages[SAMPLE_KINDS] = {
        [SAMPLE_COUNT] = 3 * SECOND,
        [SAMPLE_PORTS] = 10 * SECOND,
        [SAMPLE_DETAIL] = 15 * SECOND,
    };
    host_describe(&fixture->host, fixture->kernel.now, ages);
    return &fixture->host.snapshot;
}

static struct port_summary summarize(struct fixture *fixture)
{
    return describe(fixture)->ports[SOCKET_TCP].summary;
}

enum { MANY_SOCKETS = 100000, CLIENT_PORT = 40000 };

static void test_with_few_sockets_each_detail_sample_lists_bound_ones(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_ESTABLISHED, 0, MANY_SOCKETS - 1);
    assert_true(lists_bound_after(fixture, 0));
    assert_true(lists_bound_after(fixture, 5));
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, CLIENT_PORT, 1);
    assert_true(lists_bound_after(fixture, 5));
    assert_false(lists_bound_after(fixture, 5));
}

static void test_with_many_sockets_bound_ones_are_listed_once_a_minute(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_ESTABLISHED, 0, MANY_SOCKETS);
    assert_true(lists_bound_after(fixture, 0));
    assert_false(lists_bound_after(fixture, 5));
    assert_false(lists_bound_after(fixture, 54));
    assert_true(lists_bound_after(fixture, 1));
    assert_false(lists_bound_after(fixture, 59));
}

static void test_bound_sockets_are_remembered_until_they_are_listed_again(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_ESTABLISHED, 0, MANY_SOCKETS);
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, CLIENT_PORT, 10);
    assert_true(lists_bound_after(fixture, 0));
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, CLIENT_PORT, 3);
    assert_false(lists_bound_after(fixture, 5));
    assert_int_equal(summarize(fixture).owned, 10);
    assert_int_equal(describe(fixture)->detail.sockets[IP_FAMILY_IPV4][TCP_STATE_BOUND_INACTIVE],
                     10);
    assert_true(lists_bound_after(fixture, 60));
    assert_int_equal(summarize(fixture).owned, 3);
    assert_int_equal(describe(fixture)->detail.sockets[IP_FAMILY_IPV4][TCP_STATE_BOUND_INACTIVE],
                     3);
}

static void test_a_remembered_port_that_a_client_holds_is_not_owned(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_TIME_WAIT, 0, MANY_SOCKETS);
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, CLIENT_PORT, 10);
    assert_true(lists_bound_after(fixture, 0));
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, 0, 0);
    put_sockets(fixture, TCP_STATE_ESTABLISHED, CLIENT_PORT, 4); /* they called connect() */
    assert_false(lists_bound_after(fixture, 5));
    assert_int_equal(summarize(fixture).owned, 6);
    assert_int_equal(summarize(fixture).used, 4);
}

static void test_more_bound_sockets_than_are_remembered_are_always_listed(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_ESTABLISHED, 0, MANY_SOCKETS);
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, CLIENT_PORT, BOUND_REMEMBERED);
    assert_true(lists_bound_after(fixture, 0));
    assert_false(lists_bound_after(fixture, 5));
    assert_int_equal(summarize(fixture).owned, BOUND_REMEMBERED);
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, CLIENT_PORT, BOUND_REMEMBERED + 1);
    assert_true(lists_bound_after(fixture, 60));
    assert_int_equal(summarize(fixture).owned, BOUND_REMEMBERED + 1);
    assert_true(lists_bound_after(fixture, 5));
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, CLIENT_PORT, BOUND_REMEMBERED);
    assert_true(lists_bound_after(fixture, 5));
    assert_false(lists_bound_after(fixture, 5));
}

static void test_a_failed_list_of_bound_sockets_is_repeated(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_ESTABLISHED, 0, MANY_SOCKETS);
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, CLIENT_PORT, 10);
    assert_true(lists_bound_after(fixture, 0));
    fixture->kernel.now += 60 * SECOND;
    fixture->kernel.answer = ANSWER_ERROR_IN_DONE;
    assert_false(take_detail(fixture));
    fixture->kernel.answer = ANSWER_ROWS;
    assert_true(lists_bound_after(fixture, 5));
    assert_int_equal(summarize(fixture).owned, 10);
}

static void test_a_failed_list_is_repeated_even_just_after_the_boot(void **state)
{
    struct fixture *fixture = *state;
    fixture->kernel.now = 10 * SECOND;
    put_sockets(fixture, TCP_STATE_ESTABLISHED, 0, MANY_SOCKETS);
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, CLIENT_PORT, BOUND_REMEMBERED + 1);
    assert_true(lists_bound_after(fixture, 0));
    fixture->kernel.answer = ANSWER_ERROR;
    assert_false(take_detail(fixture));
    fixture->kernel.answer = ANSWER_ROWS;
    assert_true(lists_bound_after(fixture, 5));
}

static void test_a_client_holds_its_port_in_each_state_except_syn_recv(void **state)
{
    struct fixture *fixture = *state;
    for (enum tcp_state s = 0; s < TCP_STATES; s++) {
        if (s == TCP_STATE_LISTEN || s == TCP_STATE_BOUND_INACTIVE)
            continue;
        put_sockets(fixture, s, CLIENT_PORT, 2);
        assert_true(take_detail(fixture));
        assert_int_equal(summarize(fixture).used, s == TCP_STATE_SYN_RECV ? 0 : 2);
        put_sockets(fixture, s, 0, 0);
    }
}

static void test_a_connection_of_a_listener_holds_no_port(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_LISTEN, CLIENT_PORT, 1);
    put_sockets(fixture, TCP_STATE_ESTABLISHED, CLIENT_PORT, 2); /* one is on another port */
    put_sockets(fixture, TCP_STATE_TIME_WAIT, CLIENT_PORT, 3);
    assert_true(take_detail(fixture));
    const struct snapshot *snapshot = describe(fixture);
    assert_int_equal(snapshot->ports[SOCKET_TCP].summary.owned, 1);
    assert_int_equal(snapshot->ports[SOCKET_TCP].summary.used, 2);
    assert_int_equal(snapshot->time_wait[TIME_WAIT_SERVER], 1);
    assert_int_equal(snapshot->time_wait[TIME_WAIT_CLIENT], 2);
    assert_int_equal(snapshot->listener_count, 1);
    assert_int_equal(snapshot->listeners[0].sockets[TCP_STATE_ESTABLISHED], 1);
    assert_int_equal(snapshot->listeners[0].sockets[TCP_STATE_TIME_WAIT], 1);
}

static void test_a_port_outside_of_the_range_is_a_servers(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_TIME_WAIT, 32767, 3); /* the range begins at 32768 */
    assert_true(take_detail(fixture));
    const struct snapshot *snapshot = describe(fixture);
    assert_int_equal(snapshot->time_wait[TIME_WAIT_SERVER], 1);
    assert_int_equal(snapshot->time_wait[TIME_WAIT_CLIENT], 2);
    assert_int_equal(snapshot->ports[SOCKET_TCP].summary.used, 2);
}

static void test_udp_sockets_of_both_families_are_rows_and_hold_ports(void **state)
{
    struct fixture *fixture = *state;
    uint64_t rows = 0;
    put_sockets(fixture, TCP_STATE_ESTABLISHED, CLIENT_PORT, 5);
    fixture->kernel.udp_sockets = 20;
    assert_true(take_detail_rows(fixture, &rows));
    assert_int_equal(rows, 5 + 20 + 21);
    struct port_summary udp = describe(fixture)->ports[SOCKET_UDP].summary;
    assert_int_equal(udp.used, 21); /* IPv6 has the same ports, and one more */
    assert_int_equal(udp.owned, 0);
    fixture->kernel.udp_sockets = 10;
    assert_true(take_detail(fixture));
    assert_int_equal(describe(fixture)->ports[SOCKET_UDP].summary.used, 11);
    assert_int_equal(summarize(fixture).used, 5);
}

static bool take_ports_rows(struct fixture *fixture, uint64_t *rows)
{
    struct fault fault;
    bool good =
        host_take_ports(&fixture->host, fixture->kernel.now, rows, &fixture->faults, &fault);
    fake_kernel_join(&fixture->kernel);
    return good;
}

static bool take_ports(struct fixture *fixture)
{
    uint64_t rows;
    return take_ports_rows(fixture, &rows);
}

static void test_a_ports_sample_asks_for_clients_in_the_range(void **state)
{
    struct fixture *fixture = *state;
    uint64_t rows;
    put_sockets(fixture, TCP_STATE_LISTEN, 80, 4);
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, 90, 3);
    put_sockets(fixture, TCP_STATE_ESTABLISHED, 32766, 5); /* the range begins at 32768 */
    put_sockets(fixture, TCP_STATE_CLOSE_WAIT, 60998, 4);  /* and ends at 60999 */
    put_sockets(fixture, TCP_STATE_SYN_RECV, CLIENT_PORT, 6);
    fixture->kernel.udp_sockets = 20;
    assert_true(take_ports_rows(fixture, &rows));
    assert_int_equal(rows, 4 + 3 + 3 + 2 + 20 + 21);
    assert_int_equal(fixture->kernel.low_port, 32768);
    assert_int_equal(fixture->kernel.high_port, 60999);
    assert_int_equal(summarize(fixture).used, 5);
    assert_int_equal(describe(fixture)->ports[SOCKET_UDP].summary.used, 21);
}

static void test_a_ports_sample_lists_bound_sockets_like_a_detail_sample(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_ESTABLISHED, 0, MANY_SOCKETS);
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, CLIENT_PORT, 10);
    assert_true(take_detail(fixture));
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, CLIENT_PORT, 3);
    fixture->kernel.now += 59 * SECOND;
    assert_true(take_ports(fixture));
    assert_int_equal(summarize(fixture).owned, 10);
    fixture->kernel.now += SECOND;
    assert_true(take_ports(fixture));
    assert_int_equal(summarize(fixture).owned, 3);
}

static void test_a_ports_sample_derives_the_time_waits_of_servers(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_TIME_WAIT, 32766, 7);
    assert_true(take_ports(fixture));
    assert_true(describe(fixture)->has_time_wait_roles);
    assert_int_equal(describe(fixture)->time_wait[TIME_WAIT_CLIENT], 5);
    assert_int_equal(describe(fixture)->time_wait[TIME_WAIT_SERVER], 2);
    fixture->host.snapshot.fin_wait2_minisockets = 1; /* the kernel counts it with the TIME_WAITs */
    assert_true(take_ports(fixture));
    assert_int_equal(describe(fixture)->time_wait[TIME_WAIT_SERVER], 1);
    fake_kernel_write(&fixture->kernel, "thread-self/net/sockstat",
                      "TCP: inuse 0 orphan 0 tw 4 alloc 9 mem 0\n"); /* one has ended meanwhile */
    assert_true(take_ports(fixture));
    assert_int_equal(describe(fixture)->time_wait[TIME_WAIT_CLIENT], 5);
    assert_int_equal(describe(fixture)->time_wait[TIME_WAIT_SERVER], 0);
}

static void test_a_ports_sample_leaves_details_alone(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_LISTEN, CLIENT_PORT, 1);
    put_sockets(fixture, TCP_STATE_ESTABLISHED, CLIENT_PORT, 3);
    assert_true(take_detail(fixture));
    put_sockets(fixture, TCP_STATE_ESTABLISHED, CLIENT_PORT + 2, 30);
    put_sockets(fixture, TCP_STATE_LISTEN, CLIENT_PORT, 2);
    assert_true(take_ports(fixture));
    const struct snapshot *snapshot = describe(fixture);
    assert_int_equal(snapshot->ports[SOCKET_TCP].summary.used, 30);
    assert_int_equal(snapshot->queue_count, 2);
    assert_int_equal(snapshot->detail.sockets[IP_FAMILY_IPV4][TCP_STATE_ESTABLISHED], 3);
    assert_int_equal(snapshot->listeners[0].sockets[TCP_STATE_ESTABLISHED], 1);
    assert_int_equal(snapshot->queues[0].queues, 1);
}

static void test_a_failed_ports_sample_keeps_the_last_numbers(void **state)
{
    struct fixture *fixture = *state;
    static const char *const files[] = {"sys/net/ipv4/ip_local_port_range",
                                        "thread-self/net/sockstat"};
    put_sockets(fixture, TCP_STATE_TIME_WAIT, CLIENT_PORT, 3);
    assert_true(take_ports(fixture));
    put_sockets(fixture, TCP_STATE_TIME_WAIT, CLIENT_PORT, 5);
    for (size_t i = 0; i < 2; i++) {
        uint64_t rows = 999;
        fake_kernel_write(&fixture->kernel, files[i], NULL);
        assert_false(take_ports_rows(fixture, &rows));
        assert_int_equal(rows, i == 0 ? 0 : 5);
        fake_kernel_write(&fixture->kernel, files[0], "32768 60999\n");
    }
    fixture->kernel.answer = ANSWER_ERROR_IN_DONE;
    assert_false(take_ports(fixture));
    assert_int_equal(summarize(fixture).used, 3);
    assert_int_equal(describe(fixture)->time_wait[TIME_WAIT_CLIENT], 3);
    fixture->kernel.now += 10 * SECOND;
    assert_true(describe(fixture)->ports[SOCKET_TCP].present);
    assert_true(describe(fixture)->has_time_wait_roles);
    fixture->kernel.now++;
    assert_false(describe(fixture)->ports[SOCKET_TCP].present);
    assert_false(describe(fixture)->has_time_wait_roles);
}

static void test_ports_have_a_peak(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_ESTABLISHED, CLIENT_PORT, 7058); /* a quarter of 28232 */
    assert_true(take_ports(fixture));
    put_sockets(fixture, TCP_STATE_ESTABLISHED, 0, 0);
    fixture->kernel.now += 59 * SECOND;
    assert_true(take_ports(fixture));
    const struct port_snapshot *tcp = &describe(fixture)->ports[SOCKET_TCP];
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++) {
        assert_true(tcp->peak_utilization[scope] == 0.25);
        assert_true(tcp->summary.utilization[scope] == 0);
    }
    fixture->kernel.now += 2 * SECOND;
    assert_true(take_ports(fixture));
    assert_true(describe(fixture)->ports[SOCKET_TCP].peak_utilization[PORT_SCOPE_HOST] == 0);
}

static void write_opens(const struct fixture *fixture, unsigned opens)
{
    char text[64];
    snprintf(text, sizeof text, "Tcp: ActiveOpens PassiveOpens\nTcp: %u 8\n", opens);
    fake_kernel_write(&fixture->kernel, "thread-self/net/snmp", text);
}

/* The bound in ports; -1 when it is absent. 28232 ports are usable. */
static double read_bound(struct fixture *fixture)
{
    host_update_bound(&fixture->host, fixture->kernel.now, &fixture->faults);
    const struct snapshot *snapshot = describe(fixture);
    return snapshot->has_bound ? round(snapshot->bound_utilization * 28232) : -1;
}

static void test_the_bound_is_the_fullest_destination_and_what_was_opened_since(void **state)
{
    struct fixture *fixture = *state;
    write_opens(fixture, 1000);
    put_sockets(fixture, TCP_STATE_ESTABLISHED, CLIENT_PORT, 100);
    assert_true(read_bound(fixture) == -1);
    assert_true(take_ports(fixture));
    put_sockets(fixture, TCP_STATE_ESTABLISHED, CLIENT_PORT, 500);
    assert_true(read_bound(fixture) == 100);
    write_opens(fixture, 1250);
    assert_true(read_bound(fixture) == 350);
    fixture->host.snapshot.ports[SOCKET_TCP].summary.destination_error_bound = 7;
    assert_true(read_bound(fixture) == 357);
    assert_true(take_ports(fixture));
    assert_true(read_bound(fixture) == 500);
}

static void test_the_bound_is_no_more_than_there_are_sockets(void **state)
{
    struct fixture *fixture = *state;
    write_opens(fixture, 0);
    put_sockets(fixture, TCP_STATE_ESTABLISHED, CLIENT_PORT, 100);
    put_sockets(fixture, TCP_STATE_TIME_WAIT, CLIENT_PORT, 20);
    assert_true(take_detail(fixture)); /* it is a ports sample as well */
    write_opens(fixture, 20);
    assert_true(read_bound(fixture) == 120);
    write_opens(fixture, 21);
    assert_true(read_bound(fixture) == 120);
    put_sockets(fixture, TCP_STATE_ESTABLISHED, 0, 40000);
    write_opens(fixture, 30000);
    assert_true(read_bound(fixture) == 28232);
}

static void test_the_bound_is_absent_without_its_files(void **state)
{
    struct fixture *fixture = *state;
    assert_true(take_ports(fixture));
    assert_true(read_bound(fixture) == 0);
    fake_kernel_write(&fixture->kernel, "thread-self/net/snmp", NULL);
    assert_int_equal(fixture->faults.count[FAULT_PROC_READ], 0);
    assert_true(read_bound(fixture) == -1);
    assert_int_equal(fixture->faults.count[FAULT_PROC_READ], 1);
    assert_true(take_ports(fixture)); /* the ports do not need this file */
    assert_int_equal(fixture->faults.count[FAULT_PROC_READ], 2);
    write_opens(fixture, 7);
    assert_true(read_bound(fixture) == -1);
    assert_true(take_ports(fixture));
    assert_true(read_bound(fixture) == 0);
    fake_kernel_write(&fixture->kernel, "thread-self/net/sockstat", NULL);
    assert_true(read_bound(fixture) == -1);
}

static void test_the_bound_is_absent_without_destinations(void **state)
{
    struct fixture *fixture = *state;
    fixture->host.options.collect_destinations = false;
    assert_true(take_ports(fixture));
    assert_true(read_bound(fixture) == -1);
    assert_false(host_needs_ports(&fixture->host));
}

static void test_ports_are_needed_when_a_threshold_may_have_been_passed(void **state)
{
    static const struct {
        double exact, bound;
        bool needed;
    } cases[] = {
        {0, 0.19, false},  {0, 0.2, true},     {0.2, 0.39, false}, {0.19, 0.2, true},
        {0.2, 0.4, true},  {0.4, 0.49, false}, {0.49, 0.5, true},  {0.5, 0.89, false},
        {0.89, 0.9, true}, {0.9, 1, false},    {0, 1, true},
    };
    struct fixture *fixture = *state;
    struct snapshot *snapshot = &fixture->host.snapshot;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snapshot->ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_DESTINATION] = cases[i].exact;
        snapshot->bound_utilization = cases[i].bound;
        snapshot->has_bound = true;
        assert_int_equal(host_needs_ports(&fixture->host), cases[i].needed);
        snapshot->has_bound = false;
        assert_false(host_needs_ports(&fixture->host));
    }
}

static uint64_t read_newest(const struct history *history)
{
    uint64_t highest;
    assert_true(history_read(history, 0, &highest));
    return highest;
}

static void test_established_and_time_wait_have_a_history(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_ESTABLISHED, 0, 7);
    put_sockets(fixture, TCP_STATE_TIME_WAIT, 0, 9);
    take_counts(fixture);
    assert_int_equal(read_newest(&describe(fixture)->established_history), 7);
    assert_int_equal(read_newest(&describe(fixture)->time_wait_history), 9);

    struct fault fault;
    put_sockets(fixture, TCP_STATE_ESTABLISHED, 0, 70);
    put_sockets(fixture, TCP_STATE_TIME_WAIT, 0, 90);
    fixture->kernel.now += 5 * SECOND;
    assert_true(host_take_time_wait(&fixture->host, fixture->kernel.now, &fault));
    assert_int_equal(read_newest(&describe(fixture)->established_history), 7); /* as last seen */
    assert_int_equal(read_newest(&describe(fixture)->time_wait_history), 90);
}

static void test_each_protocol_has_the_history_of_the_scope_that_runs_out(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_ESTABLISHED, CLIENT_PORT, 7058); /* a quarter of 28232 */
    assert_true(take_ports(fixture));
    const struct snapshot *snapshot = describe(fixture);
    assert_int_equal(read_newest(&snapshot->ports[SOCKET_TCP].port_history), 2500);
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        const struct port_snapshot *ports = &snapshot->ports[protocol];
        double share = ports->summary.utilization[port_main_scope(protocol)];
        assert_int_equal(read_newest(&ports->port_history),
                         lround(share * (double)PORT_HISTORY_WHOLE));
    }
    assert_int_equal(port_main_scope(SOCKET_TCP), PORT_SCOPE_DESTINATION);
    assert_int_equal(port_main_scope(SOCKET_UDP), PORT_SCOPE_HOST);
}

static void test_a_snapshot_has_what_the_counters_grew_by(void **state)
{
    struct fixture *fixture = *state;
    struct snapshot *snapshot = &fixture->host.snapshot;
    write_opens(fixture, 100);
    host_read_counters(&fixture->host, fixture->kernel.now, &fixture->faults);
    assert_true(snapshot->recent_seconds == 0);
    write_opens(fixture, 107);
    fixture->kernel.now += 3 * SECOND;
    host_read_counters(&fixture->host, fixture->kernel.now, &fixture->faults);
    assert_true(snapshot->recent_seconds == 3);
    assert_int_equal(snapshot->recent.active_opens, 7);
    assert_int_equal(snapshot->recent.passive_opens, 0);
}

static void test_a_snapshot_names_the_host_and_the_window(void **state)
{
    struct fixture *fixture = *state;
    char name[65];
    assert_int_equal(gethostname(name, sizeof name), 0);
    assert_string_equal(describe(fixture)->host_name, name);
    assert_true(describe(fixture)->peak_window_seconds == 60);
}

static void assert_bounds(const struct histogram *histogram, const double *bounds, size_t count)
{
    assert_int_equal(histogram->bound_count, count);
    for (size_t i = 0; i < count; i++)
        assert_true(histogram->bounds[i] == bounds[i]);
}

/* Queries have them in their le="...". */
static void test_buckets_keep_their_bounds(void **state)
{
    static const double sockets[] = {0,    1,   10,  100, 200, 500, 1000, 2000,
                                     5000, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5,  1e6};
    static const double shares[] = {0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99};
    const struct snapshot *snapshot = describe(*state);
    for (enum tcp_state s = 0; s < TCP_STATES; s++)
        assert_bounds(&snapshot->sampled_sockets[s], sockets, 16);
    for (int i = 0; i < (int)SOCKET_PROTOCOLS * PORT_SCOPES; i++)
        assert_bounds(&snapshot->ports[i / PORT_SCOPES].sampled_utilization[i % PORT_SCOPES],
                      shares, 12);
}

static void test_a_bound_socket_shows_that_this_kernel_reports_them(void **state)
{
    struct fixture *fixture = *state;
    fixture->host.snapshot.has_bound_inactive = false; /* as on a kernel before 6.8 */
    assert_true(take_detail(fixture));
    assert_false(describe(fixture)->has_bound_inactive);
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, CLIENT_PORT, 1);
    assert_true(take_detail(fixture));
    assert_true(describe(fixture)->has_bound_inactive);
    put_sockets(fixture, TCP_STATE_BOUND_INACTIVE, 0, 0);
    assert_true(take_detail(fixture));
    assert_true(describe(fixture)->has_bound_inactive);
}

static unsigned count_lines_of_readings(struct fixture *fixture, unsigned readings, char last[256])
{
    struct stderr_lines lines = stderr_lines_start();
    for (unsigned i = 0; i < readings; i++)
        host_read_counters(&fixture->host, fixture->kernel.now, &fixture->faults);
    return stderr_lines_stop(&lines, last);
}

/* One failure at `now`; whether it was logged. */
static bool is_failure_logged(struct fault_log *log, enum fault_reason reason, int64_t now)
{
    struct stderr_lines lines = stderr_lines_start();
    const struct fault fault = {.reason = reason};
    assert_false(fault_log_add(log, SOURCE_UDP, false, &fault, now));
    return stderr_lines_stop(&lines, NULL) == 1;
}

static void test_a_lasting_fault_is_logged_every_five_minutes(void **state)
{
    (void)state;
    struct fault_log log = {0};
    assert_true(is_failure_logged(&log, FAULT_NETLINK_SEND, SECOND));
    assert_false(is_failure_logged(&log, FAULT_NETLINK_SEND, 301 * SECOND - 1));
    assert_true(is_failure_logged(&log, FAULT_NETLINK_OPEN, 301 * SECOND - 1)); /* another one */
    assert_true(is_failure_logged(&log, FAULT_NETLINK_SEND, 301 * SECOND));
    assert_false(is_failure_logged(&log, FAULT_NETLINK_SEND, 301 * SECOND));
    assert_int_equal(log.count[FAULT_NETLINK_SEND], 4);
    assert_int_equal(log.count[FAULT_NETLINK_OPEN], 1);
}

static void test_counters_and_settings_are_logged_when_they_fail_and_when_they_work(void **state)
{
    static const char *const files[] = {"thread-self/net/snmp", "sys/net/ipv4/tcp_tw_reuse"};
    static const char *const texts[] = {"Tcp: ActiveOpens PassiveOpens\nTcp: 7 8\n", "2\n"};
    struct fixture *fixture = *state;
    char last[256];
    assert_int_equal(count_lines_of_readings(fixture, 2, last), 0);
    for (size_t i = 0; i < 2; i++) {
        fake_kernel_write(&fixture->kernel, files[i], NULL);
        assert_int_equal(count_lines_of_readings(fixture, 3, last), 1);
        assert_non_null(strstr(last, " failed: cannot read /proc/"));
        assert_non_null(strstr(last, files[i]));
        fake_kernel_write(&fixture->kernel, files[i], texts[i]);
        assert_int_equal(count_lines_of_readings(fixture, 3, last), 1);
        assert_non_null(strstr(last, " works again; failures in a row: 3"));
    }
}

static unsigned count_lines_of_counts(struct fixture *fixture, unsigned samples)
{
    struct stderr_lines lines = stderr_lines_start();
    for (unsigned i = 0; i < samples; i++)
        take_counts(fixture);
    return stderr_lines_stop(&lines, NULL);
}

static void test_untracked_listeners_are_logged_when_they_begin(void **state)
{
    struct fixture *fixture = *state;
    put_sockets(fixture, TCP_STATE_LISTEN, 1, LISTENERS_CAPACITY);
    assert_int_equal(count_lines_of_counts(fixture, 2), 0);
    put_sockets(fixture, TCP_STATE_LISTEN, 1, LISTENERS_CAPACITY + 1);
    assert_int_equal(count_lines_of_counts(fixture, 3), 1);
    put_sockets(fixture, TCP_STATE_LISTEN, 1, LISTENERS_CAPACITY);
    assert_int_equal(count_lines_of_counts(fixture, 2), 0);
    put_sockets(fixture, TCP_STATE_LISTEN, 1, LISTENERS_CAPACITY + 2);
    assert_int_equal(count_lines_of_counts(fixture, 2), 1);
}

/* The counters say what happened during a dump. */
static void test_the_identity_is_not_checked_without_a_counter(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *netstat, *snmp;
    } lacking[] = {
        {"TcpExt: TW\nTcpExt: 1\n", "Tcp: ActiveOpens PassiveOpens\nTcp: 7 8\n"},
        {"TcpExt: TW TWKilled\nTcpExt: 1 2\n", "Tcp: PassiveOpens\nTcp: 8\n"},
        {"TcpExt: TW TWKilled\nTcpExt: 1 2\n", "Tcp: ActiveOpens\nTcp: 7\n"},
        {"TcpExt: TW TWKilled\nTcpExt: 1 2\n", "Tcp: ActiveOpens PassiveOpens\nTcp: 7 8\n"},
    };
    for (size_t i = 0; i < 4; i++) {
        fake_kernel_write(&fixture->kernel, "thread-self/net/netstat", lacking[i].netstat);
        fake_kernel_write(&fixture->kernel, "thread-self/net/snmp", lacking[i].snmp);
        fake_kernel_write_sockstat(&fixture->kernel, 5); /* five that no dump lists */
        for (int sample = 0; sample < IDENTITY_DISTRUST_AFTER; sample++)
            assert_true(take_detail(fixture));
        assert_int_equal(fixture->host.identity.distrusted, i == 3);
    }
}

static void read_counters(struct fixture *fixture)
{
    host_read_counters(&fixture->host, fixture->kernel.now, &fixture->faults);
}

static void test_each_reading_that_fails_is_counted(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"thread-self/net/snmp", "sys/net/ipv4/tcp_tw_reuse",
                                        "thread-self/net/sockstat"};
    read_counters(fixture);
    const struct snapshot *snapshot = &fixture->host.snapshot;
    assert_true(snapshot->has_counters && snapshot->has_settings && snapshot->has_pressure);
    assert_int_equal(fixture->faults.count[FAULT_PROC_READ], 0);
    for (size_t i = 0; i < 3; i++) {
        fake_kernel_write(&fixture->kernel, names[i], NULL);
        read_counters(fixture);
        assert_int_equal(fixture->faults.count[FAULT_PROC_READ], (i + 1) * (i + 2) / 2);
    }
    assert_true(snapshot->has_counters && snapshot->has_settings);
    assert_int_equal(snapshot->counters.listen_drops, 6);
    assert_int_equal(snapshot->counters.passive_opens, PROCFS_ABSENT);
    assert_int_equal(snapshot->settings.time_wait_limit, 262144);
    assert_int_equal(snapshot->settings.tw_reuse, PROCFS_ABSENT);
    assert_false(snapshot->has_pressure);
}

#define HOST_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOST_TEST(test_with_few_sockets_each_detail_sample_lists_bound_ones),
        HOST_TEST(test_the_identity_is_not_checked_without_a_counter),
        HOST_TEST(test_each_reading_that_fails_is_counted),
        HOST_TEST(test_with_many_sockets_bound_ones_are_listed_once_a_minute),
        HOST_TEST(test_bound_sockets_are_remembered_until_they_are_listed_again),
        HOST_TEST(test_a_remembered_port_that_a_client_holds_is_not_owned),
        HOST_TEST(test_more_bound_sockets_than_are_remembered_are_always_listed),
        HOST_TEST(test_a_failed_list_of_bound_sockets_is_repeated),
        HOST_TEST(test_a_failed_list_is_repeated_even_just_after_the_boot),
        HOST_TEST(test_a_client_holds_its_port_in_each_state_except_syn_recv),
        HOST_TEST(test_a_connection_of_a_listener_holds_no_port),
        HOST_TEST(test_a_port_outside_of_the_range_is_a_servers),
        HOST_TEST(test_udp_sockets_of_both_families_are_rows_and_hold_ports),
        HOST_TEST(test_a_ports_sample_asks_for_clients_in_the_range),
        HOST_TEST(test_a_ports_sample_lists_bound_sockets_like_a_detail_sample),
        HOST_TEST(test_a_ports_sample_derives_the_time_waits_of_servers),
        HOST_TEST(test_a_ports_sample_leaves_details_alone),
        HOST_TEST(test_a_failed_ports_sample_keeps_the_last_numbers),
        HOST_TEST(test_ports_have_a_peak),
        HOST_TEST(test_the_bound_is_the_fullest_destination_and_what_was_opened_since),
        HOST_TEST(test_the_bound_is_no_more_than_there_are_sockets),
        HOST_TEST(test_the_bound_is_absent_without_its_files),
        HOST_TEST(test_the_bound_is_absent_without_destinations),
        HOST_TEST(test_ports_are_needed_when_a_threshold_may_have_been_passed),
        HOST_TEST(test_established_and_time_wait_have_a_history),
        HOST_TEST(test_each_protocol_has_the_history_of_the_scope_that_runs_out),
        HOST_TEST(test_a_snapshot_has_what_the_counters_grew_by),
        HOST_TEST(test_a_snapshot_names_the_host_and_the_window),
        HOST_TEST(test_buckets_keep_their_bounds),
        HOST_TEST(test_a_bound_socket_shows_that_this_kernel_reports_them),
        HOST_TEST(test_a_lasting_fault_is_logged_every_five_minutes),
        HOST_TEST(test_counters_and_settings_are_logged_when_they_fail_and_when_they_work),
        HOST_TEST(test_untracked_listeners_are_logged_when_they_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
