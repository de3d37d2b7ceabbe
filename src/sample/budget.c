// SPDX-License-Identifier: Apache-2.0
#include "budget.h"

#include "base/clock.h"

#include <math.h>

/* The part of the budget for samples at their intervals; the rest is saved. */
static const double planned_part = 0.9;

/* The most of the planned part for a kind of sample and the kinds before it together. */
static const double limits[SAMPLE_KINDS] = {
    [SAMPLE_COUNT] = 1.0 / 3,
    [SAMPLE_PORTS] = 0.9,
    [SAMPLE_DETAIL] = 1,
};

/* About a century, far below the largest number of 64 bits. */
static const double longest_interval = 3e18;

/* The time over which CPU time is saved. */
static const int64_t saved_over = 600 * NANOSECONDS_PER_SECOND;

/* The interval at which `cost` takes `share` of a CPU, rounded up to a multiple of `step`; at least
 * `wanted`. */
static int64_t stretch(int64_t cost, double share, int64_t wanted, int64_t step)
{
    double needed = (double)cost / share;
    if (needed <= (double)wanted)
        return wanted;
    return (int64_t)fmin(ceil(needed / (double)step) * (double)step, longest_interval);
}

void budget_stretch(double cpu_share, double overhead_share,
                    const int64_t wanted[static SAMPLE_KINDS],
                    const int64_t costs[static SAMPLE_KINDS],
                    int64_t intervals[static SAMPLE_KINDS])
{
    double available = planned_part * fmax(cpu_share - overhead_share, cpu_share / 2);
    double spent = 0;
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++) {
        double share = available * limits[kind] - spent;
        intervals[kind] =
            stretch(costs[kind], share, wanted[kind], kind == SAMPLE_COUNT ? wanted[kind] : 1);
        spent += (double)costs[kind] / (double)intervals[kind];
    }
}

int64_t budget_expect(int64_t expected, int64_t seen)
{
    return seen >= expected ? seen : seen + (expected - seen) / 8;
}

static int64_t find_most_saved(double cpu_share)
{
    return (int64_t)((1 - planned_part) * cpu_share * (double)saved_over);
}

struct budget_savings budget_savings_make(double cpu_share, int64_t now)
{
    return (struct budget_savings){cpu_share, find_most_saved(cpu_share), now};
}

bool budget_savings_allow(struct budget_savings *savings, int64_t now)
{
    int64_t most = find_most_saved(savings->cpu_share);
    savings->saved +=
        (int64_t)((1 - planned_part) * savings->cpu_share * (double)(now - savings->at));
    savings->at = now;
    if (savings->saved > most)
        savings->saved = most;
    return savings->saved > 0;
}

void budget_savings_spend(struct budget_savings *savings, int64_t cost)
{
    savings->saved -= cost;
}
