// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/sampler.h"

#include "budget.h"
#include "event_sample.h"
#include "host.h"
#include "namespaces/namespaces.h"

#include <stdlib.h>
#include <string.h>

/* When the interval is under a second, the reader does not get every sample. When it is long, there
 * are more snapshots than samples, so that old numbers vanish in time and a watchdog is fed. */
static const int64_t shortest_publish_interval = NANOSECONDS_PER_SECOND;
static const int64_t longest_publish_interval = 10 * NANOSECONDS_PER_SECOND;

/* A number is shown for this many intervals after the last sample that had it, and a snapshot for
 * this many after the next one is due. */
static const int64_t intervals_shown = 3;

static const enum fault_source sources[SAMPLE_KINDS] = {
    [SAMPLE_COUNT] = SOURCE_COUNT_SAMPLE,
    [SAMPLE_PORTS] = SOURCE_PORTS_SAMPLE,
    [SAMPLE_DETAIL] = SOURCE_DETAIL_SAMPLE,
};

struct sampler {
    struct sampler_options options;
    const struct clock *clock;
    snapshot_reader *read;
    void *read_context;

    struct host host;
    struct fault_log faults;

    int64_t intervals[SAMPLE_KINDS]; /* in force, like the next two */
    int64_t tick_interval;
    int64_t publish_interval;
    int64_t costs[SAMPLE_KINDS]; /* expected CPU time in nanoseconds, like the next two */
    int64_t time_wait_cost;
    int64_t publish_cost;
    struct budget_savings savings;

    struct namespaces *namespaces; /* NULL: not collected */
    int64_t namespaces_due;        /* 0 before the first step */
    int64_t walk_due;
    bool walking;          /* a helper walks them */
    double namespaces_cpu; /* CPU seconds since the start */

    /* The monotonic time of the last attempt; 0 before the first. */
    int64_t taken[SAMPLE_KINDS]; /* a detail sample is a ports sample as well */
    int64_t published;
    int64_t next_tick; /* the time of the next one; 0: at once */
};

/* The part of the budget that reading other network namespaces may take. */
static const double namespaces_part = 0.5;

/* The part that reading and walking them may take together, and does. With 0.6 of 2 % of a CPU, the
 * exact number of a burst is known after 4 s (median) and 18 s (95th percentile), with half after
 * 28 s (tests/unit/test_walk_schedule.c). */
static const double walks_part = 0.6;

static bool create_namespaces(struct sampler *sampler, const struct sampler_options *options,
                              const struct kernel_access *kernel, const struct clock *clock)
{
    const struct namespaces_options wanted = {
        .include = options->namespaces_include,
        .exclude = options->namespaces_exclude,
        .max = options->namespaces_max,
        .cpu_share = namespaces_part * options->cpu_share,
        .peak_window = options->peak_window,
    };
    const struct namespaces_roots roots = {kernel->proc_root, kernel->netns_root,
                                           kernel->pod_logs_root};
    if (options->collect_namespaces)
        sampler->namespaces = namespaces_create(&wanted, &roots, clock);
    if (!sampler->namespaces || !kernel->netns_helper)
        return sampler->namespaces || !options->collect_namespaces;
    const struct walker_options walks = {
        .cpu_share = walks_part * options->cpu_share,
        .interval = options->detail_interval,
        .peak_window = options->peak_window,
    };
    sampler->walking = true;
    return namespaces_start_walks(sampler->namespaces, kernel->netns_helper, &walks);
}

struct sampler *sampler_create(const struct sampler_options *options,
                               const struct kernel_access *kernel, const struct clock *clock,
                               snapshot_reader *read, void *read_context)
{
    struct sampler *sampler = calloc(1, sizeof *sampler);
    if (!sampler || !host_init(&sampler->host, kernel, options)) {
        free(sampler);
        return NULL;
    }
    if (!create_namespaces(sampler, options, kernel, clock)) {
        sampler_destroy(sampler);
        return NULL;
    }
    sampler->options = *options;
    sampler->clock = clock;
    sampler->read = read;
    sampler->read_context = read_context;
    sampler->intervals[SAMPLE_COUNT] = options->interval;
    sampler->intervals[SAMPLE_PORTS] = sampler->intervals[SAMPLE_DETAIL] = options->detail_interval;
    sampler->savings = budget_savings_make(options->cpu_share, clock_now(clock));
    sampler->tick_interval = options->interval;
    sampler->publish_interval = shortest_publish_interval;
    return sampler;
}

