// SPDX-License-Identifier: Apache-2.0
/*
 * When samples are taken, the effects of failed samples, and when the identity is given up: with
 * the test's own clock and a kernel that can fail.
 */
#include "fake_kernel.h"
#include "stderr_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND NANOSECONDS_PER_SECOND

static const struct sampler_options defaults = {
    .interval = SECOND,
    .detail_interval = 5 * SECOND,
    .cpu_share = 0.02,
    .peak_window = 60 * SECOND,
    .listeners_top = 4,
    .collect_listeners = true,
    .collect_time_wait = true,
};

struct fixture {
    struct fake_kernel kernel;
    struct sampler *sampler;
    /* The last snapshot. */
    unsigned snapshots;
    struct snapshot last;
    uint64_t observed[TCP_STATES];
    int64_t promised; /* the time when the next is due */
    unsigned late;    /* snapshots that came later than promised */
    unsigned bare;    /* snapshots without counts or details */
    int64_t cost_of_a_snapshot;
};

static void keep(void *context, const struct snapshot *snapshot)
{
    struct fixture *fixture = context;
    fixture->late += fixture->snapshots > 0 && fixture->kernel.now > fixture->promised;
    fixture->promised = fixture->kernel.now + snapshot->next_within;
    fixture->bare += !snapshot->has_counts || !snapshot->has_detail;
    fixture->snapshots++;
    fixture->kernel.cpu += fixture->cost_of_a_snapshot;
    fixture->last = *snapshot;
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        fixture->observed[state] = fixture->last.sampled_sockets[state].count;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fake_kernel_init(&fixture->kernel, 1000 * SECOND);
    fixture->sampler =
        sampler_create(&defaults, &fixture->kernel.access, &fixture->kernel.clock, keep, fixture);
    *state = fixture;
    return fixture->sampler ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    sampler_destroy(fixture->sampler);
    fake_kernel_release(&fixture->kernel);
    free(fixture);
    return 0;
}

/* Step the sampler at the times that it requests, until `duration` has passed. */
static void run_for(struct fixture *fixture, int64_t duration)
{
    int64_t end = fixture->kernel.now + duration;
    int at_once = 0;
    while (fixture->kernel.now < end) {
        int64_t next = sampler_step(fixture->sampler);
        /* At once if the step took a long time or an interval shrank, but not repeatedly. */
        at_once = next > fixture->kernel.now ? 0 : at_once + 1;
        assert_true(at_once < 10);
        if (next > fixture->kernel.now)
            fixture->kernel.now = next;
    }
    fake_kernel_join(&fixture->kernel); /* the thread no longer uses what the test changes next */
}

/* Replace the fixture's sampler by one with other options. */
static void replace_sampler(struct fixture *fixture, const struct sampler_options *options)
{
    sampler_destroy(fixture->sampler);
    fixture->sampler =
        sampler_create(options, &fixture->kernel.access, &fixture->kernel.clock, keep, fixture);
    assert_non_null(fixture->sampler);
}

static uint64_t failures(const struct fixture *fixture, enum fault_reason reason)
{
    return fixture->last.errors[reason];
}

static const struct sample_report *report(const struct fixture *fixture, enum sample_kind kind)
{
    return &fixture->last.samples[kind];
}

static void test_samples_come_at_their_intervals(void **state)
{
    struct fixture *fixture = *state;
    run_for(fixture, 20 * SECOND);
    assert_int_equal(report(fixture, SAMPLE_COUNT)->successes, 20);
    assert_int_equal(report(fixture, SAMPLE_DETAIL)->successes, 4);
    assert_int_equal(fixture->kernel.dumps, 24);
    assert_true(report(fixture, SAMPLE_COUNT)->interval_seconds == 1);
    assert_true(report(fixture, SAMPLE_DETAIL)->interval_seconds == 5);
    assert_int_equal(fixture->observed[TCP_STATE_ESTABLISHED], 20);
}

static void test_a_count_sample_does_not_list_established_and_time_wait(void **state)
{
    struct fixture *fixture = *state;
    struct fault fault;
    fixture->kernel.sockets[TCP_STATE_ESTABLISHED] = 30;
    fixture->kernel.sockets[TCP_STATE_TIME_WAIT] = 20;
    fixture->kernel.sockets[TCP_STATE_CLOSE_WAIT] = 3;
    fixture->kernel.sockets[TCP_STATE_SYN_RECV] = 2;
    fake_kernel_write_sockstat(&fixture->kernel, 0);
    assert_true(sampler_take(fixture->sampler, SAMPLE_COUNT, &fault));
    fake_kernel_join(&fixture->kernel);
    assert_int_equal(fixture->kernel.last_mask & (1 << 1 | 1 << 6), 0);
    sampler_publish(fixture->sampler);
    assert_true(report(fixture, SAMPLE_COUNT)->sockets_read == 5);
    assert_int_equal(fixture->last.sockets[TCP_STATE_ESTABLISHED], 30);
    assert_int_equal(fixture->last.sockets[TCP_STATE_TIME_WAIT], 20);
    assert_int_equal(fixture->last.sockets[TCP_STATE_CLOSE_WAIT], 3);
    assert_int_equal(fixture->last.sockets[TCP_STATE_SYN_RECV], 2);
}

