// SPDX-License-Identifier: Apache-2.0
/*
 * A snapshot made by hand, rendered and read back; and the checker of pages, which must refuse bad
 * pages.
 */
#include "sockdiag/exposition.h"

#include "exposition_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const counted_states[] = {
    "established", "syn_sent",   "syn_recv", "fin_wait1", "fin_wait2",
    "time_wait",   "close_wait", "last_ack", "listen",    "closing",
};
enum { COUNTED = sizeof counted_states / sizeof counted_states[0] };

static const double bounds[] = {0, 10};

/* A complete snapshot, and its page. Tests remove parts. */
struct fixture {
    struct listener_row listeners[2];
    struct destination destinations[2];
    struct snapshot snapshot;
    struct self_report self;
    struct buffer page;
};

static struct destination destination(enum ip_family family, const char *local, const char *remote,
                                      uint16_t remote_port, uint32_t ports)
{
    struct destination row = {.family = family, .remote_port = remote_port, .ports = ports};
    int af = family == IP_FAMILY_IPV4 ? AF_INET : AF_INET6;
    inet_pton(af, local, &row.local_address);
    inet_pton(af, remote, &row.remote_address);
    return row;
}

static void fill_ports(struct fixture *f)
{
    f->destinations[0] = destination(IP_FAMILY_IPV4, "192.0.2.1", "198.51.100.7", 443, 55);
    f->destinations[1] = destination(IP_FAMILY_IPV6, "2001:db8::1", "2001:db8::2", 53, 66);
    strcpy(f->destinations[1].interface_name, "eth1");
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        uint64_t base = 1000 * (protocol + 1);
        f->snapshot.ports[protocol] = (struct port_snapshot){
            .present = true,
            .has_destinations = true,
            .summary = {.range = base,
                        .reserved = base + 1,
                        .owned = base + 2,
                        .usable = base + 3,
                        .used = base + 4,
                        .utilization = {0.25, 0.5, 0.75},
                        .preferred_utilization = 0.125,
                        .destinations = base + 5,
                        .destination_error_bound = base + 6},
            .peak_utilization = {0.375, 0.625, 0.875},
            .destinations = &f->destinations[protocol],
            .destination_count = 1,
        };
        for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++)
            f->snapshot.ports[protocol].sampled_utilization[scope] =
                histogram_make(bounds, 2, HISTOGRAM_OF_COUNTS);
    }
}

static int make_whole(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    f->snapshot = (struct snapshot){
        .has_counts = true,
        .queues = f->listeners,
        .queue_count = 2,
        .has_counters = true,
        .counters = {.time_wait_started = 101,
                     .time_wait_reused = 102,
                     .time_wait_overflows = 103,
                     .listen_overflows = 104,
                     .listen_drops = 105,
                     .syn_queue_full_drops = 106,
                     .syn_queue_full_cookies = 107,
                     .syncookies_sent = 108,
                     .syncookies_received = 109,
                     .syncookies_failed = 110,
                     .active_opens = 111,
                     .passive_opens = 112,
                     .failed_attempts = 113,
                     .established_resets = 114,
                     .resets_sent = 115},
        .has_settings = true,
        .settings = {.time_wait_limit = 262144, .tw_reuse = 2},
        .has_pressure = true,
        .pressure = {.memory_bytes = 201,
                     .memory_limit_bytes = {202, 203, 204},
                     .orphans = 205,
                     .orphan_limit = 206},
        .has_detail = true,
        .has_bound_inactive = true,
        .derived_drift = {.established = 7, .time_wait = 8},
        .derived_counts_in_use = true,
        .time_wait = {[TIME_WAIT_SERVER] = 71, [TIME_WAIT_CLIENT] = 72},
        .listeners = f->listeners,
        .listener_count = 2,
        .other_listeners = {.sockets = {[TCP_STATE_LAST_ACK] = 77}},
        .time_wait_collected = true,
        .listeners_collected = true,
        .samples = {[SAMPLE_COUNT] = {.successes = 1}, [SAMPLE_DETAIL] = {.successes = 1}},
        .has_time_wait_roles = true,
    };
    for (size_t i = 0; i < TCP_STATES; i++)
        f->snapshot.sampled_sockets[i] = histogram_make(bounds, 2, HISTOGRAM_OF_COUNTS);
    f->listeners[0] = (struct listener_row){.family = IP_FAMILY_IPV4,
                                            .port = 80,
                                            .queue_length = 1,
                                            .queue_limit = 128,
                                            .queue_peak = 5,
                                            .queues = 7,
                                            .drops = 9,
                                            .sockets = {[TCP_STATE_CLOSE_WAIT] = 33}};
    f->listeners[1] = (struct listener_row){.family = IP_FAMILY_IPV6,
                                            .port = 65535,
                                            .queue_length = 2,
                                            .queue_limit = 4096,
                                            .queue_peak = 6,
                                            .queues = 8,
                                            .drops = UINT64_C(4294967297),
                                            .interface_name = "eth1"};
    inet_pton(AF_INET, "192.0.2.1", &f->listeners[0].address);
    inet_pton(AF_INET6, "2001:db8::1", &f->listeners[1].address);
    fill_ports(f);
    f->self = (struct self_report){.version = "1.2.3",
                                   .revision = "abcdef",
                                   .start_time_seconds = 1767225600.5,
                                   .has_web_config = true,
                                   .web_config_seconds = 1767225600.5,
                                   .log_lines_dropped = 12,
                                   .connections_rejected = 3,
                                   .has_process = true,
                                   .process = {1.25, 1000, 2000, 30, 40},
                                   .requests = {{"/metrics", 200, 9}, {"other", 404, 3}},
                                   .request_count = 2};
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    buffer_free(&f->page);
    free(f);
    return 0;
}

