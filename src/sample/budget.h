// SPDX-License-Identifier: Apache-2.0
/*
 * How often to sample when sampling is expensive: the intervals that keep both samples within a
 * share of one CPU. Pure arithmetic.
 */
#ifndef SOCKDIAG_BUDGET_H
#define SOCKDIAG_BUDGET_H

#include <stdint.h>

/* All in nanoseconds. */
struct sample_intervals {
    int64_t count;
    int64_t detail;
};

/* CPU of one sample of each kind, nanoseconds. */
struct sample_costs {
    int64_t count;
    int64_t detail;
};

/*
 * The intervals in force: as wanted where the budget allows it, longer otherwise. The count sample
 * is served first, with up to three quarters of the budget; the detail sample gets what is left. A
 * stretched count interval is a whole number of the wanted ones.
 *
 * Shares are of one CPU: 0.02 is two percent. `overhead_share` is spent whatever the intervals are;
 * it comes out of `cpu_share`, but never more than half of that.
 */
struct sample_intervals budget_stretch(double cpu_share, double overhead_share,
                                       struct sample_intervals wanted, struct sample_costs costs);

/* The next cost to expect, from the one expected so far (0: none yet) and the one just seen: a rise
 * counts at once, a fall by seven eighths. */
int64_t budget_expect(int64_t expected, int64_t seen);

#endif