static void test_a_long_sample_skips_ticks(void **state)
{
    struct fixture *fixture = *state;
    run_for(fixture, 3 * SECOND);
    fixture->kernel.now += 100 * SECOND; /* the host slept, or a dump took this long */
    unsigned dumps = fixture->kernel.dumps;
    int64_t next = sampler_step(fixture->sampler);
    assert_int_equal(fixture->kernel.dumps, dumps + 2);
    assert_true(next > fixture->kernel.now && next <= fixture->kernel.now + SECOND);
}

static void test_expensive_samples_are_stretched_to_the_budget(void **state)
{
    struct fixture *fixture = *state;
    fixture->kernel.cost_of_a_dump = SECOND / 10;
    run_for(fixture, 100 * SECOND);
    int64_t before = fixture->kernel.cpu, start = fixture->kernel.now;
    run_for(fixture, 1000 * SECOND);
    double share = (double)(fixture->kernel.cpu - before) / (double)(fixture->kernel.now - start);
    assert_true(share <= 0.0201);
    assert_true(share >= 0.015); /* and the budget is used */
    assert_true(report(fixture, SAMPLE_COUNT)->interval_seconds > 1);
    assert_true(report(fixture, SAMPLE_DETAIL)->interval_seconds > 5);
}

static void use_sampler_with_ports(struct fixture *fixture, double cpu_share)
{
    struct sampler_options options = defaults;
    options.cpu_share = cpu_share;
    options.destinations_top = 4;
    options.collect_ports = options.collect_destinations = true;
    replace_sampler(fixture, &options);
}

static void write_opens(struct fixture *fixture, unsigned opens)
{
    char text[64];
    snprintf(text, sizeof text, "Tcp: ActiveOpens PassiveOpens\nTcp: %u 8\n", opens);
    fake_kernel_write(&fixture->kernel, "thread-self/net/snmp", text);
}

static void test_a_detail_sample_is_a_ports_sample_as_well(void **state)
{
    struct fixture *fixture = *state;
    use_sampler_with_ports(fixture, 0.02);
    run_for(fixture, 20 * SECOND);
    assert_int_equal(report(fixture, SAMPLE_DETAIL)->successes, 4);
    assert_int_equal(report(fixture, SAMPLE_PORTS)->successes, 4);
    assert_true(report(fixture, SAMPLE_PORTS)->interval_seconds == 5);
    assert_true(report(fixture, SAMPLE_PORTS)->cpu_seconds == 0);
    assert_true(report(fixture, SAMPLE_PORTS)->last_success ==
                report(fixture, SAMPLE_DETAIL)->last_success);
    assert_int_equal(fixture->kernel.dumps, 20 + 4 * 3);
    fake_kernel_write(&fixture->kernel, "sys/net/ipv4/ip_local_port_range", NULL);
    run_for(fixture, 5 * SECOND);
    assert_int_equal(report(fixture, SAMPLE_DETAIL)->successes, 5);
    assert_int_equal(report(fixture, SAMPLE_PORTS)->successes, 4);
    assert_int_equal(report(fixture, SAMPLE_PORTS)->failures, 1);
}

/* 0.1 s for each dump: count samples take one, detail samples three, ports samples four. */
static void test_ports_samples_come_between_stretched_detail_samples(void **state)
{
    struct fixture *fixture = *state;
    use_sampler_with_ports(fixture, 0.02);
    fixture->kernel.cost_of_a_dump = SECOND / 10;
    run_for(fixture, 200 * SECOND);
    struct snapshot before = fixture->last;
    int64_t cpu = fixture->kernel.cpu;
    run_for(fixture, 3000 * SECOND);
    /* of 1.8 % the count samples have 0.6, the ports samples 1.02 and more, the detail the rest */
    assert_in_range(report(fixture, SAMPLE_COUNT)->interval_seconds, 17, 18);
    assert_in_range(report(fixture, SAMPLE_PORTS)->interval_seconds, 36, 40);
    assert_in_range(report(fixture, SAMPLE_DETAIL)->interval_seconds, 160, 170);
    uint64_t detail =
        report(fixture, SAMPLE_DETAIL)->successes - before.samples[SAMPLE_DETAIL].successes;
    uint64_t ports =
        report(fixture, SAMPLE_PORTS)->successes - before.samples[SAMPLE_PORTS].successes;
    assert_in_range(detail, 17, 19);
    assert_in_range(ports, 75, 95); /* both kinds */
    assert_true((double)(fixture->kernel.cpu - cpu) < 0.0181 * 3000 * (double)SECOND);
}