/* Render again; the page must always be valid. */
static void render(struct fixture *f)
{
    char why[256];
    buffer_clear(&f->page);
    exposition_render(&f->page, METRIC_TEXT, &f->snapshot, &f->self);
    assert_false(f->page.failed);
    if (!exposition_is_valid(f->page.data, f->page.length, why, sizeof why))
        fail_msg("%s", why);
}

static void assert_value(const struct fixture *f, const char *series, double expected)
{
    double value = exposition_read(f->page.data, f->page.length, series);
    if (value != expected)
        fail_msg("%s is %g, not %g", series, value, expected);
}

/* The value of metric{label="value"}. */
static void assert_labelled(const struct fixture *f, const char *metric, const char *label,
                            const char *label_value, double expected)
{
    char series[256];
    snprintf(series, sizeof series, "%s{%s=\"%s\"}", metric, label, label_value);
    assert_value(f, series, expected);
}

/* The number of lines that begin with `prefix`. */
static size_t count_lines(const struct fixture *f, const char *prefix)
{
    size_t count = 0, length = strlen(prefix);
    const char *end = f->page.data + f->page.length;
    for (const char *line = f->page.data; line < end; line++) {
        count += (size_t)(end - line) >= length && memcmp(line, prefix, length) == 0;
        line = memchr(line, '\n', (size_t)(end - line));
    }
    return count;
}

/* No samples, HELP or TYPE of any metric whose name begins with `prefix`. */
static void assert_absent(const struct fixture *f, const char *prefix)
{
    char heading[128];
    static const char *const before[] = {"", "# HELP ", "# TYPE "};
    for (size_t i = 0; i < 3; i++) {
        snprintf(heading, sizeof heading, "%s%s", before[i], prefix);
        if (count_lines(f, heading) > 0)
            fail_msg("unexpected: %s", heading);
    }
}

static void test_a_complete_snapshot_is_a_valid_page(void **state)
{
    render(*state);
}

/* Further details are in docs/metrics.md. */
static void test_each_help_is_one_sentence(void **state)
{
    struct fixture *f = *state;
    render(f);
    buffer_append(&f->page, "", 1);
    size_t helps = 0;
    for (char *line = strtok(f->page.data, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, "# HELP ", 7) != 0)
            continue;
        helps++;
        if (line[strlen(line) - 1] != '.' || strstr(line, ". ") || strlen(line) > 240)
            fail_msg("not one short sentence: %s", line);
    }
    assert_int_equal(helps, 64);
}

static void test_an_empty_snapshot_is_a_valid_page(void **state)
{
    struct fixture *f = *state;
    f->snapshot = (struct snapshot){0};
    f->self.has_process = false;
    f->self.request_count = 0;
    render(f);
    assert_absent(f, "sockdiag_tcp_");
    assert_absent(f, "sockdiag_listener_");
}

static void test_all_ten_states_exist_with_zero(void **state)
{
    struct fixture *f = *state;
    render(f);
    for (size_t i = 0; i < COUNTED; i++) {
        assert_labelled(f, "sockdiag_tcp_sockets", "state", counted_states[i], 0);
        assert_labelled(f, "sockdiag_tcp_sockets_peak", "state", counted_states[i], 0);
        assert_labelled(f, "sockdiag_tcp_sampled_sockets_count", "state", counted_states[i], 0);
    }
    assert_int_equal(count_lines(f, "sockdiag_tcp_sockets{"), COUNTED);
    assert_int_equal(count_lines(f, "sockdiag_tcp_sockets_peak{"), COUNTED);
    assert_int_equal(count_lines(f, "sockdiag_tcp_sampled_sockets_count{"), COUNTED);
}

static void test_each_state_has_its_own_numbers(void **state)
{
    struct fixture *f = *state;
    for (enum tcp_state s = 0; s < TCP_STATES; s++) {
        f->snapshot.sockets[s] = 1000 + s;
        f->snapshot.peak_sockets[s] = 2000 + s;
        for (unsigned i = 0; i <= s; i++)
            histogram_observe(&f->snapshot.sampled_sockets[s], 5);
    }
    render(f);
    for (enum tcp_state s = 0; s < TCP_STATES; s++) {
        if (s == TCP_STATE_BOUND_INACTIVE)
            continue;
        const char *name = tcp_state_name(s);
        assert_labelled(f, "sockdiag_tcp_sockets", "state", name, 1000 + s);
        assert_labelled(f, "sockdiag_tcp_sockets_peak", "state", name, 2000 + s);
        assert_labelled(f, "sockdiag_tcp_sampled_sockets_count", "state", name, s + 1);
        assert_labelled(f, "sockdiag_tcp_sampled_sockets_sum", "state", name, 5.0 * (s + 1));
    }
    assert_value(f, "sockdiag_tcp_sampled_sockets_bucket{state=\"listen\",le=\"0\"}", 0);
    assert_value(f, "sockdiag_tcp_sampled_sockets_bucket{state=\"listen\",le=\"10\"}",
                 TCP_STATE_LISTEN + 1);
}

static void test_each_family_and_state_has_its_own_number(void **state)
{
    struct fixture *f = *state;
    for (enum ip_family family = 0; family < IP_FAMILIES; family++) {
        for (enum tcp_state s = 0; s < TCP_STATES; s++)
            f->snapshot.detail.sockets[family][s] = 100 * (family + 1) + s;
    }
    render(f);
    for (enum ip_family family = 0; family < IP_FAMILIES; family++) {
        for (enum tcp_state s = 0; s < TCP_STATES; s++) {
            char series[128];
            snprintf(series, sizeof series,
                     "sockdiag_tcp_family_sockets{family=\"%s\",state=\"%s\"}",
                     ip_family_name(family), tcp_state_name(s));
            assert_value(f, series, 100 * (family + 1) + s);
        }
    }
}

