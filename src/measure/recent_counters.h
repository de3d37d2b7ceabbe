// SPDX-License-Identifier: Apache-2.0
/*
 * By how much the kernel's counters have grown in the last minute, in constant memory: readings at
 * least five seconds apart are kept.
 */
#ifndef SOCKDIAG_RECENT_COUNTERS_H
#define SOCKDIAG_RECENT_COUNTERS_H

#include "base/clock.h"
#include "kernel/procfs.h"

#include <stddef.h>
#include <stdint.h>

#define RECENT_PERIOD   (60 * NANOSECONDS_PER_SECOND)
#define RECENT_DISTANCE (5 * NANOSECONDS_PER_SECOND)

/* As many as fit into the period, and one that is older. */
enum { RECENT_READINGS = RECENT_PERIOD / RECENT_DISTANCE + 1 };

struct counter_reading {
    int64_t time;
    struct tcp_counters counters;
};

/* All zero is one without readings. */
struct recent_counters {
    struct counter_reading kept[RECENT_READINGS]; /* number n at n % RECENT_READINGS */
    size_t count;                                 /* of all that were ever kept */
    struct counter_reading latest;
};

/* Add the reading of `now`: monotonic nanoseconds, not before that of the last call. */
void recent_counters_observe(struct recent_counters *recent, int64_t now,
                             const struct tcp_counters *counters);

/*
 * Write the growth of each counter up to the last reading: since the youngest reading that is at
 * least a minute older, or else since the first. Returns the time between both in seconds, 0 before
 * the second reading. A counter that fell has not grown; the growth of one that was absent
 * at one of them is absent.
 */
double recent_counters_read(const struct recent_counters *recent, struct tcp_counters *growth);

#endif