/* Let `more` connections be opened, of 28,232 ports, and run until the next ports sample. Returns
 * the seconds until then. */
static double wait_for_ports(struct fixture *fixture, unsigned *opens, unsigned more)
{
    uint64_t before = report(fixture, SAMPLE_PORTS)->successes;
    int64_t start = fixture->kernel.now;
    write_opens(fixture, *opens += more);
    while (report(fixture, SAMPLE_PORTS)->successes == before)
        run_for(fixture, SECOND);
    return (double)(fixture->kernel.now - start) / (double)SECOND;
}

static void test_a_bound_over_a_threshold_brings_a_ports_sample(void **state)
{
    struct fixture *fixture = *state;
    unsigned opens = 0;
    use_sampler_with_ports(fixture, 0.02);
    write_opens(fixture, 0);
    fake_kernel_write_sockstat(&fixture->kernel, 100000);
    fixture->kernel.cost_of_a_dump = SECOND / 10;
    run_for(fixture, 3000 * SECOND);
    wait_for_ports(fixture, &opens, 0);
    assert_true(wait_for_ports(fixture, &opens, 5000) > 35);
    double waited = wait_for_ports(fixture, &opens, 20000);
    assert_true(waited >= 5 && waited <= 7); /* never twice within 5 s */
}

/* What connect() took while the preferred half was full is no sign of bind() for a minute. */
static void test_ports_of_a_full_destination_are_not_taken_for_bound_ones(void **state)
{
    struct fixture *fixture = *state;
    const struct port_summary *summary = &fixture->last.ports[SOCKET_TCP].summary;
    use_sampler_with_ports(fixture, 0.02);
    fake_kernel_write(&fixture->kernel, "sys/net/ipv4/ip_local_port_range", "32768 32771\n");
    fixture->kernel.sockets[TCP_STATE_ESTABLISHED] = 4;
    fixture->kernel.ports[TCP_STATE_ESTABLISHED] = 32768;
    run_for(fixture, 10 * SECOND);
    assert_false(summary->has_bound_before_connect);
    fixture->kernel.sockets[TCP_STATE_ESTABLISHED] = 1;
    fixture->kernel.ports[TCP_STATE_ESTABLISHED] = 32769;
    run_for(fixture, 55 * SECOND);
    assert_int_equal(summary->used, 1);
    assert_false(summary->has_bound_before_connect);
    run_for(fixture, 10 * SECOND);
    assert_true(summary->has_bound_before_connect);
    assert_int_equal(summary->bound_before_connect, 1);
}

static void test_early_ports_samples_end_with_the_savings(void **state)
{
    struct fixture *fixture = *state;
    unsigned opens = 0;
    use_sampler_with_ports(fixture, 0.02);
    write_opens(fixture, 0);
    fake_kernel_write_sockstat(&fixture->kernel, 100000);
    fixture->kernel.cost_of_a_dump = SECOND / 10;
    run_for(fixture, 3000 * SECOND);
    int64_t cpu = fixture->kernel.cpu, start = fixture->kernel.now;
    unsigned early = 0;
    while (wait_for_ports(fixture, &opens, 20000) <= 10)
        early++;
    assert_in_range(early, 3, 5); /* 1.2 s are saved; each costs 0.4 s less what it waited */
    for (int i = 0; i < 100; i++)
        wait_for_ports(fixture, &opens, 20000);
    /* the savings of ten minutes and 2 % */
    assert_true((double)(fixture->kernel.cpu - cpu) <
                1.7 * (double)SECOND + 0.0201 * (double)(fixture->kernel.now - start));
}

static void test_time_wait_keeps_its_resolution_while_stretched(void **state)
{
    struct fixture *fixture = *state;
    fixture->kernel.cost_of_a_dump = SECOND / 10;
    run_for(fixture, 60 * SECOND);
    uint64_t established = fixture->observed[TCP_STATE_ESTABLISHED];
    uint64_t time_wait = fixture->observed[TCP_STATE_TIME_WAIT];
    uint64_t count_samples = report(fixture, SAMPLE_COUNT)->successes;
    fixture->kernel.sockets[TCP_STATE_TIME_WAIT] = 777;
    fake_kernel_write_sockstat(&fixture->kernel, 0);
    run_for(fixture, 2 * SECOND);
    assert_int_equal(fixture->last.sockets[TCP_STATE_TIME_WAIT], 777);
    run_for(fixture, 28 * SECOND);
    assert_in_range(fixture->observed[TCP_STATE_TIME_WAIT] - time_wait, 29, 31);
    assert_in_range(fixture->observed[TCP_STATE_ESTABLISHED] - established, 29, 31);
    assert_in_range(report(fixture, SAMPLE_COUNT)->successes - count_samples, 1, 10);
}