static void test_counters_and_settings_have_their_own_numbers(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_value(f, "sockdiag_tcp_time_wait_started_total", 101);
    assert_value(f, "sockdiag_tcp_time_wait_reused_total", 102);
    assert_value(f, "sockdiag_tcp_time_wait_overflows_total", 103);
    assert_value(f, "sockdiag_tcp_listen_overflows_total", 104);
    assert_value(f, "sockdiag_tcp_listen_drops_total", 105);
    assert_value(f, "sockdiag_tcp_time_wait_limit", 262144);
    assert_value(f, "sockdiag_tcp_tw_reuse", 2);
    assert_labelled(f, "sockdiag_tcp_syn_queue_full_total", "action", "drop", 106);
    assert_labelled(f, "sockdiag_tcp_syn_queue_full_total", "action", "cookie", 107);
    assert_labelled(f, "sockdiag_tcp_syncookies_total", "event", "sent", 108);
    assert_labelled(f, "sockdiag_tcp_syncookies_total", "event", "received", 109);
    assert_labelled(f, "sockdiag_tcp_syncookies_total", "event", "failed", 110);
    assert_labelled(f, "sockdiag_tcp_opens_total", "direction", "active", 111);
    assert_labelled(f, "sockdiag_tcp_opens_total", "direction", "passive", 112);
    assert_value(f, "sockdiag_tcp_failed_attempts_total", 113);
    assert_value(f, "sockdiag_tcp_established_resets_total", 114);
    assert_value(f, "sockdiag_tcp_resets_sent_total", 115);
    assert_value(f, "sockdiag_tcp_memory_bytes", 201);
    assert_labelled(f, "sockdiag_tcp_memory_limit_bytes", "level", "low", 202);
    assert_labelled(f, "sockdiag_tcp_memory_limit_bytes", "level", "pressure", 203);
    assert_labelled(f, "sockdiag_tcp_memory_limit_bytes", "level", "high", 204);
    assert_value(f, "sockdiag_tcp_orphan_sockets", 205);
    assert_value(f, "sockdiag_tcp_orphan_limit", 206);
}

static size_t count_samples(const struct fixture *f)
{
    size_t lines = 0;
    for (size_t i = 0; i < f->page.length; i++)
        lines += f->page.data[i] == '\n';
    return lines - count_lines(f, "#");
}

/* Each of the `count` numbers can be absent, and takes only its own series with it. */
static void assert_absent_alone(struct fixture *f, void *numbers, size_t size)
{
    uint64_t *values = numbers;
    render(f);
    size_t all = count_samples(f);
    for (size_t i = 0; i < size / sizeof *values; i++) {
        uint64_t value = values[i];
        values[i] = PROCFS_ABSENT;
        render(f);
        assert_int_equal(count_samples(f), all - 1);
        assert_null(memmem(f->page.data, f->page.length, " 18446744073709551615\n", 22));
        values[i] = value;
    }
}

static void test_a_number_that_is_absent_takes_no_other_with_it(void **state)
{
    struct fixture *f = *state;
    assert_absent_alone(f, &f->snapshot.counters, sizeof f->snapshot.counters);
    assert_absent_alone(f, &f->snapshot.settings, sizeof f->snapshot.settings);
    assert_absent_alone(f, &f->snapshot.pressure, sizeof f->snapshot.pressure);
}

static void test_no_limit_of_time_wait_is_no_series(void **state)
{
    struct fixture *f = *state;
    f->snapshot.settings.time_wait_limit = PROCFS_UNLIMITED;
    render(f);
    assert_absent(f, "sockdiag_tcp_time_wait_limit");
    assert_value(f, "sockdiag_tcp_tw_reuse", 2);
}

static void test_fin_wait2_has_two_owners(void **state)
{
    struct fixture *f = *state;
    f->snapshot.sockets[TCP_STATE_FIN_WAIT2] = 50;
    f->snapshot.fin_wait2_minisockets = 20;
    render(f);
    assert_labelled(f, "sockdiag_tcp_fin_wait2_sockets", "owner", "process", 30);
    assert_labelled(f, "sockdiag_tcp_fin_wait2_sockets", "owner", "kernel", 20);
    f->snapshot.has_counts = false;
    render(f);
    assert_absent(f, "sockdiag_tcp_fin_wait2_sockets");
}

static void test_owners_of_ports_are_those_of_tcp(void **state)
{
    struct fixture *f = *state;
    static const char listeners[] = "sockdiag_ephemeral_ports_unreserved_listeners";
    static const char bound[] = "sockdiag_ephemeral_ports_bound_before_connect_estimate";
    struct port_snapshot *tcp = &f->snapshot.ports[SOCKET_TCP];
    f->snapshot.ports[SOCKET_UDP].summary.has_bound_before_connect = true;
    render(f);
    assert_int_equal(count_lines(f, "sockdiag_ephemeral_ports_unreserved_listeners{"), 1);
    assert_absent(f, bound); /* not known: not 0 */

    tcp->summary.unreserved_listeners = 3;
    tcp->summary.has_bound_before_connect = true;
    tcp->summary.bound_before_connect = 4;
    render(f);
    assert_labelled(f, listeners, "protocol", "tcp", 3);
    assert_labelled(f, bound, "protocol", "tcp", 4);
    tcp->present = false;
    render(f);
    assert_absent(f, listeners);
    assert_absent(f, bound);
}

