// SPDX-License-Identifier: Apache-2.0
/*
 * How often to sample when sampling is expensive: intervals that keep all kinds of samples within a
 * share of one CPU, and what of it is saved for samples that cannot wait. Pure arithmetic.
 */
#ifndef SOCKDIAG_BUDGET_H
#define SOCKDIAG_BUDGET_H

#include "sockdiag/snapshot.h"

#include <stdint.h>

/*
 * The intervals in force, in nanoseconds: as wanted where the budget allows it, longer otherwise.
 * `costs` is the CPU time of one sample of each kind, in nanoseconds. The count sample is served
 * first, with at most half of what is planned, then the ports sample, which leaves a tenth at
 * least; the detail sample gets the rest. A stretched count interval is a multiple of the wanted
 * one.
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
 * CPU time that is saved for samples ahead of their time: a tenth of `cpu_share`, over ten minutes
 * at most. It begins full.
 */
struct budget_savings {
    double cpu_share;
    int64_t saved; /* nanoseconds; below 0 after a sample that took more than there was */
    int64_t at;    /* monotonic */
};

struct budget_savings budget_savings_make(double cpu_share, int64_t now);

/* Is anything left at `now`? */
bool budget_savings_allow(struct budget_savings *savings, int64_t now);

void budget_savings_spend(struct budget_savings *savings, int64_t cost);

#endif