/* The histogram measures time: a lasting state counts for its duration, even with few samples. */
static void test_half_of_the_time_is_half_of_the_histogram(void **state)
{
    struct fixture *fixture = *state;
    fixture->kernel.sockets[TCP_STATE_CLOSE_WAIT] = 300;
    fake_kernel_write_sockstat(&fixture->kernel, 0);
    run_for(fixture, 600 * SECOND);
    fixture->kernel.sockets[TCP_STATE_CLOSE_WAIT] = 0;
    fake_kernel_write_sockstat(&fixture->kernel, 0);
    fixture->kernel.cost_of_a_dump = SECOND / 20; /* and each sample is expensive */
    run_for(fixture, 600 * SECOND);
    const struct histogram *histogram = &fixture->last.sampled_sockets[TCP_STATE_CLOSE_WAIT];
    double share = histogram->sum / 300 / (double)histogram->count;
    assert_true(share > 0.45 && share < 0.55);
}

/* When sampling becomes cheap again, a stretched interval ends early. */
static void test_intervals_shrink_with_the_cost(void **state)
{
    struct fixture *fixture = *state;
    fixture->kernel.cost_of_a_dump = SECOND;
    run_for(fixture, 60 * SECOND);
    fixture->kernel.cost_of_a_dump = 0;
    run_for(fixture, 300 * SECOND);
    uint64_t count = report(fixture, SAMPLE_COUNT)->successes;
    uint64_t detail = report(fixture, SAMPLE_DETAIL)->successes;
    run_for(fixture, 20 * SECOND);
    assert_in_range(report(fixture, SAMPLE_COUNT)->successes - count, 19, 21);
    assert_in_range(report(fixture, SAMPLE_DETAIL)->successes - detail, 3, 5);
    assert_true(fixture->last.has_detail);
}

static void test_a_fast_sampler_publishes_once_a_second(void **state)
{
    struct fixture *fixture = *state;
    struct sampler_options fast = defaults;
    fast.interval = SECOND / 50;
    fast.detail_interval = 10 * SECOND;
    struct sampler *sampler =
        sampler_create(&fast, &fixture->kernel.access, &fixture->kernel.clock, keep, fixture);
    sampler_destroy(fixture->sampler);
    fixture->sampler = sampler;
    run_for(fixture, 10 * SECOND);
    assert_in_range(fixture->snapshots, 9, 12);
    assert_in_range(fixture->observed[TCP_STATE_ESTABLISHED], 450, 501);
}

static void test_an_expensive_page_gets_a_quarter_of_the_budget(void **state)
{
    struct fixture *fixture = *state;
    struct sampler_options options = defaults;
    options.detail_interval = 3600 * SECOND;
    replace_sampler(fixture, &options);
    fixture->cost_of_a_snapshot = SECOND / 50; /* at half a percent, every 4 s */
    run_for(fixture, 400 * SECOND);
    assert_in_range(fixture->snapshots, 99, 102);
    assert_true(report(fixture, SAMPLE_COUNT)->interval_seconds == 1);
}

static void test_an_expensive_reading_of_time_wait_gets_a_quarter_of_the_budget(void **state)
{
    struct fixture *fixture = *state;
    fixture->kernel.cost_of_a_dump = SECOND;
    fixture->kernel.cost_of_a_reading = SECOND / 100; /* at half a percent, every 2 s and more */
    run_for(fixture, 60 * SECOND);
    uint64_t observed = fixture->observed[TCP_STATE_TIME_WAIT];
    run_for(fixture, 900 * SECOND);
    assert_in_range(fixture->observed[TCP_STATE_TIME_WAIT] - observed, 290, 301);
}

static void test_expensive_details_are_stretched_between_rare_counts(void **state)
{
    struct fixture *fixture = *state;
    struct sampler_options options = defaults;
    options.interval = 3600 * SECOND;
    replace_sampler(fixture, &options);
    run_for(fixture, 10 * SECOND);
    fixture->kernel.cost_of_a_dump = SECOND; /* of 2 %: once in 50 s */
    run_for(fixture, 1000 * SECOND);
    assert_in_range(report(fixture, SAMPLE_DETAIL)->successes, 15, 25);
}

static void test_all_that_is_measured_is_in_the_reports(void **state)
{
    struct fixture *fixture = *state;
    fixture->kernel.cost_of_a_reading = SECOND / 10; /* whatever is measured is between two */
    run_for(fixture, 600 * SECOND);
    double reported =
        report(fixture, SAMPLE_COUNT)->cpu_seconds + report(fixture, SAMPLE_DETAIL)->cpu_seconds;
    double measured = (double)fixture->kernel.cpu / (double)SECOND / 2;
    assert_true(report(fixture, SAMPLE_COUNT)->interval_seconds > 10); /* TIME_WAIT between */
    assert_true(reported > measured - 0.15 && reported < measured + 0.15);
}