static void test_queues_have_their_addresses_and_numbers(void **state)
{
    struct fixture *f = *state;
    render(f);
#define IPV4 "{local_address=\"192.0.2.1\",local_port=\"80\",local_interface=\"\"}"
#define IPV6 "{local_address=\"2001:db8::1\",local_port=\"65535\",local_interface=\"eth1\"}"
    assert_value(f, "sockdiag_listener_accept_queue_length" IPV4, 1);
    assert_value(f, "sockdiag_listener_accept_queue_length" IPV6, 2);
    assert_value(f, "sockdiag_listener_accept_queue_limit" IPV4, 128);
    assert_value(f, "sockdiag_listener_accept_queue_limit" IPV6, 4096);
    assert_value(f, "sockdiag_listener_accept_queue_peak" IPV4, 5);
    assert_value(f, "sockdiag_listener_accept_queue_peak" IPV6, 6);
    assert_value(f, "sockdiag_listener_accept_queues" IPV4, 7);
    assert_value(f, "sockdiag_listener_accept_queues" IPV6, 8);
    assert_value(f, "sockdiag_listener_drops_total" IPV4, 9);
    assert_value(f, "sockdiag_listener_drops_total" IPV6, 4294967297);
}

static void test_listeners_have_their_connections_and_the_others_a_sum(void **state)
{
    struct fixture *f = *state;
    render(f);
#define LISTENER "sockdiag_listener_sockets{local_address="
    assert_value(
        f, LISTENER "\"192.0.2.1\",local_port=\"80\",local_interface=\"\",state=\"close_wait\"}",
        33);
    assert_value(
        f, LISTENER "\"192.0.2.1\",local_port=\"80\",local_interface=\"\",state=\"last_ack\"}", 0);
    assert_value(
        f,
        LISTENER
        "\"2001:db8::1\",local_port=\"65535\",local_interface=\"eth1\",state=\"close_wait\"}",
        0);
    assert_value(
        f, LISTENER "\"other\",local_port=\"other\",local_interface=\"\",state=\"last_ack\"}", 77);
    /* A connection is in any of the ten states but listen. */
    assert_int_equal(count_lines(f, "sockdiag_listener_sockets{"), 3 * (COUNTED - 1));
    assert_int_equal(count_lines(f, LISTENER "\"other\","), COUNTED - 1);
}

static void test_time_wait_has_its_roles(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_labelled(f, "sockdiag_tcp_time_wait_sockets", "role", "server", 71);
    assert_labelled(f, "sockdiag_tcp_time_wait_sockets", "role", "client", 72);
}

static void test_ports_have_their_own_numbers(void **state)
{
    struct fixture *f = *state;
    render(f);
#define PORTS "sockdiag_ephemeral_ports_"
    static const char *const protocols[] = {"tcp", "udp"};
    for (int i = 0; i < 2; i++) {
        double base = 1000 * (i + 1);
        assert_labelled(f, PORTS "range", "protocol", protocols[i], base);
        assert_labelled(f, PORTS "reserved", "protocol", protocols[i], base + 1);
        assert_labelled(f, PORTS "owned", "protocol", protocols[i], base + 2);
        assert_labelled(f, PORTS "usable", "protocol", protocols[i], base + 3);
        assert_labelled(f, PORTS "used", "protocol", protocols[i], base + 4);
        assert_labelled(f, "sockdiag_destinations", "protocol", protocols[i], base + 5);
        assert_labelled(f, "sockdiag_destination_count_error_bound", "protocol", protocols[i],
                        base + 6);
    }
}

static void test_utilization_has_its_scopes(void **state)
{
    struct fixture *f = *state;
    histogram_observe(&f->snapshot.ports[SOCKET_UDP].sampled_utilization[PORT_SCOPE_HOST], 5);
    render(f);
#define UTILIZATION "sockdiag_ephemeral_port_utilization_ratio{protocol="
    assert_value(f, UTILIZATION "\"tcp\",scope=\"destination\"}", 0.25);
    assert_value(f, UTILIZATION "\"tcp\",scope=\"local_address\"}", 0.5);
    assert_value(f, UTILIZATION "\"udp\",scope=\"host\"}", 0.75);
#define SAMPLED "sockdiag_ephemeral_port_sampled_utilization_ratio_count{protocol="
    assert_value(f, SAMPLED "\"udp\",scope=\"host\"}", 1);
    assert_value(f, SAMPLED "\"tcp\",scope=\"host\"}", 0);
    assert_int_equal(count_lines(f, UTILIZATION), 2 * PORT_SCOPES);
    assert_int_equal(count_lines(f, SAMPLED), 2 * PORT_SCOPES);
#define PEAK "sockdiag_ephemeral_port_peak_utilization_ratio{protocol="
    assert_value(f, PEAK "\"tcp\",scope=\"destination\"}", 0.375);
    assert_value(f, PEAK "\"udp\",scope=\"host\"}", 0.875);
    assert_int_equal(count_lines(f, PEAK), 2 * PORT_SCOPES);
    /* Parity only matters for TCP's connect(). */
#define PREFERRED "sockdiag_ephemeral_port_preferred_utilization_ratio"
    assert_labelled(f, PREFERRED, "protocol", "tcp", 0.125);
    assert_int_equal(count_lines(f, PREFERRED "{"), 1);
}

static void test_the_bound_is_of_tcp_alone(void **state)
{
    struct fixture *f = *state;
#define BOUND "sockdiag_ephemeral_port_utilization_bound_ratio"
    render(f);
    assert_absent(f, BOUND);
    f->snapshot.has_bound = true;
    f->snapshot.bound_utilization = 0.6875;
    render(f);
    assert_labelled(f, BOUND, "protocol", "tcp", 0.6875);
    assert_int_equal(count_lines(f, BOUND "{"), 1);
}

