// SPDX-License-Identifier: Apache-2.0
/*
 * The clocks, in one struct that a test can replace. All values are nanoseconds; 64 signed bits
 * hold 292 years.
 */
#ifndef SOCKDIAG_CLOCK_H
#define SOCKDIAG_CLOCK_H

#include <stdint.h>

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)

/* Each function is called with `context`. */
struct clock {
    int64_t (*monotonic)(void *context);  /* since an arbitrary time, never steps */
    int64_t (*unix_time)(void *context);  /* since 1970-01-01 UTC, may step */
    int64_t (*thread_cpu)(void *context); /* CPU, user and system, of the calling thread */
    void *context;
};

/* Monotonic nanoseconds. */
static inline int64_t clock_now(const struct clock *clock)
{
    return clock->monotonic(clock->context);
}

static inline double clock_unix_seconds(const struct clock *clock)
{
    return (double)clock->unix_time(clock->context) / (double)NANOSECONDS_PER_SECOND;
}

/* The clocks of the kernel: CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_THREAD_CPUTIME_ID. */
extern const struct clock system_clock;

#endif
