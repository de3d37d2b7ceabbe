// SPDX-License-Identifier: Apache-2.0
/*
 * The families of events: a snapshot made by hand, copied, rendered and read back.
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

static struct event_source_row rows[3];
static struct snapshot snapshot;
static struct self_report self;
static struct buffer page;

static int fill(void **state)
{
    (void)state;
    memset(rows, 0, sizeof rows);
    for (int i = 0; i < 3; i++) {
        rows[i].source.remote_address.word[0] = htonl(0x0a000005);
        rows[i].source.remote_port = 5432;
        rows[i].samples = 7U + (unsigned)i;
        snprintf(rows[i].source.program, sizeof rows[i].source.program, "worker%d", i);
        snprintf(rows[i].cgroup.text, sizeof rows[i].cgroup.text, "/a%d.service", i);
    }
    rows[1].source.family = IP_FAMILY_IPV6;
    rows[2].cgroup.text[0] = '\0';
    snapshot = (struct snapshot){0};
    self = (struct self_report){.version = "1", .revision = "2"};
    return 0;
}

static int empty(void **state)
{
    (void)state;
    buffer_free(&page);
    page = (struct buffer){0};
    return 0;
}

static struct event_snapshot make_event(uint64_t period)
{
    return (struct event_snapshot){
        .present = true,
        .period = period,
        .lost_samples = 3,
        .uncounted_cpus = 2,
        .report = {.total = 1234, .rows = rows, .row_count = 3, .other_samples = 5}};
}

static void render(void)
{
    char why[256];
    struct snapshot *copy = snapshot_copy(&snapshot);
    struct event_source_row before[3];
    assert_non_null(copy);
    memcpy(before, rows, sizeof rows);
    memset(rows, 0xff, sizeof rows); /* the copy has its own */
    exposition_render(&page, METRIC_TEXT, copy, &self);
    memcpy(rows, before, sizeof rows);
    free(copy);
    if (!exposition_is_valid(page.data, page.length, why, sizeof why))
        fail_msg("%s", why);
    buffer_append(&page, "", 1);
}

static void assert_value(const char *series, double wanted)
{
    double value = exposition_read(page.data, page.length - 1, series);
    if (value != wanted)
        fail_msg("%s is %g, not %g", series, value, wanted);
}

static void test_failures_have_their_destinations(void **state)
{
    (void)state;
    snapshot.events[TCP_EVENT_PORT_FAILURE] = make_event(1);
    render();
    assert_value("sockdiag_tcp_connect_port_failures_total", 1234);
#define SAMPLED "sockdiag_tcp_connect_port_failures_sampled_total"
    assert_value(SAMPLED "{program=\"worker0\",cgroup=\"/a0.service\",remote_address=\"10.0.0.5\","
                         "remote_port=\"5432\"}",
                 7);
    assert_value(SAMPLED "{program=\"worker1\",cgroup=\"/a1.service\",remote_address=\"a00:5::\","
                         "remote_port=\"5432\"}",
                 8);
    assert_value(SAMPLED "{program=\"other\",cgroup=\"\",remote_address=\"\",remote_port=\"\"}", 5);
    assert_null(strstr(page.data, "worker2")); /* its path is not known yet */
    assert_value("sockdiag_exporter_event_samples_lost_total{event=\"connect_port_failure\"}", 3);
    assert_value("sockdiag_exporter_event_uncounted_cpus{event=\"connect_port_failure\"}", 2);
    assert_value("sockdiag_exporter_event_sample_period{event=\"connect_port_failure\"}", 1);
    assert_null(strstr(page.data, "closed_first"));
}

static void test_several_destinations_have_no_address(void **state)
{
    (void)state;
    snapshot.events[TCP_EVENT_PORT_FAILURE] = make_event(1);
    rows[0].source.program[0] = '\0';
    rows[0].source.remote_port = 0;
    render();
    assert_value(SAMPLED "{program=\"\",cgroup=\"/a0.service\",remote_address=\"\","
                         "remote_port=\"\"}",
                 7);
}

static void test_closers_are_scaled(void **state)
{
    (void)state;
    snapshot.events[TCP_EVENT_CLOSED_FIRST] = make_event(101);
    render();
    assert_value("sockdiag_tcp_closed_first_total", 1234);
#define ESTIMATED "sockdiag_tcp_closed_first_estimated_total"
    assert_value(ESTIMATED "{program=\"worker0\",cgroup=\"/a0.service\"}", 707);
    assert_value(ESTIMATED "{program=\"worker1\",cgroup=\"/a1.service\"}", 808);
    assert_value(ESTIMATED "{program=\"other\",cgroup=\"\"}", 505);
    assert_null(strstr(page.data, "worker2"));
    assert_value("sockdiag_exporter_event_sample_period{event=\"closed_first\"}", 101);
    assert_null(strstr(page.data, "port_failure"));
}

static void test_without_them_there_are_none(void **state)
{
    (void)state;
    render();
    assert_null(strstr(page.data, "sockdiag_exporter_event"));
    assert_null(strstr(page.data, "sockdiag_tcp_c"));
}

static void test_whether_they_are_counted(void **state)
{
    (void)state;
    self.events_asked_for[TCP_EVENT_CLOSED_FIRST] = true;
    render();
    assert_value("sockdiag_exporter_events_enabled{event=\"closed_first\"}", 0);
    assert_null(strstr(page.data, "connect_port_failure"));
    empty(NULL);
    self.events_enabled[TCP_EVENT_CLOSED_FIRST] = true;
    render();
    assert_value("sockdiag_exporter_events_enabled{event=\"closed_first\"}", 1);
}

#define filled(test) cmocka_unit_test_setup_teardown(test, fill, empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        filled(test_failures_have_their_destinations),
        filled(test_several_destinations_have_no_address),
        filled(test_closers_are_scaled),
        filled(test_without_them_there_are_none),
        filled(test_whether_they_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
