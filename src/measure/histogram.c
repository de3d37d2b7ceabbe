// SPDX-License-Identifier: Apache-2.0
#include "histogram.h"

#include <assert.h>
#include <math.h>

struct histogram histogram_make(const double *bounds, size_t bound_count, int native_lowest)
{
    assert(bound_count <= HISTOGRAM_MAX_BOUNDS);
    return (struct histogram){
        .bounds = bounds, .bound_count = bound_count, .native_lowest = native_lowest};
}

/* Find the number of the native bucket of a positive value. It compares with the bounds because the
 * rounding of a logarithm could put a power of two in the next bucket. */
static int find_native_bucket(double value)
{
    /* 2^(n / 8 - 1): the bounds of the buckets of fractions from 1/2 to 1. */
    static const double fractions[1 << HISTOGRAM_NATIVE_SCHEMA] = {
        0.5,
        0x1.172b83c7d517bp-1,
        0x1.306fe0a31b715p-1,
        0x1.4bfdad5362a27p-1,
        0x1.6a09e667f3bcdp-1,
        0x1.8ace5422aa0dbp-1,
        0x1.ae89f995ad3adp-1,
        0x1.d5818dcfba487p-1,
    };
    int exponent, part = 0;
    double fraction = frexp(value, &exponent);
    while (part < 1 << HISTOGRAM_NATIVE_SCHEMA && fraction > fractions[part])
        part++;
    return (exponent - 1) * (1 << HISTOGRAM_NATIVE_SCHEMA) + part;
}

static void observe_native(struct histogram *histogram, double value)
{
    if (value <= 0) {
        histogram->zeros++;
        return;
    }
    int bucket = find_native_bucket(value) - histogram->native_lowest;
    if (bucket < 0)
        bucket = 0;
    if (bucket >= HISTOGRAM_NATIVE_BUCKETS)
        bucket = HISTOGRAM_NATIVE_BUCKETS - 1;
    histogram->native_buckets[bucket]++;
}

void histogram_observe(struct histogram *histogram, double value)
{
    size_t bucket = 0;
    while (bucket < histogram->bound_count && value > histogram->bounds[bucket])
        bucket++;
    histogram->buckets[bucket]++;
    histogram->count++;
    histogram->sum += value;
    observe_native(histogram, value);
}
