// SPDX-License-Identifier: Apache-2.0
/*
 * A Prometheus histogram: how often a value was at most each bound, since the start.
 */
#ifndef SOCKDIAG_HISTOGRAM_H
#define SOCKDIAG_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_MAX_BOUNDS = 24 };

/* `bounds` is an ascending array that outlives the histogram; above the last is +Inf.
 * buckets[i] counts the values over bounds[i - 1] and up to bounds[i]: not cumulative. */
struct histogram {
    const double *bounds;
    size_t bound_count;
    uint64_t buckets[HISTOGRAM_MAX_BOUNDS + 1];
    uint64_t count;
    double sum;
};

/* An empty histogram. bound_count is at most HISTOGRAM_MAX_BOUNDS. */
struct histogram histogram_make(const double *bounds, size_t bound_count);

/* `value` is not NaN. */
void histogram_observe(struct histogram *histogram, double value);

#endif
