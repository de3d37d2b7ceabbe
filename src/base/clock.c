// SPDX-License-Identifier: Apache-2.0
#include "clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
    /* Every Linux kernel has these clocks, so this cannot fail. */
    struct timespec now = {0};
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * NANOSECONDS_PER_SECOND + now.tv_nsec;
}

static int64_t read_monotonic(void *context)
{
    (void)context;
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t read_unix_time(void *context)
{
    (void)context;
    return read_clock(CLOCK_REALTIME);
}

static int64_t read_thread_cpu(void *context)
{
    (void)context;
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

const struct clock system_clock = {
    .monotonic = read_monotonic,
    .unix_time = read_unix_time,
    .thread_cpu = read_thread_cpu,
};
