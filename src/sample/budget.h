// SPDX-License-Identifier: Apache-2.0
/*
 * How often to sample when sampling is expensive: the intervals that keep both samples within a
 * share of one CPU. Only arithmetic.
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
 * The intervals in force: the wanted ones if the budget allows them, longer ones otherwise. The
 * count sample has priority, with up to three quarters of the budget; the detail sample gets the
 * rest. A stretched count interval is a multiple of the wanted one.
 *
 * Shares refer to one CPU: 0.02 is two percent. `overhead_share` does not depend on the intervals;
 * it is subtracted from `cpu_share`, but never more than half of it.
 */
struct sample_intervals budget_stretch(double cpu_share, double overhead_share,
                                       struct sample_intervals wanted, struct sample_costs costs);

/* The next expected cost, from the previous expectation (0: none yet) and the last cost: a rise
 * counts at once, a fall by seven eighths. */
int64_t budget_expect(int64_t expected, int64_t seen);

#endif
