// SPDX-License-Identifier: Apache-2.0
/*
 * UDP and UNIX sockets in the sampler and on the page: a kernel without a module for one of them
 * loses only its series, with one line in the log.
 */
#include "exposition_check.h"
#include "fake_kernel.h"
#include "sample/host.h"
#include "sockdiag/exposition.h"
#include "stderr_lines.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND NANOSECONDS_PER_SECOND

static const struct sampler_options everything = {
    .interval = SECOND,
    .detail_interval = 5 * SECOND,
    .cpu_share = 0.02,
    .peak_window = 60 * SECOND,
    .collect_ports = true,
    .udp_top = 2,
    .unix_top = 2,
    .collect_udp = true,
    .collect_unix = true,
};

struct fixture {
    struct fake_kernel kernel;
    struct sampler *sampler;
    struct snapshot *last; /* a copy */
    struct buffer page;
};

static void keep(void *context, const struct snapshot *snapshot)
{
    struct fixture *fixture = context;
    const struct self_report self = {.version = "1", .revision = "2", .telemetry_path = "/metrics"};
    char why[256];
    free(fixture->last);
    fixture->last = snapshot_copy(snapshot);
    assert_non_null(fixture->last);
    buffer_clear(&fixture->page);
    exposition_render(&fixture->page, METRIC_TEXT, fixture->last, &self);
    if (!exposition_is_valid(fixture->page.data, fixture->page.length, why, sizeof why))
        fail_msg("%s", why);
}

static void replace_sampler(struct fixture *fixture, const struct sampler_options *options)
{
    sampler_destroy(fixture->sampler);
    fixture->sampler =
        sampler_create(options, &fixture->kernel.access, &fixture->kernel.clock, keep, fixture);
    assert_non_null(fixture->sampler);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    if (!fixture)
        return -1;
    fake_kernel_init(&fixture->kernel, 1000 * SECOND);
    fixture->kernel.udp_sockets = 20;
    replace_sampler(fixture, &everything);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    sampler_destroy(fixture->sampler);
    fake_kernel_release(&fixture->kernel);
    free(fixture->last);
    buffer_free(&fixture->page);
    free(fixture);
    return 0;
}

static void run_for(struct fixture *fixture, int64_t time)
{
    int64_t end = fixture->kernel.now + time;
    while (fixture->kernel.now < end)
        fixture->kernel.now = sampler_step(fixture->sampler);
}

static bool page_has(const struct fixture *fixture, const char *text)
{
    return memmem(fixture->page.data, fixture->page.length, text, strlen(text));
}

static void test_both_are_sampled(void **state)
{
    struct fixture *fixture = *state;
    run_for(fixture, 6 * SECOND);
    assert_true(fixture->last->has_udp && fixture->last->has_unix);
    assert_int_equal(fixture->last->udp.sockets, 20 + 21);
    assert_true(fixture->last->samples[SAMPLE_DETAIL].sockets_read == 20 + 21);
    assert_true(page_has(fixture, "\nsockdiag_udp_sockets 41\n"));
    assert_true(page_has(fixture, "\nsockdiag_udp_other_drops_total 0\n"));
    assert_true(page_has(fixture, "sockdiag_unix_sockets{type=\"stream\",state=\"listen\"} 0\n"));
    assert_true(page_has(fixture, "sockdiag_unix_sockets{type=\"datagram\","));
    assert_false(page_has(fixture, "{type=\"datagram\",state=\"listen\"}"));
    assert_true(page_has(fixture, "\nsockdiag_unix_other_accept_queue_length 0\n"));
}

static void test_each_has_a_switch(void **state)
{
    struct fixture *fixture = *state;
    struct sampler_options options = everything;
    options.collect_udp = false;
    replace_sampler(fixture, &options);
    run_for(fixture, 6 * SECOND);
    assert_false(page_has(fixture, "sockdiag_udp_"));
    assert_true(page_has(fixture, "sockdiag_unix_"));
    assert_true(fixture->last->ports[SOCKET_UDP].present);
    options.collect_udp = true;
    options.collect_unix = false;
    replace_sampler(fixture, &options);
    run_for(fixture, 6 * SECOND);
    assert_true(page_has(fixture, "sockdiag_udp_"));
    assert_false(page_has(fixture, "sockdiag_unix_"));
}

static void test_without_any_collector_there_is_no_dump_for_it(void **state)
{
    struct fixture *fixture = *state;
    struct sampler_options options = everything;
    options.collect_udp = options.collect_unix = options.collect_ports = false;
    replace_sampler(fixture, &options);
    struct fault fault;
    unsigned dumps = fixture->kernel.dumps;
    assert_true(sampler_take(fixture->sampler, SAMPLE_DETAIL, &fault));
    assert_int_equal(fixture->kernel.dumps - dumps, 1);
}

