// SPDX-License-Identifier: Apache-2.0
/*
 * Who causes an event: rows, their recent samples, a full table, and paths of cgroups.
 */
#include "measure/event_sources.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static struct event_sources *sources;
static const struct event_source_row *rows;
static size_t count;
static uint64_t others;
static int64_t now;
static struct event_report report;
static uint64_t total;

static int start(void **state)
{
    (void)state;
    sources = event_sources_create();
    total = 0;
    now = 1000 * NANOSECONDS_PER_SECOND;
    return sources ? 0 : -1;
}

static int stop_sources(void **state)
{
    (void)state;
    event_sources_destroy(sources);
    return 0;
}

static struct event_source make_source(const char *program, uint64_t cgroup, uint16_t port)
{
    struct event_source source = {.cgroup = cgroup, .remote_port = port};
    snprintf(source.program, sizeof source.program, "%s", program);
    return source;
}

static void add(const char *program, uint64_t cgroup, uint16_t port)
{
    struct event_source source = make_source(program, cgroup, port);
    event_sources_add(sources, &source, now);
}

static void read_rows(void)
{
    report = event_sources_report(sources, now);
    rows = report.rows;
    count = report.row_count;
    others = report.other_samples;
}

/* Returns the length of the recent period in seconds. */
static double pass(int64_t seconds)
{
    now += seconds * NANOSECONDS_PER_SECOND;
    event_sources_advance(sources, now, total);
    read_rows();
    return report.recent_seconds;
}

static void test_each_source_has_its_samples(void **state)
{
    (void)state;
    add("curl", 7, 80);
    add("curl", 7, 80);
    add("curl", 7, 81);
    add("curl", 8, 80);
    add("wget", 7, 80);
    read_rows();
    assert_int_equal(count, 4);
    assert_int_equal(others, 0);
    static const uint64_t samples[] = {2, 1, 1, 1};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(rows[i].samples, samples[i]);
    assert_string_equal(rows[3].source.program, "wget");
    assert_int_equal(rows[2].source.cgroup, 8);
    assert_int_equal(rows[1].source.remote_port, 81);
}

static void test_recent_is_from_one_minute_to_two(void **state)
{
    (void)state;
    assert_true(pass(0) == 0);
    total = 10;
    add("curl", 7, 80);
    assert_true(pass(59) == 59);
    assert_int_equal(rows[0].recent, 1);
    assert_int_equal(report.recent, 10);
    assert_true(pass(1) == 60);
    total = 13;
    add("curl", 7, 80);
    assert_true(pass(59) == 119);
    assert_int_equal(rows[0].recent, 2);
    assert_int_equal(report.recent, 13);
    assert_true(pass(1) == 60);
    assert_int_equal(rows[0].recent, 1);
    assert_int_equal(report.recent, 3);
    assert_true(pass(60) == 60);
    assert_int_equal(rows[0].recent, 0);
    assert_int_equal(report.recent, 0);
    assert_int_equal(rows[0].samples, 2);
    assert_int_equal(report.total, 13);
}

static void fill(void)
{
    for (uint16_t i = 0; i < EVENT_SOURCES_CAPACITY; i++) {
        add("curl", 7 + i / EVENT_SOURCES_OF_CGROUP, i);
        now++;
    }
}

static void test_a_full_table_keeps_who_was_seen_lately(void **state)
{
    (void)state;
    fill();
    add("late", 99, 80);
    read_rows();
    assert_int_equal(count, EVENT_SOURCES_CAPACITY);
    assert_int_equal(others, 1);
    add("curl", 7, 0); /* so port 1 is the oldest */
    now += 3600 * NANOSECONDS_PER_SECOND - EVENT_SOURCES_CAPACITY;
    add("late", 99, 80);
    read_rows();
    assert_int_equal(others, 2);
    now += EVENT_SOURCES_CAPACITY;
    add("late", 99, 80);
    add("late", 99, 80);
    read_rows();
    assert_int_equal(count, EVENT_SOURCES_CAPACITY);
    assert_int_equal(others, 3);
    assert_int_equal(rows[0].samples, 2);
    assert_int_equal(rows[1].source.remote_port, 2);
    assert_string_equal(rows[count - 1].source.program, "late");
    assert_int_equal(rows[count - 1].samples, 2);
    uint64_t sum = others;
    for (size_t i = 0; i < count; i++)
        sum += rows[i].samples;
    assert_int_equal(sum, EVENT_SOURCES_CAPACITY + 5);
}