void sampler_destroy(struct sampler *sampler)
{
    if (!sampler)
        return;
    namespaces_destroy(sampler->namespaces);
    host_release(&sampler->host);
    free(sampler);
}

static int64_t pick_later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t pick_sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t read_cpu(const struct sampler *sampler)
{
    return sampler->clock->thread_cpu(sampler->clock->context);
}

static double to_seconds(int64_t nanoseconds)
{
    return (double)nanoseconds / (double)NANOSECONDS_PER_SECOND;
}

/* Count the CPU time used since `cpu_at_start` for `kind`, and update the expected `*cost`. */
static void book(struct sampler *sampler, enum sample_kind kind, int64_t cpu_at_start,
                 int64_t *cost)
{
    int64_t used = read_cpu(sampler) - cpu_at_start;
    *cost = budget_expect(*cost, used);
    sampler->host.snapshot.samples[kind].cpu_seconds += to_seconds(used);
}

static void report_sample(struct sampler *sampler, enum sample_kind kind, bool good, uint64_t rows,
                          int64_t started)
{
    struct sample_report *report = &sampler->host.snapshot.samples[kind];
    report->sockets_read = (double)rows;
    report->duration_seconds = to_seconds(clock_now(sampler->clock) - started);
    if (good) {
        report->successes++;
        report->last_success = clock_unix_seconds(sampler->clock);
    } else {
        report->failures++;
    }
}

bool sampler_take(struct sampler *sampler, enum sample_kind kind, struct fault *fault)
{
    struct host *host = &sampler->host;
    int64_t started = clock_now(sampler->clock);
    int64_t cpu_at_start = read_cpu(sampler);
    uint64_t rows = 0;
    bool good;
    if (kind == SAMPLE_COUNT) {
        good = host_take_counts(host, started, &rows, fault);
        host_update_bound(host, started, &sampler->faults);
    } else if (kind == SAMPLE_PORTS) {
        good = host_take_ports(host, started, &rows, &sampler->faults, fault);
    } else {
        good = host_take_detail(host, started, &rows, &sampler->faults, fault);
    }
    book(sampler, kind, cpu_at_start, &sampler->costs[kind]);
    report_sample(sampler, kind, good, rows, started);
    if (kind == SAMPLE_DETAIL && sampler->options.collect_ports)
        report_sample(sampler, SAMPLE_PORTS, host->ports[SOCKET_TCP].sampled == started, rows,
                      started);
    return good;
}

static void take_logged(struct sampler *sampler, enum sample_kind kind)
{
    struct fault fault;
    bool good = sampler_take(sampler, kind, &fault);
    fault_log_add(&sampler->faults, sources[kind], good, &fault, clock_now(sampler->clock));
}

/* Take only TIME_WAIT. The cost is booked as that of a count sample, which this replaces. */
static void take_time_wait(struct sampler *sampler)
{
    struct fault fault;
    int64_t started = clock_now(sampler->clock);
    int64_t cpu_at_start = read_cpu(sampler);

    bool good = host_take_time_wait(&sampler->host, started, &fault);
    host_update_bound(&sampler->host, started, &sampler->faults);
    fault_log_add(&sampler->faults, SOURCE_TIME_WAIT, good, &fault, started);
    book(sampler, SAMPLE_COUNT, cpu_at_start, &sampler->time_wait_cost);
}

static void step_namespaces(struct sampler *sampler)
{
    struct fault fault;
    bool failed;
    int64_t now = clock_now(sampler->clock);
    int64_t cpu_at_start = read_cpu(sampler);
    sampler->namespaces_due = namespaces_step(sampler->namespaces, now, &failed, &fault);
    fault_log_add(&sampler->faults, SOURCE_NAMESPACES, !failed, &fault, now);
    sampler->namespaces_cpu += to_seconds(read_cpu(sampler) - cpu_at_start);
}