static void test_udp_sockets_need_no_ports(void **state)
{
    struct fixture *fixture = *state;
    struct sampler_options options = everything;
    options.collect_ports = false;
    replace_sampler(fixture, &options);
    run_for(fixture, 6 * SECOND);
    assert_true(fixture->last->has_udp);
    assert_int_equal(fixture->last->udp.sockets, 41);
    assert_false(fixture->last->ports[SOCKET_UDP].present);

    replace_sampler(fixture, &everything);
    fake_kernel_write(&fixture->kernel, "sys/net/ipv4/ip_local_port_range", NULL);
    run_for(fixture, 6 * SECOND);
    assert_true(fixture->last->has_udp);
    assert_false(fixture->last->ports[SOCKET_UDP].present);
}

/* Twenty minutes: other failures are logged every five. */
static void assert_one_line(struct fixture *fixture, const char *what)
{
    char line[256];
    struct stderr_lines lines = stderr_lines_start();
    run_for(fixture, 1200 * SECOND);
    unsigned count = stderr_lines_stop(&lines, line);
    assert_int_equal(count, 1);
    if (!strstr(line, what) || !strstr(line, "level=warn") || !strstr(line, "unix_diag"))
        fail_msg("%s", line);
}

static void test_a_kernel_without_unix_diag(void **state)
{
    struct fixture *fixture = *state;
    fixture->kernel.unix_is_missing = true;
    assert_one_line(fixture, "listing of the UNIX sockets failed");
    assert_false(fixture->last->has_unix);
    assert_false(page_has(fixture, "sockdiag_unix_"));
    assert_true(fixture->last->has_udp && fixture->last->has_detail);
    assert_true(fixture->last->ports[SOCKET_UDP].present);
    assert_true(fixture->last->errors[FAULT_NETLINK_REFUSED] > 200);
    fixture->kernel.unix_is_missing = false; /* the module was loaded */
    run_for(fixture, 6 * SECOND);
    assert_true(fixture->last->has_unix);
}

static void test_a_kernel_without_udp_diag(void **state)
{
    struct fixture *fixture = *state;
    fixture->kernel.udp_is_missing = true;
    assert_one_line(fixture, "listing of the UDP sockets failed");
    assert_false(fixture->last->has_udp);
    assert_false(page_has(fixture, "sockdiag_udp_"));
    assert_true(fixture->last->has_unix && fixture->last->has_detail);
    assert_true(fixture->last->ports[SOCKET_TCP].present);
    fixture->kernel.udp_is_missing = false;
    run_for(fixture, 6 * SECOND);
    assert_true(fixture->last->has_udp);
    assert_int_equal(fixture->last->udp.sockets, 41);
}

/* Lines for a fault that happens three times, six minutes apart. */
static unsigned count_lines(enum fault_source source, enum fault_reason reason, int error_number)
{
    struct fault_log log = {0};
    const struct fault fault = {.reason = reason, .error_number = error_number};
    struct stderr_lines lines = stderr_lines_start();
    for (int i = 0; i < 3; i++)
        fault_log_add(&log, source, false, &fault, i * 360 * SECOND);
    return stderr_lines_stop(&lines, NULL);
}

static void test_only_a_missing_module_is_logged_once(void **state)
{
    (void)state;
    assert_int_equal(count_lines(SOURCE_UNIX, FAULT_NETLINK_REFUSED, ENOENT), 1);
    assert_int_equal(count_lines(SOURCE_UDP, FAULT_NETLINK_REFUSED, ENOENT), 1);
    assert_int_equal(count_lines(SOURCE_UNIX, FAULT_NETLINK_REFUSED, EINVAL), 3);
    assert_int_equal(count_lines(SOURCE_UNIX, FAULT_NETLINK_SEND, ENOENT), 3);
    assert_int_equal(count_lines(SOURCE_DETAIL_SAMPLE, FAULT_NETLINK_REFUSED, ENOENT), 3);
}

static void test_every_source_has_a_name(void **state)
{
    (void)state;
    const struct fault fault = {.reason = FAULT_NETLINK_SEND};
    for (enum fault_source source = 0; source < FAULT_SOURCES; source++) {
        char line[256];
        struct fault_log log = {0};
        struct stderr_lines lines = stderr_lines_start();
        fault_log_add(&log, source, false, &fault, 0);
        assert_int_equal(stderr_lines_stop(&lines, line), 1);
        if (strstr(line, "null"))
            fail_msg("%s", line);
    }
}

/* UDP sockets come with the ports, unless these are not collected. */
static void test_each_has_the_age_of_its_sample(void **state)
{
    struct fixture *fixture = *state;
    static struct host host;
    static struct fault_log faults;
    const int64_t ages[SAMPLE_KINDS] = {
        [SAMPLE_COUNT] = SECOND, [SAMPLE_PORTS] = 10 * SECOND, [SAMPLE_DETAIL] = 100 * SECOND};
    const int64_t now = fixture->kernel.now;
    for (int with_ports = 0; with_ports < 2; with_ports++) {
        struct sampler_options options = everything;
        struct fault fault;
        uint64_t rows;
        options.collect_ports = with_ports;
        assert_true(host_init(&host, &fixture->kernel.access, &options));
        host_describe(&host, now, ages);
        assert_false(host.snapshot.has_udp || host.snapshot.has_unix);
        assert_true(host_take_detail(&host, now, &rows, &faults, &fault));
        host_describe(&host, now + 10 * SECOND, ages);
        assert_true(host.snapshot.has_udp && host.snapshot.has_unix);
        host_describe(&host, now + 50 * SECOND, ages);
        assert_int_equal(host.snapshot.has_udp, !with_ports);
        assert_true(host.snapshot.has_unix);
        host_describe(&host, now + 101 * SECOND, ages);
        assert_false(host.snapshot.has_udp || host.snapshot.has_unix);
        host_release(&host);
    }
}

