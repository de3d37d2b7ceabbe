// SPDX-License-Identifier: Apache-2.0
/*
 * A Prometheus histogram: how often a value was at most each bound, since the start. In two
 * resolutions: the classic buckets, whose bounds are chosen, and the native ones, eight for each
 * doubling of the value, which a scrape in protobuf carries where they are not empty.
 */
#ifndef SOCKDIAG_HISTOGRAM_H
#define SOCKDIAG_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_MAX_BOUNDS = 24,
    /* Prometheus' schema 3: native bucket n holds the values over 2^((n - 1) / 8) and up to
     * 2^(n / 8). So many buckets span 34 doublings. */
    HISTOGRAM_NATIVE_SCHEMA = 3,
    HISTOGRAM_NATIVE_BUCKETS = 272,
};

/* The number of the lowest native bucket: that which ends at 1 for counts, that which ends at a
 * 120,000th for shares of a port range. */
enum { HISTOGRAM_OF_COUNTS = 0, HISTOGRAM_OF_SHARES = -135 };

/* `bounds` is an ascending array that outlives the histogram; above the last is +Inf.
 * buckets[i] counts the values over bounds[i - 1] and up to bounds[i]: not cumulative.
 * native_buckets[i] is bucket number native_lowest + i; zeros are counted apart. */
struct histogram {
    const double *bounds;
    size_t bound_count;
    int native_lowest;
    uint64_t buckets[HISTOGRAM_MAX_BOUNDS + 1];
    uint64_t zeros;
    uint64_t native_buckets[HISTOGRAM_NATIVE_BUCKETS];
    uint64_t count;
    double sum;
};

/* An empty histogram. bound_count is at most HISTOGRAM_MAX_BOUNDS. */
struct histogram histogram_make(const double *bounds, size_t bound_count, int native_lowest);

/* `value` is finite and not negative. What lies beyond the native buckets counts in the outermost.
 */
void histogram_observe(struct histogram *histogram, double value);

#endif
