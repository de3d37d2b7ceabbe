// SPDX-License-Identifier: Apache-2.0
#include "reading_plan.h"

#include "base/clock.h"

#define SECOND NANOSECONDS_PER_SECOND

static const int64_t wanted[NETNS_FILES] = {
    [NETNS_SOCKSTAT] = SECOND,
    [NETNS_SOCKSTAT6] = 5 * SECOND,
    [NETNS_SNMP] = 5 * SECOND,
    [NETNS_NETSTAT] = 15 * SECOND,
};

static const int64_t pauses[NAMESPACE_PASSES] = {
    [PASS_NAMES] = 10 * SECOND, [PASS_ALL] = 60 * SECOND};

/* Even in a hurry: events come in groups. A new container is a veth, a name and processes. */
static const int64_t shortest_pause = SECOND;

/* The parts of the share for files and for each kind of pass, and the most of the former that
 * sockstat gets. */
static const double files_part = 0.75, pass_part = 0.125, sockstat_part = 0.75;

struct reading_plan reading_plan_make(double share)
{
    struct reading_plan plan = {.share = share};
    for (enum netns_file file = 0; file < NETNS_FILES; file++)
        plan.intervals[file] = wanted[file];
    return plan;
}

static int64_t update_cost(int64_t expected, int64_t seen)
{
    return expected == 0 ? seen : expected + (seen - expected) / 4;
}

void reading_plan_book(struct reading_plan *plan, enum netns_file file, size_t count, int64_t cpu)
{
    if (count > 0)
        plan->file_costs[file] = update_cost(plan->file_costs[file], cpu / (int64_t)count);
}

void reading_plan_book_pass(struct reading_plan *plan, enum namespace_pass pass, int64_t cpu)
{
    plan->pass_costs[pass] = update_cost(plan->pass_costs[pass], cpu);
}

/* The share of one CPU that reading the files from `first` to `last` takes at these intervals. */
static double compute_load(const struct reading_plan *plan, enum netns_file first,
                           enum netns_file last, const int64_t intervals[NETNS_FILES],
                           size_t namespaces)
{
    double load = 0;
    for (enum netns_file file = first; file <= last; file++)
        load += (double)namespaces * (double)plan->file_costs[file] / (double)intervals[file];
    return load;
}

static void stretch(struct reading_plan *plan, enum netns_file file, double factor)
{
    plan->intervals[file] = factor > 1 ? (int64_t)((double)wanted[file] * factor) : wanted[file];
}

void reading_plan_stretch(struct reading_plan *plan, size_t namespaces)
{
    double share = files_part * plan->share;
    double load = compute_load(plan, NETNS_SOCKSTAT, NETNS_SOCKSTAT, wanted, namespaces);
    stretch(plan, NETNS_SOCKSTAT, load / (sockstat_part * share));
    share -= compute_load(plan, NETNS_SOCKSTAT, NETNS_SOCKSTAT, plan->intervals, namespaces);
    load = compute_load(plan, NETNS_SOCKSTAT6, NETNS_NETSTAT, wanted, namespaces);
    for (enum netns_file file = NETNS_SOCKSTAT6; file < NETNS_FILES; file++)
        stretch(plan, file, load / share);
}

int64_t reading_plan_pause(const struct reading_plan *plan, enum namespace_pass pass, bool hurry)
{
    int64_t affordable = (int64_t)((double)plan->pass_costs[pass] / (pass_part * plan->share));
    int64_t pause = hurry ? shortest_pause : pauses[pass];
    return affordable > pause ? affordable : pause;
}

double reading_plan_load(const struct reading_plan *plan, size_t namespaces)
{
    double load = compute_load(plan, NETNS_SOCKSTAT, NETNS_NETSTAT, plan->intervals, namespaces);
    for (enum namespace_pass pass = 0; pass < NAMESPACE_PASSES; pass++)
        load += (double)plan->pass_costs[pass] / (double)reading_plan_pause(plan, pass, false);
    return load;
}