static void test_a_page_is_made_after_each_detail_sample(void **state)
{
    struct fixture *fixture = *state;
    fixture->cost_of_a_snapshot = SECOND; /* otherwise every 10 s */
    run_for(fixture, 100 * SECOND);
    assert_int_equal(report(fixture, SAMPLE_DETAIL)->successes, 20);
    assert_in_range(fixture->snapshots, 20, 21);
    struct snapshot before = fixture->last;
    fixture->kernel.sockets[TCP_STATE_CLOSE_WAIT] = 7;
    fixture->kernel.now += 5 * SECOND;
    sampler_step(fixture->sampler);
    assert_int_equal(before.detail.sockets[IP_FAMILY_IPV4][TCP_STATE_CLOSE_WAIT], 0);
    assert_int_equal(fixture->last.detail.sockets[IP_FAMILY_IPV4][TCP_STATE_CLOSE_WAIT], 7);
}

/* After a count sample that was late by `late`, the next tick is on time: is it a count sample
 * too? */
static bool is_counted_after(int64_t late)
{
    struct fixture *fixture;
    set_up((void **)&fixture);
    int64_t tick = sampler_step(fixture->sampler);
    fixture->kernel.now = tick + late;
    assert_int_equal(sampler_step(fixture->sampler), tick + SECOND);
    fixture->kernel.now = tick + SECOND;
    sampler_step(fixture->sampler);
    sampler_publish(fixture->sampler);
    uint64_t samples = report(fixture, SAMPLE_COUNT)->successes;
    assert_in_range(samples, 2, 3);
    tear_down((void **)&fixture);
    return samples == 3;
}

static void test_samples_due_within_half_a_tick_are_due_now(void **state)
{
    (void)state;
    assert_true(is_counted_after(SECOND / 2));
    assert_false(is_counted_after(SECOND / 2 + 1));
}

static void test_samples_that_wait_long_are_shown(void **state)
{
    struct fixture *fixture = *state;
    fixture->kernel.wait_of_a_dump = 8 * SECOND; /* without CPU time: other processes use it */
    for (int i = 0; i < 20; i++)
        sampler_step(fixture->sampler);
    assert_true(report(fixture, SAMPLE_COUNT)->interval_seconds == 1);
    assert_true(report(fixture, SAMPLE_DETAIL)->interval_seconds == 5);
    assert_int_equal(fixture->bare, 0);

    fixture->kernel.answer = ANSWER_NO_SOCKET;
    sampler_step(fixture->sampler);
    assert_false(fixture->last.has_counts); /* 24 s old: the limit is 3 s and 16 s */
    assert_false(fixture->last.has_detail); /* 32 s old: the limit is 15 s and 16 s */
}

static void test_at_long_intervals_the_page_is_renewed_every_ten_seconds(void **state)
{
    struct fixture *fixture = *state;
    struct sampler_options slow = defaults;
    slow.interval = slow.detail_interval = 3600 * SECOND;
    replace_sampler(fixture, &slow);
    run_for(fixture, 3600 * SECOND);
    assert_in_range(fixture->snapshots, 360, 361);
    assert_int_equal(report(fixture, SAMPLE_COUNT)->successes, 1);
    assert_int_equal(report(fixture, SAMPLE_DETAIL)->successes, 1);
}

static void test_a_snapshot_has_the_time_when_the_next_would_be_late(void **state)
{
    struct fixture *fixture = *state;
    run_for(fixture, 20 * SECOND);
    assert_int_equal(fixture->last.next_within, 30 * SECOND);
    fixture->kernel.cost_of_a_dump = 2 * SECOND;
    run_for(fixture, 1000 * SECOND); /* both samples, even at long intervals */
    assert_int_equal(fixture->last.next_within, 3 * (10 + 2 + 2) * SECOND);
}

static void test_the_next_snapshot_is_in_time_even_with_long_samples(void **state)
{
    struct fixture *fixture = *state;
    for (int64_t seconds = 1; seconds <= 64; seconds *= 2) {
        fixture->kernel.cost_of_a_dump = seconds * SECOND / 2;
        run_for(fixture, 10000 * SECOND);
    }
    assert_int_equal(fixture->late, 0);
    assert_true(fixture->snapshots > 1000);
}

/* An answer of the kernel, and its expected reason. */
static const struct {
    enum fake_answer answer;
    enum fault_reason reason;
} bad_answers[] = {
    {ANSWER_NO_SOCKET, FAULT_NETLINK_OPEN},        {ANSWER_ERROR, FAULT_NETLINK_REFUSED},
    {ANSWER_ERROR_IN_DONE, FAULT_NETLINK_REFUSED}, {ANSWER_TRUNCATED, FAULT_NETLINK_TRUNCATED},
    {ANSWER_SHORT, FAULT_NETLINK_MALFORMED},       {ANSWER_SILENCE, FAULT_NETLINK_RECEIVE},
};

