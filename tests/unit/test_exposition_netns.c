// SPDX-License-Identifier: Apache-2.0
/*
 * The families of other network namespaces: a snapshot made by hand, rendered and read back.
 */
#include "sockdiag/exposition.h"

#include "exposition_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

struct fixture {
    struct namespace_row rows[2];
    struct snapshot snapshot;
    struct self_report self;
    struct buffer page;
};

/* A row with all numbers different. */
static struct namespace_row make_row(const char *name, uint64_t base)
{
    struct namespace_row row = {
        .labels = {.inode = base, .runtime = "docker", .container_id = "0123"},
        .has_sockets = true,
        .full_sockets = base + 1,
        .minisockets = base + 2,
        .minisockets_peak = base + 3,
        .udp_sockets = base + 4,
        .has_opens = true,
        .has_counters = true,
        .counters = {.active_opens = base + 5,
                     .passive_opens = base + 6,
                     .time_wait_started = base + 7,
                     .time_wait_overflows = base + 8,
                     .listen_overflows = base + 9,
                     .listen_drops = base + 10},
        .has_bound = true,
        .tcp_bound = base + 11,
    };
    strcpy(row.labels.name, name);
    return row;
}

static int make_whole(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    f->rows[0] = make_row("host", 1000);
    f->rows[0].has_usable = true;
    f->rows[0].usable = 2022;
    f->rows[1] = make_row("shop/web-0", 2000);
    f->rows[1].labels.pod = (struct pod_name){"uid-1", "shop", "web-0"};
    f->snapshot.namespaces = (struct namespaces_snapshot){
        .collected = true,
        .rows = f->rows,
        .count = 2,
        .other_count = 3,
        .others = make_row("other", 3000),
        .excluded_count = 4,
        .cpu_seconds = 1.5,
        .interval_seconds = {1, 5, 6, 15},
        .oldest_reading = {100, 0, 102, 103},
    };
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

static void render(struct fixture *f)
{
    char why[256];
    buffer_clear(&f->page);
    f->self.version = f->self.revision = "";
    exposition_render(&f->page, METRIC_TEXT, &f->snapshot, &f->self);
    if (!exposition_is_valid(f->page.data, f->page.length, why, sizeof why))
        fail_msg("%s", why);
}

static bool has(const struct fixture *f, const char *series, double *value)
{
    return exposition_value(f->page.data, f->page.length, series, value);
}

static void assert_value(const struct fixture *f, const char *series, double expected)
{
    double value;
    if (!has(f, series, &value))
        fail_msg("no %s", series);
    if (value != expected)
        fail_msg("%s is %g, not %g", series, value, expected);
}

/* sockdiag_netns_METRIC{netns="NAME"OTHER} */
static const char *name_series(const char *metric, const char *name, const char *other)
{
    static char series[256];
    snprintf(series, sizeof series, "sockdiag_netns_%s{netns=\"%s\"%s}", metric, name, other);
    return series;
}

static void assert_row(const struct fixture *f, const char *name, double base)
{
    static const struct {
        const char *metric, *labels;
        double number;
    } series[] = {
        {"tcp_sockets", ",kind=\"full\"", 1},
        {"tcp_sockets", ",kind=\"time_wait\"", 2},
        {"tcp_time_wait_sockets_peak", "", 3},
        {"ephemeral_ports_bound", ",protocol=\"udp\"", 4},
        {"tcp_opens_total", ",direction=\"active\"", 5},
        {"tcp_opens_total", ",direction=\"passive\"", 6},
        {"tcp_time_wait_started_total", "", 7},
        {"tcp_time_wait_overflows_total", "", 8},
        {"tcp_listen_overflows_total", "", 9},
        {"tcp_listen_drops_total", "", 10},
        {"ephemeral_ports_bound", ",protocol=\"tcp\"", 11},
    };
    for (size_t i = 0; i < sizeof series / sizeof series[0]; i++)
        assert_value(f, name_series(series[i].metric, name, series[i].labels),
                     base + series[i].number);
}

static void test_each_namespace_has_its_numbers(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_row(f, "host", 1000);
    assert_row(f, "shop/web-0", 2000);
    assert_row(f, "other", 3000);
    assert_value(f,
                 "sockdiag_netns_info{netns=\"shop/web-0\",inode=\"2000\",runtime=\"docker\","
                 "container_id=\"0123\",uid=\"uid-1\",pod_namespace=\"shop\",pod=\"web-0\"}",
                 1);
    assert_value(f, "sockdiag_netns_namespaces{kind=\"named\"}", 2);
    assert_value(f, "sockdiag_netns_namespaces{kind=\"other\"}", 3);
    assert_value(f, "sockdiag_netns_namespaces{kind=\"excluded\"}", 4);
}

static void test_a_ratio_needs_a_range(void **state)
{
    struct fixture *f = *state;
    static const char ratio[] = "ephemeral_port_utilization_bound_ratio";
    double value;
    render(f);
    assert_value(f, name_series(ratio, "host", ",protocol=\"tcp\""), 0.5);
    assert_value(f, name_series(ratio, "host", ",protocol=\"udp\""), 1004.0 / 2022);
    assert_false(has(f, name_series(ratio, "shop/web-0", ",protocol=\"tcp\""), &value));
    assert_false(has(f, name_series(ratio, "other", ",protocol=\"tcp\""), &value));
    f->rows[0].usable = 1010;
    render(f);
    assert_value(f, name_series(ratio, "host", ",protocol=\"tcp\""), 1);
    assert_value(f, name_series(ratio, "host", ",protocol=\"udp\""), 1004.0 / 1010);
    f->rows[0].has_bound = false;
    render(f);
    assert_false(has(f, name_series(ratio, "host", ",protocol=\"tcp\""), &value));
    assert_true(has(f, name_series(ratio, "host", ",protocol=\"udp\""), &value));
}

static void test_the_collector_reports_on_itself(void **state)
{
    struct fixture *f = *state;
    double value;
    render(f);
    assert_value(f, "sockdiag_exporter_netns_processes_hidden", 0);
    assert_value(f, "sockdiag_exporter_netns_cpu_seconds_total", 1.5);
    assert_value(f, "sockdiag_exporter_netns_interval_seconds{file=\"snmp\"}", 6);
    assert_value(f, "sockdiag_exporter_netns_interval_seconds{file=\"netstat\"}", 15);
    assert_value(f, "sockdiag_exporter_netns_oldest_reading_timestamp_seconds{file=\"sockstat\"}",
                 100);
    assert_false(has(
        f, "sockdiag_exporter_netns_oldest_reading_timestamp_seconds{file=\"sockstat6\"}", &value));
    f->snapshot.namespaces.processes_hidden = true;
    render(f);
    assert_value(f, "sockdiag_exporter_netns_processes_hidden", 1);
}

static void test_what_is_not_known_is_absent(void **state)
{
    struct fixture *f = *state;
    double value;
    f->rows[1].has_sockets = f->rows[1].has_bound = false;
    render(f);
    assert_false(has(f, name_series("tcp_sockets", "shop/web-0", ",kind=\"full\""), &value));
    assert_false(has(f, name_series("tcp_time_wait_sockets_peak", "shop/web-0", ""), &value));
    assert_false(
        has(f, name_series("ephemeral_ports_bound", "shop/web-0", ",protocol=\"udp\""), &value));
    assert_false(
        has(f, name_series("ephemeral_ports_bound", "shop/web-0", ",protocol=\"tcp\""), &value));
    assert_true(
        has(f, name_series("tcp_opens_total", "shop/web-0", ",direction=\"active\""), &value));
    f->rows[1].has_opens = false;
    render(f);
    assert_false(
        has(f, name_series("tcp_opens_total", "shop/web-0", ",direction=\"active\""), &value));
    assert_true(has(f, name_series("tcp_listen_drops_total", "shop/web-0", ""), &value));
    f->rows[1].has_counters = false;
    render(f);
    assert_false(has(f, name_series("tcp_listen_drops_total", "shop/web-0", ""), &value));
    assert_row(f, "host", 1000);
}

static void test_a_counter_that_the_kernel_does_not_have_is_absent(void **state)
{
    struct fixture *f = *state;
    double value;
    f->rows[1].counters.listen_drops = PROCFS_ABSENT;
    render(f);
    assert_false(has(f, name_series("tcp_listen_drops_total", "shop/web-0", ""), &value));
    assert_true(has(f, name_series("tcp_listen_overflows_total", "shop/web-0", ""), &value));
}

static void test_without_others_or_collector_there_is_nothing(void **state)
{
    struct fixture *f = *state;
    f->snapshot.namespaces.other_count = 0;
    render(f);
    assert_null(
        memmem(f->page.data, f->page.length, "{netns=\"other\"", strlen("{netns=\"other\"")));
    f->snapshot.namespaces.collected = false;
    render(f);
    assert_null(memmem(f->page.data, f->page.length, "netns", strlen("netns")));
}

static void test_each_help_is_one_sentence(void **state)
{
    struct fixture *f = *state;
    size_t helps = 0;
    render(f);
    buffer_append(&f->page, "", 1);
    for (char *line = strtok(f->page.data, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, "# HELP ", 7) != 0 || !strstr(line, "_netns_"))
            continue;
        helps++;
        if (line[strlen(line) - 1] != '.' || strstr(line, ". ") || strlen(line) > 240)
            fail_msg("not one short sentence: %s", line);
    }
    assert_int_equal(helps, 15);
}

#define PAGE_TEST(name) cmocka_unit_test_setup_teardown(name, make_whole, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAGE_TEST(test_each_namespace_has_its_numbers),
        PAGE_TEST(test_a_ratio_needs_a_range),
        PAGE_TEST(test_the_collector_reports_on_itself),
        PAGE_TEST(test_what_is_not_known_is_absent),
        PAGE_TEST(test_a_counter_that_the_kernel_does_not_have_is_absent),
        PAGE_TEST(test_without_others_or_collector_there_is_nothing),
        PAGE_TEST(test_each_help_is_one_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