static void test_what_is_too_old_vanishes(void **state)
{
    struct fixture *fixture = *state;
    run_for(fixture, 6 * SECOND);
    fixture->kernel.unix_is_missing = fixture->kernel.udp_is_missing = true;
    struct stderr_lines lines = stderr_lines_start();
    run_for(fixture, 8 * SECOND);
    assert_true(fixture->last->has_udp && fixture->last->has_unix);
    run_for(fixture, 12 * SECOND);
    assert_int_equal(stderr_lines_stop(&lines, NULL), 2);
    assert_false(fixture->last->has_udp || fixture->last->has_unix);
}

/* Each number in its place, and no more than the rows. */
static void test_rows_on_the_page(void **state)
{
    struct fixture *fixture = *state;
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    assert_non_null(snapshot);
    const struct udp_socket_row udp[] = {
        {.port = 53, .interface_name = "eth0", .receive_queue = 1, .drops = 2},
        {.family = IP_FAMILY_IPV6, .port = 514, .receive_queue = 3, .drops = 4}};
    const struct unix_listener_row local[] = {
        {.path = "/a\"b", .queue_length = 5, .queue_limit = 6, .queue_peak = 7},
        {.path = "@c", .queue_length = 8, .queue_limit = 9, .queue_peak = 10}};
    snapshot->has_udp = snapshot->has_unix = true;
    snapshot->udp = (struct udp_summary){.sockets = 11, .other_drops = 12};
    snapshot->udp_rows = udp;
    snapshot->udp_row_count = 2;
    snapshot->unix_rows = local;
    snapshot->unix_row_count = 2;
    snapshot->unix_sockets.other_queue_length = 13;
    snapshot->unix_sockets.sockets[UNIX_SOCKET_SEQPACKET][UNIX_SOCKET_ESTABLISHED] = 14;
    keep(fixture, snapshot);
    free(snapshot);
    assert_ptr_not_equal(fixture->last->udp_rows, udp); /* a copy is independent */
    assert_ptr_not_equal(fixture->last->unix_rows, local);
    static const char *const series[] = {
        "udp_socket_receive_queue_bytes{local_address=\"0.0.0.0\",local_port=\"53\","
        "local_interface=\"eth0\"} 1\n",
        "udp_socket_drops_total{local_address=\"0.0.0.0\",local_port=\"53\","
        "local_interface=\"eth0\"} 2\n",
        "udp_socket_receive_queue_bytes{local_address=\"::\",local_port=\"514\","
        "local_interface=\"\"} 3\n",
        "udp_socket_drops_total{local_address=\"::\",local_port=\"514\",local_interface=\"\"} 4\n",
        "unix_listener_accept_queue_length{path=\"/a\\\"b\"} 5\n",
        "unix_listener_accept_queue_limit{path=\"/a\\\"b\"} 6\n",
        "unix_listener_accept_queue_peak{path=\"/a\\\"b\"} 7\n",
        "unix_listener_accept_queue_length{path=\"@c\"} 8\n",
        "unix_listener_accept_queue_limit{path=\"@c\"} 9\n",
        "unix_listener_accept_queue_peak{path=\"@c\"} 10\n",
        "udp_sockets 11\n",
        "udp_other_drops_total 12\n",
        "unix_other_accept_queue_length 13\n",
        "unix_sockets{type=\"seqpacket\",state=\"established\"} 14\n",
    };
    for (size_t i = 0; i < sizeof series / sizeof series[0]; i++) {
        if (!page_has(fixture, series[i]))
            fail_msg("no %s", series[i]);
    }
}

#define SAMPLE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_both_are_sampled),
        SAMPLE_TEST(test_each_has_a_switch),
        SAMPLE_TEST(test_without_any_collector_there_is_no_dump_for_it),
        SAMPLE_TEST(test_udp_sockets_need_no_ports),
        SAMPLE_TEST(test_a_kernel_without_unix_diag),
        SAMPLE_TEST(test_a_kernel_without_udp_diag),
        SAMPLE_TEST(test_only_a_missing_module_is_logged_once),
        SAMPLE_TEST(test_every_source_has_a_name),
        SAMPLE_TEST(test_each_has_the_age_of_its_sample),
        SAMPLE_TEST(test_what_is_too_old_vanishes),
        SAMPLE_TEST(test_rows_on_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