static void test_bad_answers_are_counted_and_survived(void **state)
{
    struct fixture *fixture = *state;
    fixture->kernel.sockets[TCP_STATE_LISTEN] = 3;
    fake_kernel_write_sockstat(&fixture->kernel, 0);
    run_for(fixture, 3 * SECOND);
    for (size_t i = 0; i < sizeof bad_answers / sizeof bad_answers[0]; i++) {
        uint64_t before = failures(fixture, bad_answers[i].reason);
        uint64_t failed = report(fixture, SAMPLE_COUNT)->failures;
        fixture->kernel.answer = bad_answers[i].answer;
        run_for(fixture, 5 * SECOND);
        assert_int_equal(failures(fixture, bad_answers[i].reason) - before, 6);
        assert_int_equal(report(fixture, SAMPLE_COUNT)->failures - failed, 5);
        assert_false(fixture->last.has_counts);

        fixture->kernel.answer = ANSWER_ROWS;
        run_for(fixture, 5 * SECOND);
        assert_true(fixture->last.has_counts);
        assert_int_equal(fixture->last.sockets[TCP_STATE_LISTEN], 3);
    }
}

static void test_a_failed_sample_keeps_the_last_numbers_for_three_intervals(void **state)
{
    struct fixture *fixture = *state;
    fixture->kernel.sockets[TCP_STATE_CLOSE_WAIT] = 9;
    fixture->kernel.sockets[TCP_STATE_LISTEN] = 2;
    fake_kernel_write_sockstat(&fixture->kernel, 0);
    run_for(fixture, 2 * SECOND);
    fixture->kernel.answer = ANSWER_ERROR_IN_DONE; /* like an error after half of the rows */
    fixture->kernel.sockets[TCP_STATE_CLOSE_WAIT] = 5;
    run_for(fixture, 2 * SECOND);
    assert_true(fixture->last.has_counts);
    assert_int_equal(fixture->last.sockets[TCP_STATE_CLOSE_WAIT], 9);
    assert_int_equal(fixture->last.queue_count, 1);
    run_for(fixture, 3 * SECOND);
    assert_false(fixture->last.has_counts);
    assert_true(fixture->last.has_detail); /* its intervals are longer */
    run_for(fixture, 15 * SECOND);
    assert_false(fixture->last.has_detail);
    assert_true(fixture->last.has_counters); /* other files, which are valid */
}

static void test_what_never_succeeded_is_not_shown(void **state)
{
    struct fixture *fixture = *state;
    struct sampler_options slow = defaults; /* three intervals are longer than the host is up */
    slow.interval = slow.detail_interval = 3600 * SECOND;
    replace_sampler(fixture, &slow);
    fixture->kernel.answer = ANSWER_ERROR;
    run_for(fixture, 20 * SECOND);
    assert_false(fixture->last.has_counts);
    assert_false(fixture->last.has_detail);
}

static void test_unreadable_totals_fail_the_count_sample_only(void **state)
{
    struct fixture *fixture = *state;
    fake_kernel_write(&fixture->kernel, "thread-self/net/sockstat", NULL);
    run_for(fixture, 10 * SECOND);
    assert_int_equal(report(fixture, SAMPLE_COUNT)->successes, 0);
    assert_int_equal(report(fixture, SAMPLE_DETAIL)->successes, 2);
    assert_int_equal(failures(fixture, FAULT_PROC_READ), 10 + 10); /* and the memory of TCP */
    assert_false(fixture->last.has_pressure);
    fake_kernel_write_sockstat(&fixture->kernel, 0);
    run_for(fixture, 2 * SECOND);
    assert_true(fixture->last.has_counts);
}

static void test_unreadable_counters_lose_only_themselves(void **state)
{
    struct fixture *fixture = *state;
    fake_kernel_write(&fixture->kernel, "thread-self/net/netstat", "TcpExt: TW\nTcpExt: x\n");
    fake_kernel_write(&fixture->kernel, "sys/net/ipv4/tcp_tw_reuse", NULL);
    run_for(fixture, 3 * SECOND);
    assert_true(fixture->last.has_counts);
    assert_true(fixture->last.has_counters);
    assert_int_equal(fixture->last.counters.listen_drops, PROCFS_ABSENT);
    assert_int_equal(fixture->last.counters.passive_opens, 8);
    assert_true(fixture->last.has_settings);
    assert_int_equal(fixture->last.settings.tw_reuse, PROCFS_ABSENT);
    assert_int_equal(fixture->last.settings.time_wait_limit, 262144);
    assert_int_equal(failures(fixture, FAULT_PROC_PARSE), 3);
    assert_int_equal(failures(fixture, FAULT_PROC_READ), 3);
}