static void step_walks(struct sampler *sampler)
{
    int64_t cpu_at_start = read_cpu(sampler);
    sampler->walk_due = namespaces_walk(sampler->namespaces, clock_now(sampler->clock));
    sampler->namespaces_cpu += to_seconds(read_cpu(sampler) - cpu_at_start);
}

void sampler_walk_all(struct sampler *sampler)
{
    if (!sampler->walking)
        return;
    step_namespaces(sampler);
    namespaces_walk_all(sampler->namespaces);
}

static void describe_namespaces(struct sampler *sampler, int64_t busy)
{
    struct namespaces_snapshot *snapshot = &sampler->host.snapshot.namespaces;
    if (!sampler->namespaces)
        return;
    namespaces_describe(sampler->namespaces, clock_now(sampler->clock), busy, snapshot);
    snapshot->cpu_seconds = sampler->namespaces_cpu;
}

void sampler_publish(struct sampler *sampler)
{
    struct snapshot *snapshot = &sampler->host.snapshot;
    if (sampler->namespaces && sampler->namespaces_due == 0)
        step_namespaces(sampler);
    int64_t cpu_at_start = read_cpu(sampler);
    host_read_counters(&sampler->host, clock_now(sampler->clock), &sampler->faults);
    host_read_events(&sampler->host, clock_now(sampler->clock));
    /* A sample waits for the one before it, so its numbers get older by the duration of all. */
    double durations = 0;
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++)
        durations += snapshot->samples[kind].duration_seconds;
    int64_t busy = (int64_t)(durations * (double)NANOSECONDS_PER_SECOND);
    int64_t ages[SAMPLE_KINDS];
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++) {
        ages[kind] = intervals_shown * sampler->intervals[kind] + busy;
        snapshot->samples[kind].interval_seconds = to_seconds(sampler->intervals[kind]);
    }
    host_describe(&sampler->host, clock_now(sampler->clock), ages);
    describe_namespaces(sampler, busy);
    snapshot->next_within = intervals_shown * (longest_publish_interval + busy);
    memcpy(snapshot->errors, sampler->faults.count, sizeof snapshot->errors);

    sampler->read(sampler->read_context, snapshot);
    sampler->published = clock_now(sampler->clock);
    book(sampler, SAMPLE_COUNT, cpu_at_start, &sampler->publish_cost);
}

/* The shortest interval that keeps a task of this cost within `share` of a CPU. */
static int64_t spread_cost(int64_t cost, double share)
{
    return (int64_t)((double)cost / share);
}

/* Apply the budget to the expected costs: at most half of it is for work between samples. */
static void stretch_intervals(struct sampler *sampler)
{
    const struct sampler_options *options = &sampler->options;
    double share = options->cpu_share;
    if (sampler->walking)
        share -= walks_part * share;
    else if (sampler->namespaces)
        share -= namespaces_load(sampler->namespaces);
    double quarter = share / 4;
    int64_t ticks = spread_cost(sampler->time_wait_cost, quarter) / options->interval + 1;
    sampler->tick_interval = ticks * options->interval;
    sampler->publish_interval = pick_sooner(
        pick_later(spread_cost(sampler->publish_cost, quarter), shortest_publish_interval),
        longest_publish_interval);

    double overhead =
        (double)sampler->publish_cost /
            (double)pick_later(sampler->publish_interval,
                               pick_sooner(sampler->tick_interval, longest_publish_interval)) +
        (double)sampler->time_wait_cost / (double)sampler->tick_interval;
    const int64_t wanted[SAMPLE_KINDS] = {
        [SAMPLE_COUNT] = sampler->tick_interval,
        [SAMPLE_PORTS] = options->detail_interval,
        [SAMPLE_DETAIL] = options->detail_interval,
    };
    budget_stretch(share, overhead, wanted, sampler->costs, sampler->intervals);
}

