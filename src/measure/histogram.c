// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/histogram.h"

#include <assert.h>

struct histogram histogram_make(const double *bounds, size_t bound_count)
{
    assert(bound_count <= HISTOGRAM_MAX_BOUNDS);
    return (struct histogram){.bounds = bounds, .bound_count = bound_count};
}

void histogram_observe(struct histogram *histogram, double value)
{
    size_t bucket = 0;
    while (bucket < histogram->bound_count && value > histogram->bounds[bucket])
        bucket++;
    histogram->buckets[bucket]++;
    histogram->count++;
    histogram->sum += value;
}