static void test_destinations_have_their_ends(void **state)
{
    struct fixture *f = *state;
    render(f);
#define DESTINATION "sockdiag_destination_ephemeral_ports_used{protocol="
    assert_value(f,
                 DESTINATION "\"tcp\",local_address=\"192.0.2.1\",local_interface=\"\","
                             "remote_address=\"198.51.100.7\",remote_port=\"443\"}",
                 55);
    assert_value(f,
                 DESTINATION "\"udp\",local_address=\"2001:db8::1\",local_interface=\"eth1\","
                             "remote_address=\"2001:db8::2\",remote_port=\"53\"}",
                 66);
}

static void test_without_destinations_their_scope_vanishes(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < SOCKET_PROTOCOLS; i++) {
        f->snapshot.ports[i].has_destinations = false;
        f->snapshot.ports[i].destination_count = 0;
    }
    render(f);
    assert_absent(f, "sockdiag_destination");
    assert_absent(f, PREFERRED);
    assert_int_equal(count_lines(f, UTILIZATION), 2 * (PORT_SCOPES - 1));
    assert_int_equal(count_lines(f, SAMPLED), 2 * (PORT_SCOPES - 1));
    assert_null(memmem(f->page.data, f->page.length, "\"destination\"", 13));
    assert_labelled(f, PORTS "used", "protocol", "tcp", 1004);
}

static void test_a_protocol_without_ports_vanishes(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_UDP].present = false;
    render(f);
    assert_null(memmem(f->page.data, f->page.length, "\"udp\"", 5));
    assert_labelled(f, PORTS "used", "protocol", "tcp", 1004);
    f->snapshot.ports[SOCKET_TCP].present = false;
    render(f);
    assert_absent(f, "sockdiag_ephemeral_");
    assert_absent(f, "sockdiag_destination");
}

static void test_wildcards_of_both_families_are_two_series(void **state)
{
    struct fixture *f = *state;
    memset(&f->listeners[0].address, 0, sizeof f->listeners[0].address);
    memset(&f->listeners[1].address, 0, sizeof f->listeners[1].address);
    f->listeners[1].port = 80;
    render(f);
    assert_value(f,
                 "sockdiag_listener_accept_queue_length{local_address=\"0.0.0.0\",local_port="
                 "\"80\",local_interface=\"\"}",
                 1);
    assert_value(f,
                 "sockdiag_listener_accept_queue_length{local_address=\"::\",local_port=\"80\","
                 "local_interface=\"eth1\"}",
                 2);
}

static void test_each_sample_has_its_own_report(void **state)
{
    struct fixture *f = *state;
    f->snapshot.samples[SAMPLE_COUNT] = (struct sample_report){11, 12, 13.5, 14.5, 15.5, 16, 17.5};
    f->snapshot.samples[SAMPLE_DETAIL] = (struct sample_report){21, 22, 23.5, 24.5, 25.5, 26, 27.5};
    render(f);
    static const char *const kinds[] = {"count", "detail"};
    for (int i = 0; i < 2; i++) {
        double base = 10 * (i + 1);
#define EXPORTER "sockdiag_exporter_"
        assert_labelled(f, EXPORTER "samples_total", "sample", kinds[i], 2 * base + 3);
        assert_labelled(f, EXPORTER "sample_failures_total", "sample", kinds[i], base + 2);
        assert_labelled(f, EXPORTER "sample_cpu_seconds_total", "sample", kinds[i], base + 3.5);
        assert_labelled(f, EXPORTER "sample_duration_seconds", "sample", kinds[i], base + 4.5);
        assert_labelled(f, EXPORTER "sample_interval_seconds", "sample", kinds[i], base + 5.5);
        assert_labelled(f, EXPORTER "sample_sockets", "sample", kinds[i], base + 6);
        assert_labelled(f, EXPORTER "last_sample_timestamp_seconds", "sample", kinds[i],
                        base + 7.5);
    }
}

static void test_a_sample_without_a_success_has_no_timestamp(void **state)
{
    struct fixture *f = *state;
    f->snapshot.samples[SAMPLE_COUNT] = (struct sample_report){.failures = 3};
    f->snapshot.samples[SAMPLE_DETAIL] = (struct sample_report){.successes = 1, .last_success = 27};
    render(f);
#define TIMESTAMP EXPORTER "last_sample_timestamp_seconds"
    assert_labelled(f, TIMESTAMP, "sample", "detail", 27);
    assert_int_equal(count_lines(f, TIMESTAMP "{"), 1);
}

static void test_every_reason_of_errors_exists(void **state)
{
    struct fixture *f = *state;
    for (enum fault_reason reason = 0; reason < FAULT_REASONS; reason++) {
        f->snapshot.errors[reason] = 50 + reason;
        f->self.process_errors[reason] = 100;
    }
    render(f);
    for (enum fault_reason reason = 0; reason < FAULT_REASONS; reason++)
        assert_labelled(f, "sockdiag_exporter_errors_total", "reason", fault_reason_name(reason),
                        150 + reason);
}