/* The first tick after `time`, which is not before next_tick: ticks that passed during a long
 * sample are skipped. */
static int64_t find_next_tick(const struct sampler *sampler, int64_t time)
{
    int64_t missed = (time - sampler->next_tick) / sampler->tick_interval;
    return sampler->next_tick + (missed + 1) * sampler->tick_interval;
}

/* The time when a kind of sample is due again; at once if it was never taken. */
static int64_t find_due_time(const struct sampler *sampler, enum sample_kind kind)
{
    int64_t taken = sampler->taken[kind];
    return taken == 0 ? 0 : taken + sampler->intervals[kind];
}

static void take_in_turn(struct sampler *sampler, enum sample_kind kind, int64_t now)
{
    take_logged(sampler, kind);
    sampler->taken[kind] = now;
    if (kind == SAMPLE_DETAIL)
        sampler->taken[SAMPLE_PORTS] = now;
    stretch_intervals(sampler);
}

/* Take a ports sample ahead of its time if the bound requires it and the savings allow it. The
 * savings pay for the part of the interval that it did not wait for. */
static bool take_early(struct sampler *sampler, int64_t now)
{
    int64_t interval = sampler->intervals[SAMPLE_PORTS];
    int64_t waited = now - sampler->taken[SAMPLE_PORTS];
    if (!host_needs_ports(&sampler->host) || waited < sampler->options.detail_interval ||
        !budget_savings_allow(&sampler->savings, now))
        return false;
    take_in_turn(sampler, SAMPLE_PORTS, now);
    double part = 1 - (double)waited / (double)interval;
    budget_savings_spend(&sampler->savings, (int64_t)(part * (double)sampler->costs[SAMPLE_PORTS]));
    return true;
}

/* Take the detail sample or the ports sample if one is due, or a ports sample is needed early.
 * Returns whether one was taken. */
static bool step_ports(struct sampler *sampler)
{
    int64_t now = clock_now(sampler->clock);
    if (now >= find_due_time(sampler, SAMPLE_DETAIL))
        take_in_turn(sampler, SAMPLE_DETAIL, now);
    else if (!sampler->options.collect_ports)
        return false;
    else if (now >= find_due_time(sampler, SAMPLE_PORTS))
        take_in_turn(sampler, SAMPLE_PORTS, now);
    else
        return take_early(sampler, now);
    return true;
}

/* Take the count sample or its replacement, if a tick is due. `nearly` is half a tick from now:
 * samples due before then are taken at this tick. */
static void step_count(struct sampler *sampler, int64_t started, int64_t nearly)
{
    if (started < sampler->next_tick)
        return;
    if (nearly >= find_due_time(sampler, SAMPLE_COUNT)) {
        take_in_turn(sampler, SAMPLE_COUNT, started);
    } else {
        take_time_wait(sampler);
        stretch_intervals(sampler);
    }
    if (sampler->next_tick == 0)
        sampler->next_tick = started;
    sampler->next_tick = find_next_tick(sampler, clock_now(sampler->clock));
}

int64_t sampler_step(struct sampler *sampler)
{
    /* The ports come first: they may take long, and earlier counts would then be old. */
    bool measured = step_ports(sampler);
    int64_t started = clock_now(sampler->clock);
    int64_t nearly = started + sampler->tick_interval / 2;
    step_count(sampler, started, nearly);
    if (sampler->namespaces)
        step_namespaces(sampler);
    if (sampler->walking && clock_now(sampler->clock) >= sampler->walk_due)
        step_walks(sampler);
    if (measured || nearly >= sampler->published + sampler->publish_interval)
        sampler_publish(sampler);
    int64_t next = pick_sooner(sampler->next_tick, find_due_time(sampler, SAMPLE_DETAIL));
    if (sampler->options.collect_ports)
        next = pick_sooner(next, find_due_time(sampler, SAMPLE_PORTS));
    if (sampler->namespaces)
        next = pick_sooner(next, sampler->namespaces_due);
    if (sampler->walking)
        next = pick_sooner(next, sampler->walk_due);
    return pick_sooner(next, sampler->published + longest_publish_interval);
}