static void test_without_any_of_their_files_there_are_no_counters_and_settings(void **state)
{
    struct fixture *fixture = *state;
    run_for(fixture, 2 * SECOND);
    assert_true(fixture->last.has_counters && fixture->last.has_settings);
    fake_kernel_write(&fixture->kernel, "thread-self/net/netstat", NULL);
    fake_kernel_write(&fixture->kernel, "thread-self/net/snmp", NULL);
    fake_kernel_write(&fixture->kernel, "sys/net/ipv4/tcp_max_tw_buckets", NULL);
    fake_kernel_write(&fixture->kernel, "sys/net/ipv4/tcp_tw_reuse", NULL);
    run_for(fixture, SECOND);
    assert_false(fixture->last.has_counters || fixture->last.has_settings);
    fake_kernel_write(&fixture->kernel, "sys/net/ipv4/tcp_max_tw_buckets", "-1\n");
    run_for(fixture, SECOND);
    assert_true(fixture->last.has_settings); /* that there is no limit is known */
    assert_int_equal(fixture->last.settings.time_wait_limit, PROCFS_UNLIMITED);
}

static void test_a_kernel_without_udp_diag_loses_only_the_ports_of_udp(void **state)
{
    struct fixture *fixture = *state;
    struct sampler_options with_ports = defaults;
    with_ports.collect_ports = true;
    replace_sampler(fixture, &with_ports);
    fixture->kernel.udp_is_missing = true;
    run_for(fixture, 10 * SECOND);
    assert_true(fixture->last.has_detail);
    assert_true(fixture->last.ports[SOCKET_TCP].present);
    assert_false(fixture->last.ports[SOCKET_UDP].present);
    assert_int_equal(fixture->last.ports[SOCKET_TCP].summary.usable, 28232);
    assert_int_equal(failures(fixture, FAULT_NETLINK_REFUSED), 2);
    fixture->kernel.udp_is_missing = false;
    run_for(fixture, 5 * SECOND);
    assert_true(fixture->last.ports[SOCKET_UDP].present);
}

static void test_unreadable_port_settings_lose_only_the_ports(void **state)
{
    struct fixture *fixture = *state;
    struct sampler_options with_ports = defaults;
    with_ports.collect_ports = true;
    replace_sampler(fixture, &with_ports);
    fake_kernel_write(&fixture->kernel, "sys/net/ipv4/ip_local_reserved_ports", "80-\n");
    run_for(fixture, 10 * SECOND);
    assert_true(fixture->last.has_detail);
    assert_false(fixture->last.ports[SOCKET_TCP].present);
    assert_int_equal(failures(fixture, FAULT_PROC_PARSE), 2);
    fake_kernel_write(&fixture->kernel, "sys/net/ipv4/ip_local_reserved_ports", "40000-40009,80\n");
    run_for(fixture, 5 * SECOND);
    assert_int_equal(fixture->last.ports[SOCKET_TCP].summary.reserved, 10);
    assert_int_equal(fixture->last.ports[SOCKET_TCP].summary.usable, 28222);
}

static void test_the_identity_is_given_up_after_three_contradictions(void **state)
{
    struct fixture *fixture = *state;
    fixture->kernel.sockets[TCP_STATE_ESTABLISHED] = 50;
    fixture->kernel.sockets[TCP_STATE_TIME_WAIT] = 40;
    fake_kernel_write_sockstat(&fixture->kernel, 1000);
    run_for(fixture, 9 * SECOND);
    assert_true(fixture->last.derived_counts_in_use);
    assert_int_equal(fixture->last.sockets[TCP_STATE_ESTABLISHED], 1050);
    assert_int_equal(fixture->last.derived_drift.established, 1000);
    assert_int_equal(fixture->last.derived_drift.time_wait, 1000);

    run_for(fixture, 6 * SECOND);
    assert_false(fixture->last.derived_counts_in_use);
    assert_int_equal(fixture->last.sockets[TCP_STATE_ESTABLISHED], 50);
    assert_int_equal(fixture->last.sockets[TCP_STATE_TIME_WAIT], 40);

    fake_kernel_write_sockstat(&fixture->kernel, 0);
    run_for(fixture, 60 * SECOND);
    assert_true(fixture->last.derived_counts_in_use);
    assert_int_equal(fixture->last.derived_drift.established, 0);
}

/* Count the lines on standard error while `fixture` runs for `duration`; the last of them in `last`
 * unless that is NULL. */
static unsigned read_log(struct fixture *fixture, int64_t duration, char last[256])
{
    struct stderr_lines lines = stderr_lines_start();
    run_for(fixture, duration);
    return stderr_lines_stop(&lines, last);
}

static unsigned lines_logged(struct fixture *fixture, int64_t duration)
{
    return read_log(fixture, duration, NULL);
}

static void test_a_lasting_fault_is_not_logged_every_second(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(lines_logged(fixture, 10 * SECOND), 0);
    fixture->kernel.answer = ANSWER_ERROR;
    assert_int_equal(lines_logged(fixture, 250 * SECOND), 2); /* count and detail, once each */
    assert_int_equal(lines_logged(fixture, 100 * SECOND), 2); /* a reminder */
    fixture->kernel.answer = ANSWER_ROWS;
    assert_int_equal(lines_logged(fixture, 10 * SECOND), 2); /* both work again */
    for (int turn = 0; turn < 20; turn++) {
        fixture->kernel.answer = turn % 2 ? ANSWER_ROWS : ANSWER_ERROR;
        assert_int_equal(lines_logged(fixture, 5 * SECOND),
                         0); /* the same faults, logged recently */
    }
}