static void test_the_exporter_reports_on_itself(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_value(f, "sockdiag_exporter_build_info{version=\"1.2.3\",revision=\"abcdef\"}", 1);
    assert_value(f, "sockdiag_exporter_derived_counts", 1);
    assert_labelled(f, "sockdiag_exporter_derived_drift_sockets", "state", "established", 7);
    assert_labelled(f, "sockdiag_exporter_derived_drift_sockets", "state", "time_wait", 8);
    assert_value(f, "sockdiag_exporter_http_requests_total{handler=\"/metrics\",code=\"200\"}", 9);
    assert_value(f, "sockdiag_exporter_http_requests_total{handler=\"other\",code=\"404\"}", 3);
    assert_value(f, "sockdiag_exporter_http_connections_rejected_total", 3);
    assert_value(f, "sockdiag_exporter_log_lines_dropped_total", 12);
    assert_value(f, "process_cpu_seconds_total", 1.25);
    assert_value(f, "process_resident_memory_bytes", 1000);
    assert_value(f, "process_virtual_memory_bytes", 2000);
    assert_value(f, "process_open_fds", 30);
    assert_value(f, "process_max_fds", 40);
    assert_value(f, "process_start_time_seconds", 1767225600.5);
    f->snapshot.derived_counts_in_use = false;
    render(f);
    assert_value(f, "sockdiag_exporter_derived_counts", 0);
}

static void test_without_counts_their_series_vanish(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_counts = false;
    render(f);
    assert_absent(f, "sockdiag_tcp_sockets");
    assert_absent(f, "sockdiag_tcp_sampled_sockets");
    assert_value(f, "sockdiag_tcp_time_wait_limit", 262144);
    assert_labelled(f, "sockdiag_exporter_samples_total", "sample", "count", 1);
}

static void test_without_counts_there_are_no_queues(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_counts = false; /* the queues also come from the count sample */
    render(f);
    assert_absent(f, "sockdiag_listener_accept_queue");
    assert_absent(f, "sockdiag_listener_drops");
    assert_int_equal(count_lines(f, "sockdiag_listener_sockets{"), 3 * (COUNTED - 1));
}

static void test_without_detail_its_series_vanish(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_detail = false;
    render(f);
    assert_absent(f, "sockdiag_tcp_family_sockets");
    assert_absent(f, "sockdiag_exporter_derived_drift_sockets");
    assert_absent(f, "sockdiag_listener_sockets");
    assert_labelled(f, "sockdiag_tcp_time_wait_sockets", "role", "client", 72);
    assert_labelled(f, "sockdiag_tcp_sockets", "state", "listen", 0);
}

static void test_without_the_roles_of_time_wait_their_series_vanish(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_time_wait_roles = false;
    render(f);
    assert_absent(f, "sockdiag_tcp_time_wait_sockets");
    assert_value(f, "sockdiag_destinations{protocol=\"tcp\"}", 1005);
}

static void test_a_kernel_without_bound_inactive_has_no_such_series(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_int_equal(count_lines(f, "sockdiag_tcp_family_sockets{"), 2 * (COUNTED + 1));
    f->snapshot.has_bound_inactive = false;
    render(f);
    assert_int_equal(count_lines(f, "sockdiag_tcp_family_sockets{"), 2 * COUNTED);
    assert_null(memmem(f->page.data, f->page.length, "\"bound_inactive\"", 16));
}

static void test_without_counters_or_settings_their_series_vanish(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_counters = false;
    render(f);
    assert_absent(f, "sockdiag_tcp_time_wait_started");
    assert_absent(f, "sockdiag_tcp_time_wait_reused");
    assert_absent(f, "sockdiag_tcp_time_wait_overflows");
    assert_absent(f, "sockdiag_tcp_listen_");
    assert_absent(f, "sockdiag_tcp_syn");
    assert_absent(f, "sockdiag_tcp_opens");
    assert_value(f, "sockdiag_tcp_time_wait_limit", 262144);

    f->snapshot.has_counters = true;
    f->snapshot.has_settings = false;
    render(f);
    assert_absent(f, "sockdiag_tcp_time_wait_limit");
    assert_absent(f, "sockdiag_tcp_tw_reuse");
    assert_value(f, "sockdiag_tcp_time_wait_started_total", 101);

    f->snapshot.has_pressure = false;
    render(f);
    assert_absent(f, "sockdiag_tcp_memory");
    assert_absent(f, "sockdiag_tcp_orphan");
}

static void test_without_time_wait_only_its_own_series_vanish(void **state)
{
    struct fixture *f = *state;
    f->snapshot.time_wait_collected = false;
    render(f);
    assert_absent(f, "sockdiag_tcp_time_wait_");
    assert_absent(f, "sockdiag_tcp_tw_reuse");
    assert_value(f, "sockdiag_tcp_listen_drops_total", 105);
    assert_labelled(f, "sockdiag_tcp_sockets", "state", "time_wait", 0);
}

static void test_without_listeners_their_series_vanish(void **state)
{
    struct fixture *f = *state;
    f->snapshot.listeners_collected = false;
    f->snapshot.queue_count = 0;
    f->snapshot.listener_count = 0;
    render(f);
    assert_absent(f, "sockdiag_listener_");
}

static void test_without_named_listeners_the_sum_stays(void **state)
{
    struct fixture *f = *state;
    f->snapshot.listeners = NULL;
    f->snapshot.listener_count = 0;
    render(f);
    assert_value(
        f, LISTENER "\"other\",local_port=\"other\",local_interface=\"\",state=\"last_ack\"}", 77);
    assert_int_equal(count_lines(f, LISTENER), COUNTED - 1);
}

static void test_a_refused_web_configuration_is_reported(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_value(f, "sockdiag_exporter_web_config_last_reload_successful", 1);
    f->self.web_config_refused = true;
    render(f);
    assert_value(f, "sockdiag_exporter_web_config_last_reload_successful", 0);
    assert_value(f, "sockdiag_exporter_web_config_last_reload_success_timestamp_seconds",
                 1767225600.5);
    f->self.has_web_config = false;
    render(f);
    assert_absent(f, "sockdiag_exporter_web_config");
}

