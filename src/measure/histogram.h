// SPDX-License-Identifier: Apache-2.0
/*
 * A Prometheus histogram of the values since the start, with two sets of buckets: classic ones with
 * given bounds, and native ones, eight for each doubling of the value. A scrape in protobuf
 * has the native ones that are not empty.
 */
#ifndef SOCKDIAG_HISTOGRAM_H
#define SOCKDIAG_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_MAX_BOUNDS = 24,
    /* In Prometheus' schema 3, native bucket n has the values above 2^((n - 1) / 8) and up to
     * 2^(n / 8). */
    HISTOGRAM_NATIVE_SCHEMA = 3,
    HISTOGRAM_NATIVE_BUCKETS = 272, /* 34 doublings */
};

/* The number of the lowest native bucket. For counts it ends at 1, for shares of a port range at
 * 1/120,000. */
enum { HISTOGRAM_OF_COUNTS = 0, HISTOGRAM_OF_SHARES = -135 };

/* `bounds` is in ascending order, without +Inf, and outlives the histogram. buckets[i] counts the
 * values above bounds[i - 1] and up to bounds[i]: it is not cumulative. native_buckets[i] is bucket
 * number native_lowest + i; zeros are counted separately. */
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

/* `value` is finite and not negative. Values beyond the native buckets are counted in the first or
 * the last of them. */
void histogram_observe(struct histogram *histogram, double value);

#endif
