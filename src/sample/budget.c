// SPDX-License-Identifier: Apache-2.0
#include "budget.h"

#include <math.h>

/* The most of the budget that count samples may take. */
static const double count_limit = 0.75;

/* A century: keeps a stretched interval far from the end of 64 bits. */
static const double longest_interval = 3e18;

/* Nanoseconds, as a double to be kept in range. */
static int64_t limit_interval(double interval)
{
    return (int64_t)fmin(interval, longest_interval);
}

struct sample_intervals budget_stretch(double cpu_share, double overhead_share,
                                       struct sample_intervals wanted, struct sample_costs costs)
{
    struct sample_intervals intervals = wanted;
    double wanted_count = (double)wanted.count;
    double available = fmax(cpu_share - overhead_share, cpu_share / 2);

    double count_needs = (double)costs.count / (available * count_limit);
    if (count_needs > wanted_count)
        intervals.count = limit_interval(ceil(count_needs / wanted_count) * wanted_count);

    double left = fmax(available - (double)costs.count / (double)intervals.count,
                       available * (1 - count_limit));
    double detail_needs = (double)costs.detail / left;
    if (detail_needs > (double)wanted.detail)
        intervals.detail = limit_interval(detail_needs);
    return intervals;
}

int64_t budget_expect(int64_t expected, int64_t seen)
{
    return seen >= expected ? seen : seen + (expected - seen) / 8;
}