static void test_without_process_and_requests_their_series_vanish(void **state)
{
    struct fixture *f = *state;
    f->self.has_process = false;
    f->self.request_count = 0;
    render(f);
    assert_absent(f, "process_");
    assert_absent(f, "sockdiag_exporter_http_requests");
    assert_value(f, "sockdiag_exporter_derived_counts", 1);
}

static void test_whole_numbers_are_not_rounded(void **state)
{
    struct fixture *f = *state;
    f->snapshot.sockets[TCP_STATE_LISTEN] = UINT64_MAX;
    f->snapshot.counters.listen_drops = UINT64_C(9007199254740993);
    render(f);
    assert_int_equal(
        count_lines(f, "sockdiag_tcp_sockets{state=\"listen\"} 18446744073709551615\n"), 1);
    assert_int_equal(count_lines(f, "sockdiag_tcp_listen_drops_total 9007199254740993\n"), 1);
}

/* Of the kernel's counters it is not known. */
static void test_protobuf_says_since_when_the_exporter_counts(void **state)
{
    struct fixture *f = *state;
    static const char start[] = "\x08\x80\xf2\xd6\xca\x06\x10\x80\xca\xb5\xee\x01";
    size_t found = 0;
    exposition_render(&f->page, METRIC_PROTOBUF, &f->snapshot, &f->self);
    const char *end = f->page.data + f->page.length;
    for (const char *at = f->page.data; (at = memmem(at, (size_t)(end - at), start, 12)); at++)
        found++;
    /* samples, failures and CPU by kind, errors, log lines, connections, requests, CPU of the
     * process, drops of listeners; histograms */
    assert_int_equal(found, 3 * SAMPLE_KINDS + FAULT_REASONS + 2 + 2 + 1 + 2 + COUNTED +
                                (int)SOCKET_PROTOCOLS * PORT_SCOPES);
}

static void test_odd_strings_leave_the_page_sound(void **state)
{
    struct fixture *f = *state;
    f->self.version = "1.0 \"best\"\\\n{},=";
    f->self.revision = "";
    f->self.requests[0].handler = "/mütrics\n";
    render(f);
    assert_int_equal(count_lines(f, "sockdiag_exporter_build_info{"), 1);
}

static void test_the_page_is_appended(void **state)
{
    struct fixture *f = *state;
    render(f);
    size_t length = f->page.length;
    exposition_render(&f->page, METRIC_TEXT, &f->snapshot, &f->self);
    assert_int_equal(f->page.length, 2 * length);
    assert_memory_equal(f->page.data, f->page.data + length, length);
}

static void test_out_of_memory_marks_the_buffer(void **state)
{
    struct fixture *f = *state;
    struct buffer full = {.length = SIZE_MAX / 2 + 1, .capacity = SIZE_MAX / 2 + 1};
    exposition_render(&full, METRIC_TEXT, &f->snapshot, &f->self);
    assert_true(full.failed);
}

/* Pages that the checker must refuse, each with one fault. */
#define G "# HELP g Text.\n# TYPE g gauge\n"
#define C "# HELP c_total Text.\n# TYPE c_total counter\n"
#define H "# HELP h Text.\n# TYPE h histogram\n"

static void test_the_checker_accepts_valid_pages(void **state)
{
    (void)state;
    static const char *const pages[] = {
        G "g 1\n",
        G "g NaN\n",
        G "g{a=\"\"} -1.5e-3\ng{a=\"\\\\ \\n \\\" ü\"} +Inf\n",
        G "g{a=\"1\",b=\"2\"} 1\ng{b=\"1\",a=\"2\"} 1\n",
        C "c_total 18446744073709551615\n" G "g 0\n",
        H "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
        H "h_bucket{a=\"1\",le=\"+Inf\"} 0\nh_sum{a=\"1\"} 0\nh_count{a=\"1\"} 0\n"
          "h_bucket{a=\"2\",le=\"+Inf\"} 0\nh_sum{a=\"2\"} 0\nh_count{a=\"2\"} 0\n",
    };
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        char why[256];
        if (!exposition_is_valid(pages[i], strlen(pages[i]), why, sizeof why))
            fail_msg("%s in: %s", why, pages[i]);
    }
}

