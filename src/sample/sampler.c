// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/sampler.h"

#include "budget.h"
#include "host.h"

#include <stdlib.h>
#include <string.h>

/* At intervals under a second the reader does not get every sample. At long intervals snapshots are
 * more frequent than samples, so that old numbers vanish in time and a watchdog is fed. */
static const int64_t shortest_publish_interval = NANOSECONDS_PER_SECOND;
static const int64_t longest_publish_interval = 10 * NANOSECONDS_PER_SECOND;

/* A number is shown for this many intervals after the last sample that had it, a snapshot for as
 * many after the next is due. */
static const int64_t intervals_shown = 3;

static const enum fault_source sources[SAMPLE_KINDS] = {
    [SAMPLE_COUNT] = SOURCE_COUNT_SAMPLE,
    [SAMPLE_DETAIL] = SOURCE_DETAIL_SAMPLE,
};

struct sampler {
    struct sampler_options options;
    const struct clock *clock;
    snapshot_reader *read;
    void *read_context;

    struct host host;
    struct fault_log faults;

    struct sample_intervals intervals; /* in force, as are the next two */
    int64_t tick_interval;
    int64_t publish_interval;
    struct sample_costs costs; /* expected, as are the next two */
    int64_t time_wait_cost;
    int64_t publish_cost;

    /* The monotonic time of the last attempt; 0 before the first. */
    int64_t counted;
    int64_t detailed;
    int64_t published;
    int64_t next_tick; /* the time of the next one; 0: at once */
};

struct sampler *sampler_create(const struct sampler_options *options,
                               const struct kernel_access *kernel, const struct clock *clock,
                               snapshot_reader *read, void *read_context)
{
    struct sampler *sampler = calloc(1, sizeof *sampler);
    if (!sampler || !host_init(&sampler->host, kernel, options)) {
        free(sampler);
        return NULL;
    }
    sampler->options = *options;
    sampler->clock = clock;
    sampler->read = read;
    sampler->read_context = read_context;
    sampler->intervals = (struct sample_intervals){options->interval, options->detail_interval};
    sampler->tick_interval = options->interval;
    sampler->publish_interval = shortest_publish_interval;
    return sampler;
}

void sampler_destroy(struct sampler *sampler)
{
    if (!sampler)
        return;
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

bool sampler_take(struct sampler *sampler, enum sample_kind kind, struct fault *fault)
{
    struct sample_report *report = &sampler->host.snapshot.samples[kind];
    int64_t started = clock_now(sampler->clock);
    int64_t cpu_at_start = read_cpu(sampler);

    uint64_t rows = 0;
    bool good = kind == SAMPLE_COUNT
                    ? host_take_counts(&sampler->host, started, &rows, fault)
                    : host_take_detail(&sampler->host, started, &rows, &sampler->faults, fault);

    book(sampler, kind, cpu_at_start,
         kind == SAMPLE_COUNT ? &sampler->costs.count : &sampler->costs.detail);
    report->sockets_read = (double)rows;
    report->duration_seconds = to_seconds(clock_now(sampler->clock) - started);
    if (good) {
        report->successes++;
        report->last_success = clock_unix_seconds(sampler->clock);
    } else {
        report->failures++;
    }
    return good;
}

static void take_logged(struct sampler *sampler, enum sample_kind kind)
{
    struct fault fault;
    bool good = sampler_take(sampler, kind, &fault);
    fault_log_add(&sampler->faults, sources[kind], good, &fault, clock_now(sampler->clock));
}

/* Counted as a count sample, which it replaces. */
static void take_time_wait(struct sampler *sampler)
{
    struct fault fault;
    int64_t started = clock_now(sampler->clock);
    int64_t cpu_at_start = read_cpu(sampler);

    bool good = host_take_time_wait(&sampler->host, started, &fault);
    fault_log_add(&sampler->faults, SOURCE_TIME_WAIT, good, &fault, started);
    book(sampler, SAMPLE_COUNT, cpu_at_start, &sampler->time_wait_cost);
}

void sampler_publish(struct sampler *sampler)
{
    struct snapshot *snapshot = &sampler->host.snapshot;
    struct sample_report *count = &snapshot->samples[SAMPLE_COUNT];
    struct sample_report *detail = &snapshot->samples[SAMPLE_DETAIL];
    int64_t cpu_at_start = read_cpu(sampler);
    host_read_counters(&sampler->host, clock_now(sampler->clock), &sampler->faults);
    /* A sample waits for the one before it, so its numbers get older by the duration of both. */
    int64_t busy = (int64_t)((count->duration_seconds + detail->duration_seconds) *
                             (double)NANOSECONDS_PER_SECOND);
    host_describe(&sampler->host, clock_now(sampler->clock),
                  intervals_shown * sampler->intervals.count + busy,
                  intervals_shown * sampler->intervals.detail + busy);
    snapshot->next_within = intervals_shown * (longest_publish_interval + busy);
    count->interval_seconds = to_seconds(sampler->intervals.count);
    detail->interval_seconds = to_seconds(sampler->intervals.detail);
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
    double quarter = options->cpu_share / 4;
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
    sampler->intervals =
        budget_stretch(options->cpu_share, overhead,
                       (struct sample_intervals){sampler->tick_interval, options->detail_interval},
                       sampler->costs);
}

/* The first tick after `time`, which is not before next_tick: ticks that passed during a long
 * sample are skipped. */
static int64_t find_next_tick(const struct sampler *sampler, int64_t time)
{
    int64_t missed = (time - sampler->next_tick) / sampler->tick_interval;
    return sampler->next_tick + (missed + 1) * sampler->tick_interval;
}

/* The time when a task last done at `time` is due again; at once if it was never done. */
static int64_t find_due_time(int64_t time, int64_t interval)
{
    return time == 0 ? 0 : time + interval;
}

/* Take the detail sample if it is due. Returns whether it was. */
static bool step_detail(struct sampler *sampler)
{
    int64_t started = clock_now(sampler->clock);
    if (started < find_due_time(sampler->detailed, sampler->intervals.detail))
        return false;
    take_logged(sampler, SAMPLE_DETAIL);
    sampler->detailed = started;
    stretch_intervals(sampler);
    return true;
}

/* Take the count sample or its replacement, if a tick is due. `nearly` is half a tick from now:
 * samples due before then are taken at this tick. */
static void step_count(struct sampler *sampler, int64_t started, int64_t nearly)
{
    if (started < sampler->next_tick)
        return;
    if (nearly >= find_due_time(sampler->counted, sampler->intervals.count)) {
        take_logged(sampler, SAMPLE_COUNT);
        sampler->counted = started;
    } else {
        take_time_wait(sampler);
    }
    stretch_intervals(sampler);
    if (sampler->next_tick == 0)
        sampler->next_tick = started;
    sampler->next_tick = find_next_tick(sampler, clock_now(sampler->clock));
}

int64_t sampler_step(struct sampler *sampler)
{
    /* The detail sample comes first: it may take long, and earlier counts would then be old. */
    bool detailed = step_detail(sampler);
    int64_t started = clock_now(sampler->clock);
    int64_t nearly = started + sampler->tick_interval / 2;
    step_count(sampler, started, nearly);
    if (detailed || nearly >= sampler->published + sampler->publish_interval)
        sampler_publish(sampler);
    return pick_sooner(pick_sooner(sampler->next_tick,
                                   find_due_time(sampler->detailed, sampler->intervals.detail)),
                       sampler->published + longest_publish_interval);
}
