// SPDX-License-Identifier: Apache-2.0
#include "recent_counters.h"

#include <string.h>

void recent_counters_observe(struct recent_counters *recent, int64_t now,
                             const struct tcp_counters *counters)
{
    recent->latest = (struct counter_reading){now, *counters};
    const struct counter_reading *last =
        &recent->kept[(recent->count + RECENT_READINGS - 1) % RECENT_READINGS];
    if (recent->count == 0 || now - last->time >= RECENT_DISTANCE)
        recent->kept[recent->count++ % RECENT_READINGS] = recent->latest;
}

/* The reading from which the growth counts. */
static const struct counter_reading *find_base(const struct recent_counters *recent)
{
    size_t oldest = recent->count > RECENT_READINGS ? recent->count - RECENT_READINGS : 0;
    size_t base = oldest;
    for (size_t i = oldest; i < recent->count; i++) {
        if (recent->latest.time - recent->kept[i % RECENT_READINGS].time >= RECENT_PERIOD)
            base = i;
    }
    return &recent->kept[base % RECENT_READINGS];
}

double recent_counters_read(const struct recent_counters *recent, struct tcp_counters *growth)
{
    /* All fields are counters of 64 bits. */
    enum { COUNTERS = sizeof(struct tcp_counters) / sizeof(uint64_t) };
    const struct counter_reading *base = find_base(recent);
    uint64_t before[COUNTERS], after[COUNTERS];
    memcpy(before, &base->counters, sizeof before);
    memcpy(after, &recent->latest.counters, sizeof after);
    for (size_t i = 0; i < COUNTERS; i++) {
        bool known = procfs_is_number(before[i]) && procfs_is_number(after[i]);
        uint64_t grown = after[i] > before[i] ? after[i] - before[i] : 0;
        after[i] = known ? grown : PROCFS_ABSENT;
    }
    memcpy(growth, after, sizeof after);
    return (double)(recent->latest.time - base->time) / (double)NANOSECONDS_PER_SECOND;
}