static void test_the_checker_refuses_bad_pages(void **state)
{
    (void)state;
    static const char *const pages[] = {
        "",
        "\n",
        G "g 1",
        G "g 1\ng{a=\"1\"} 2",
        G "g 1\n\n",
        G "# a comment\ng 1\n",
        /* headings */
        "g 1\n",
        "# TYPE g gauge\ng 1\n",
        "# HELP g Text.\ng 1\n",
        "# HELP g\n# TYPE g gauge\ng 1\n",
        "# HELP g \\t\n# TYPE g gauge\ng 1\n",
        "# HELP g Text.\n# TYPE other gauge\ng 1\n",
        "# HELP g Text.\n# TYPE g gouge\ng 1\n",
        "# HELP g Text.\n# TYPE g gauge\n# TYPE g gauge\ng 1\n",
        "# HELP 1g Text.\n# TYPE 1g gauge\n1g 1\n",
        G,
        G C "c_total 1\n",
        G "g 1\n" C "c_total 1\n" G "g{a=\"1\"} 2\n",
        G "g{a=\"1\"} 1\n" C "c_total 1\ng{a=\"2\"} 2\n",
        G "g_more 1\n",
        "# HELP c Text.\n# TYPE c counter\nc 1\n",
        "# HELP g_total Text.\n# TYPE g_total gauge\ng_total 1\n",
        /* labels */
        G "g{a=1} 1\n",
        G "g{a=\"1} 1\n",
        G "g{a=\"\\t\"} 1\n",
        G "g{a=\"\\\"} 1\n",
        G "g{a-b=\"1\"} 1\n",
        G "g{1a=\"1\"} 1\n",
        G "g{=\"1\"} 1\n",
        G "g{a=\"1\",} 1\n",
        G "g{a=\"1\"b=\"2\"} 1\n",
        G "g{a=\"1\" 1\n",
        G "g{a=\"1\",b=\"1\",a=\"2\"} 1\n",
        G "g{a=\"\xff\"} 1\n",
        G "g{le=\"1\"} 1\n",
        /* values */
        G "g\n",
        G "g \n",
        G "g  1\n",
        G "g 1 \n",
        G "g 1 1767225600000\n",
        G "g 0x1\n",
        G "g inf\n",
        G "g 1,5\n",
        C "c_total -1\n",
        C "c_total NaN\n",
        /* duplicate series */
        G "g 1\ng 1\n",
        G "g{a=\"1\"} 1\ng{a=\"2\"} 1\ng{a=\"1\"} 2\n",
        G "g{a=\"1\",b=\"2\"} 1\ng{b=\"2\",a=\"1\"} 1\n",
        /* histograms */
        H "h_sum 0\nh_count 0\n",
        H "h_bucket{le=\"1\"} 1\nh_sum 0\nh_count 1\n",
        H "h_bucket{le=\"+Inf\"} 1\nh_count 1\n",
        H "h_bucket{le=\"+Inf\"} 1\nh_sum 0\n",
        H "h_bucket{le=\"+Inf\"} 1\nh_sum 0\nh_count 2\n",
        H
        "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 0\nh_count 1\n",
        H "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 0\nh_count 1\n",
        H "h_bucket{le=\"x\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 0\nh_count 1\n",
        H "h_bucket{le=\"NaN\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 0\nh_count 1\n",
        H "h_bucket 1\nh_sum 0\nh_count 1\n",
        H "h_bucket{a=\"1\",le=\"+Inf\"} 0\nh_sum{a=\"2\"} 0\nh_count{a=\"1\"} 0\n",
        H "h 1\n",
    };
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        char why[256] = "";
        if (exposition_is_valid(pages[i], strlen(pages[i]), why, sizeof why))
            fail_msg("accepted: %s", pages[i]);
        assert_int_equal(strncmp(why, "line ", 5), 0);
    }
}

static void test_the_checker_finds_values_by_the_whole_series(void **state)
{
    (void)state;
    static const char page[] = G "g{a=\"1\"} 5\n" C "c_total 6\n";
    size_t length = strlen(page);
    double value;
    assert_true(exposition_value(page, length, "g{a=\"1\"}", &value) && value == 5);
    assert_true(exposition_value(page, length, "c_total", &value) && value == 6);
    assert_false(exposition_value(page, length, "g", &value));
    assert_false(exposition_value(page, length, "total", &value));
    assert_false(exposition_value(page, length, "c_total 6", &value));
    assert_false(exposition_value(page, length, "# HELP", &value));
    assert_false(exposition_value(page, length - 2, "c_total", &value)); /* truncated */
}

#define whole(test) cmocka_unit_test_setup_teardown(test, make_whole, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        whole(test_a_complete_snapshot_is_a_valid_page),
        whole(test_each_help_is_one_sentence),
        whole(test_an_empty_snapshot_is_a_valid_page),
        whole(test_all_ten_states_exist_with_zero),
        whole(test_each_state_has_its_own_numbers),
        whole(test_each_family_and_state_has_its_own_number),
        whole(test_counters_and_settings_have_their_own_numbers),
        whole(test_a_number_that_is_absent_takes_no_other_with_it),
        whole(test_no_limit_of_time_wait_is_no_series),
        whole(test_fin_wait2_has_two_owners),
        whole(test_owners_of_ports_are_those_of_tcp),
        whole(test_queues_have_their_addresses_and_numbers),
        whole(test_listeners_have_their_connections_and_the_others_a_sum),
        whole(test_time_wait_has_its_roles),
        whole(test_ports_have_their_own_numbers),
        whole(test_utilization_has_its_scopes),
        whole(test_the_bound_is_of_tcp_alone),
        whole(test_destinations_have_their_ends),
        whole(test_without_destinations_their_scope_vanishes),
        whole(test_a_protocol_without_ports_vanishes),
        whole(test_wildcards_of_both_families_are_two_series),
        whole(test_each_sample_has_its_own_report),
        whole(test_a_sample_without_a_success_has_no_timestamp),
        whole(test_every_reason_of_errors_exists),
        whole(test_the_exporter_reports_on_itself),
        whole(test_without_counts_their_series_vanish),
        whole(test_without_counts_there_are_no_queues),
        whole(test_without_detail_its_series_vanish),
        whole(test_without_the_roles_of_time_wait_their_series_vanish),
        whole(test_a_kernel_without_bound_inactive_has_no_such_series),
        whole(test_without_counters_or_settings_their_series_vanish),
        whole(test_without_time_wait_only_its_own_series_vanish),
        whole(test_without_listeners_their_series_vanish),
        whole(test_without_named_listeners_the_sum_stays),
        whole(test_a_refused_web_configuration_is_reported),
        whole(test_without_process_and_requests_their_series_vanish),
        whole(test_whole_numbers_are_not_rounded),
        whole(test_protobuf_says_since_when_the_exporter_counts),
        whole(test_odd_strings_leave_the_page_sound),
        whole(test_the_page_is_appended),
        whole(test_out_of_memory_marks_the_buffer),
        cmocka_unit_test(test_the_checker_accepts_valid_pages),
        cmocka_unit_test(test_the_checker_refuses_bad_pages),
        cmocka_unit_test(test_the_checker_finds_values_by_the_whole_series),
    };
    return cmocka_run_group_tests_name("exposition", tests, NULL, NULL);
}