static void test_paths_are_told(void **state)
{
    (void)state;
    assert_false(event_sources_miss_paths(sources));
    add("curl", 7, 80);
    add("curl", 9, 80);
    assert_true(event_sources_miss_paths(sources));
    event_sources_tell_path(sources, 8, "/other");
    event_sources_tell_path(sources, 7, "/web.service");
    read_rows();
    assert_string_equal(rows[0].cgroup.text, "/web.service");
    assert_string_equal(rows[1].cgroup.text, "");
    assert_true(event_sources_miss_paths(sources));
    event_sources_end_search(sources);
    assert_string_equal(rows[1].cgroup.text, "cgroup-9");
    assert_false(event_sources_miss_paths(sources));
    event_sources_tell_path(sources, 7, "/renamed");
    assert_string_equal(rows[0].cgroup.text, "/web.service");
}

/* It has a new cgroup with the same path. */
static void test_a_restarted_service_is_the_same(void **state)
{
    (void)state;
    pass(0);
    add("curl", 7, 80);
    event_sources_tell_path(sources, 7, "/web.service");
    event_sources_end_search(sources);
    pass(60);
    add("curl", 8, 80);
    add("curl", 8, 81);
    add("wget", 8, 80);
    event_sources_tell_path(sources, 8, "/web.service");
    event_sources_end_search(sources);
    read_rows();
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].samples, 2);
    assert_int_equal(rows[0].recent, 2);
    assert_int_equal(rows[0].source.cgroup, 8);
    assert_int_equal(rows[1].source.remote_port, 81);
    add("curl", 8, 80); /* to the same row */
    pass(60);
    read_rows();
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].samples, 3);
    assert_int_equal(rows[0].recent, 2);
    add("curl", 7, 80); /* what was left of the old one */
    event_sources_tell_path(sources, 7, "/web.service");
    event_sources_end_search(sources);
    read_rows();
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].samples, 4);
    assert_int_equal(rows[0].recent, 3);
}

/* Who connects to everywhere does not take the places of others. */
static void test_a_cgroup_gets_a_part_of_the_table(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < 300; i++)
        add("scan", 7, i);
    add("curl", 8, 80);
    read_rows();
    assert_int_equal(count, EVENT_SOURCES_OF_CGROUP + 2);
    const struct event_source_row *rest = &rows[EVENT_SOURCES_OF_CGROUP];
    assert_int_equal(rest->samples, 300 - EVENT_SOURCES_OF_CGROUP);
    assert_string_equal(rest->source.program, "");
    assert_int_equal(rest->source.cgroup, 7);
    assert_int_equal(rest->source.remote_port, 0);
    assert_string_equal(rows[count - 1].source.program, "curl");
    add("scan", 7, 0); /* has its place */
    read_rows();
    assert_int_equal(rows[0].samples, 2);
    assert_int_equal(others, 0);
}

static void test_without_an_id_the_cgroup_is_unknown(void **state)
{
    (void)state;
    add("curl", 0, 80);
    event_sources_end_search(sources);
    read_rows();
    assert_string_equal(rows[0].cgroup.text, "unknown");
}

#define with_sources(test) cmocka_unit_test_setup_teardown(test, start, stop_sources)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_sources(test_each_source_has_its_samples),
        with_sources(test_recent_is_from_one_minute_to_two),
        with_sources(test_a_full_table_keeps_who_was_seen_lately),
        with_sources(test_paths_are_told),
        with_sources(test_a_cgroup_gets_a_part_of_the_table),
        with_sources(test_without_an_id_the_cgroup_is_unknown),
        with_sources(test_a_restarted_service_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