static void test_the_end_of_a_fault_says_how_long_it_lasted(void **state)
{
    struct fixture *fixture = *state;
    for (int turn = 0; turn < 2; turn++) {
        char last[256];
        run_for(fixture, 400 * SECOND);
        fake_kernel_write(&fixture->kernel, "sys/net/ipv4/tcp_tw_reuse", NULL);
        run_for(fixture, 7 * SECOND);
        fake_kernel_write(&fixture->kernel, "sys/net/ipv4/tcp_tw_reuse", "1\n");
        assert_int_equal(read_log(fixture, 10 * SECOND, last), 1);
        assert_non_null(strstr(last, "failures in a row: 7"));
    }
}

static void test_the_thread_steps_and_stops(void **state)
{
    struct fixture *fixture = *state;
    struct sampler_options fast = defaults;
    fast.interval = SECOND / 100;
    fast.detail_interval = SECOND / 10;
    fast.cpu_share = 1;
    struct kernel_access access = fixture->kernel.access;
    struct sampler *sampler = sampler_create(&fast, &access, &system_clock, keep, fixture);
    struct sampler_thread *thread = sampler_thread_start(sampler);
    assert_non_null(thread);
    sampler_thread_stop(thread); /* at once, maybe before the first sample */
    sampler_publish(sampler);
    assert_true(fixture->snapshots >= 1);
    sampler_destroy(sampler);
}

#define SAMPLER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLER_TEST(test_samples_come_at_their_intervals),
        SAMPLER_TEST(test_a_count_sample_does_not_list_established_and_time_wait),
        SAMPLER_TEST(test_a_long_sample_skips_ticks),
        SAMPLER_TEST(test_expensive_samples_are_stretched_to_the_budget),
        SAMPLER_TEST(test_a_detail_sample_is_a_ports_sample_as_well),
        SAMPLER_TEST(test_ports_samples_come_between_stretched_detail_samples),
        SAMPLER_TEST(test_a_bound_over_a_threshold_brings_a_ports_sample),
        SAMPLER_TEST(test_ports_of_a_full_destination_are_not_taken_for_bound_ones),
        SAMPLER_TEST(test_early_ports_samples_end_with_the_savings),
        SAMPLER_TEST(test_time_wait_keeps_its_resolution_while_stretched),
        SAMPLER_TEST(test_half_of_the_time_is_half_of_the_histogram),
        SAMPLER_TEST(test_intervals_shrink_with_the_cost),
        SAMPLER_TEST(test_a_fast_sampler_publishes_once_a_second),
        SAMPLER_TEST(test_an_expensive_page_gets_a_quarter_of_the_budget),
        SAMPLER_TEST(test_an_expensive_reading_of_time_wait_gets_a_quarter_of_the_budget),
        SAMPLER_TEST(test_expensive_details_are_stretched_between_rare_counts),
        SAMPLER_TEST(test_all_that_is_measured_is_in_the_reports),
        SAMPLER_TEST(test_a_page_is_made_after_each_detail_sample),
        cmocka_unit_test(test_samples_due_within_half_a_tick_are_due_now),
        SAMPLER_TEST(test_samples_that_wait_long_are_shown),
        SAMPLER_TEST(test_at_long_intervals_the_page_is_renewed_every_ten_seconds),
        SAMPLER_TEST(test_a_snapshot_has_the_time_when_the_next_would_be_late),
        SAMPLER_TEST(test_the_next_snapshot_is_in_time_even_with_long_samples),
        SAMPLER_TEST(test_bad_answers_are_counted_and_survived),
        SAMPLER_TEST(test_a_failed_sample_keeps_the_last_numbers_for_three_intervals),
        SAMPLER_TEST(test_unreadable_totals_fail_the_count_sample_only),
        SAMPLER_TEST(test_unreadable_counters_lose_only_themselves),
        SAMPLER_TEST(test_a_kernel_without_udp_diag_loses_only_the_ports_of_udp),
        SAMPLER_TEST(test_unreadable_port_settings_lose_only_the_ports),
        SAMPLER_TEST(test_the_identity_is_given_up_after_three_contradictions),
        SAMPLER_TEST(test_a_lasting_fault_is_not_logged_every_second),
        SAMPLER_TEST(test_what_never_succeeded_is_not_shown),
        SAMPLER_TEST(test_without_any_of_their_files_there_are_no_counters_and_settings),
        SAMPLER_TEST(test_the_end_of_a_fault_says_how_long_it_lasted),
        SAMPLER_TEST(test_the_thread_steps_and_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
