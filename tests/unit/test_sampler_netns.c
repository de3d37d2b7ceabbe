// SPDX-License-Identifier: Apache-2.0
/*
 * Other network namespaces in a sampler: in its steps, its snapshots and its budget.
 */
#include "fake_kernel.h"
#include "scratch.h"
#include "stderr_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#define SECOND NANOSECONDS_PER_SECOND

static const struct sampler_options defaults = {
    .interval = SECOND,
    .detail_interval = 5 * SECOND,
    .cpu_share = 0.02,
    .peak_window = 60 * SECOND,
    .listeners_top = 4,
    .collect_namespaces = true,
    .namespaces_max = 10,
};

struct fixture {
    struct fake_kernel kernel;
    struct sampler *sampler;
    struct snapshot *last; /* a copy */
};

static void keep(void *context, const struct snapshot *snapshot)
{
    struct fixture *f = context;
    free(f->last);
    f->last = snapshot_copy(snapshot);
    assert_non_null(f->last);
}

static void create(struct fixture *f, const struct sampler_options *options)
{
    f->sampler = sampler_create(options, &f->kernel.access, &f->kernel.clock, keep, f);
    assert_non_null(f->sampler);
}

/* Processes 1 and 2 are in a namespace whose files are apart from ours. */
static int set_up(void **state)
{
    static const char *const names[] = {"sockstat", "sockstat6", "snmp", "netstat"};
    static const char *const texts[] = {
        "TCP: inuse 30 orphan 0 tw 20 alloc 9 mem 0\nUDP: inuse 1 mem 0\n",
        "TCP6: inuse 3\nUDP6: inuse 1\n", "Tcp: ActiveOpens PassiveOpens\nTcp: 7 8\n",
        ("TcpExt: TW TWRecycled TWKilled TCPTimeWaitOverflow ListenOverflows ListenDrops\n"
         "TcpExt: 1 2 3 4 5 6\n")};
    struct fixture *f = calloc(1, sizeof *f);
    char path[128];
    assert_non_null(f);
    assert_int_equal(scratch_make(state), 0);
    fake_kernel_init(&f->kernel, 1000 * SECOND);
    for (size_t i = 0; i < 4; i++)
        scratch_write_text(names[i], texts[i]);
    snprintf(path, sizeof path, "%s/1", f->kernel.proc_root);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/1/net", f->kernel.proc_root);
    assert_int_equal(symlink(scratch_directory(), path), 0);
    snprintf(path, sizeof path, "%s/2", f->kernel.proc_root);
    assert_int_equal(symlink("1", path), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    sampler_destroy(f->sampler);
    free(f->last);
    fake_kernel_write(&f->kernel, "1/net", NULL);
    fake_kernel_write(&f->kernel, "2", NULL);
    char path[128];
    snprintf(path, sizeof path, "%s/1", f->kernel.proc_root);
    rmdir(path);
    fake_kernel_release(&f->kernel);
    free(f);
    return scratch_remove(state);
}

static void run_for(struct fixture *f, int64_t duration)
{
    int64_t end = f->kernel.now + duration;
    while (f->kernel.now < end) {
        int64_t next = sampler_step(f->sampler);
        if (next > f->kernel.now)
            f->kernel.now = next;
    }
    fake_kernel_join(&f->kernel);
}

static void test_the_first_page_has_them(void **state)
{
    struct fixture *f = *state;
    create(f, &defaults);
    sampler_publish(f->sampler);
    assert_true(f->last->namespaces.collected);
    assert_int_equal(f->last->namespaces.count, 1);
    sampler_destroy(f->sampler); /* the copy needs it no longer */
    f->sampler = NULL;
    const struct namespace_row *row = &f->last->namespaces.rows[0];
    assert_string_equal(row->labels.name, "host");
    assert_true(row->has_sockets && row->has_counters);
    assert_int_equal(row->full_sockets, 33);
    assert_int_equal(row->counters.time_wait_started, 4);
}

static void test_without_the_collector_there_are_none(void **state)
{
    struct fixture *f = *state;
    struct sampler_options options = defaults;
    options.collect_namespaces = false;
    create(f, &options);
    run_for(f, 5 * SECOND);
    assert_false(f->last->namespaces.collected);
    assert_int_equal(f->last->namespaces.count, 0);
}

static void test_a_wrong_expression_is_no_sampler(void **state)
{
    struct fixture *f = *state;
    struct sampler_options options = defaults;
    options.namespaces_exclude = "(";
    assert_null(sampler_create(&options, &f->kernel.access, &f->kernel.clock, keep, f));
}

static void test_they_have_a_clock_of_their_own(void **state)
{
    struct fixture *f = *state;
    struct sampler_options options = defaults;
    options.interval = options.detail_interval = 20 * SECOND;
    create(f, &options);
    run_for(f, 11 * SECOND);
    sampler_publish(f->sampler);
    double age = (double)f->kernel.now / 1e9 - f->last->namespaces.oldest_reading[NETNS_SOCKSTAT];
    assert_true(age <= 1);
    assert_true(f->last->namespaces.interval_seconds[NETNS_SOCKSTAT] == 1);
}

static void test_failures_are_counted_and_logged_once(void **state)
{
    struct fixture *f = *state;
    create(f, &defaults);
    run_for(f, 2 * SECOND);
    scratch_write_text("sockstat", "TCP: nothing\n");
    struct stderr_lines lines = stderr_lines_start();
    run_for(f, 5 * SECOND);
    char last[256];
    unsigned count = stderr_lines_stop(&lines, last);
    assert_int_equal(count, 1);
    assert_non_null(strstr(last, "network namespaces failed: cannot parse /proc/PID/net/sockstat"));
    assert_int_equal(f->last->errors[FAULT_PROC_PARSE], 5);
}

/* The interval of detail samples beside namespaces or without, when all of the budget is needed. */
static double measure_interval(struct fixture *f, bool collect)
{
    struct sampler_options options = defaults;
    options.collect_namespaces = collect;
    f->kernel.cost_of_a_dump = SECOND / 5;
    f->kernel.cost_of_a_reading = SECOND / 100;
    create(f, &options);
    run_for(f, 600 * SECOND);
    sampler_destroy(f->sampler);
    f->sampler = NULL;
    return f->last->samples[SAMPLE_DETAIL].interval_seconds;
}

static void test_what_they_take_others_do_not_have(void **state)
{
    struct fixture *f = *state;
    double alone = measure_interval(f, false), beside = measure_interval(f, true);
    /* They have half of the budget at most. Count intervals are whole seconds, so it is not
     * exactly twice as long. */
    assert_true(beside > 1.3 * alone && beside < 2.5 * alone);
    assert_true(f->last->namespaces.cpu_seconds > 0);
}

#define SAMPLER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLER_TEST(test_the_first_page_has_them),
        SAMPLER_TEST(test_without_the_collector_there_are_none),
        SAMPLER_TEST(test_a_wrong_expression_is_no_sampler),
        SAMPLER_TEST(test_they_have_a_clock_of_their_own),
        SAMPLER_TEST(test_failures_are_counted_and_logged_once),
        SAMPLER_TEST(test_what_they_take_others_do_not_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
