// SPDX-License-Identifier: Apache-2.0
/*
 * How often to sample when sampling is expensive: the intervals that keep all kinds of samples
 * within a share of one CPU, and savings for samples that cannot wait. Only arithmetic.
 */
#ifndef SOCKDIAG_BUDGET_H
#define SOCKDIAG_BUDGET_H

#include "sockdiag/snapshot.h"

#include <stdint.h>

/*
 * The intervals in force, in nanoseconds: the wanted ones if the budget allows them, longer ones
 * otherwise. `costs` is the CPU time of one sample of each kind, in nanoseconds. A tenth of the
 * budget is saved. Of the rest the count sample gets up to a third, count and ports samples
 * together up to nine tenths, and the detail sample what is left. A stretched count interval is a
 * multiple of the wanted one.
 *
 * Shares refer to one CPU: 0.02 is two percent. `overhead_share` does not depend on the intervals;
 * it is subtracted from `cpu_share`, but never more than half of it.
 */
void budget_stretch(double cpu_share, double overhead_share,
                    const int64_t wanted[static SAMPLE_KINDS],
                    const int64_t costs[static SAMPLE_KINDS],
                    int64_t intervals[static SAMPLE_KINDS]);

/* The next expected cost, from the previous expectation (0: none yet) and the last cost: a rise
 * counts at once, a fall by seven eighths. */
int64_t budget_expect(int64_t expected, int64_t seen);

/*
 * CPU time saved for samples ahead of their time: a tenth of `cpu_share`, for up to ten minutes.
 * The savings of ten minutes are there from the start.
 */
struct budget_savings {
    double cpu_share;
    int64_t saved; /* nanoseconds; below 0 after a sample that cost more */
    int64_t at;    /* monotonic */
};

struct budget_savings budget_savings_make(double cpu_share, int64_t now);

/* Is anything saved at `now`? */
bool budget_savings_allow(struct budget_savings *savings, int64_t now);

void budget_savings_spend(struct budget_savings *savings, int64_t cost);

#endif
