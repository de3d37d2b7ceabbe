// SPDX-License-Identifier: Apache-2.0
#include "timed_condition.h"

#include "clock.h"

#include <time.h>

void timed_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

bool timed_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t time)
{
    const struct timespec deadline = {
        .tv_sec = (time_t)(time / NANOSECONDS_PER_SECOND),
        .tv_nsec = (long)(time % NANOSECONDS_PER_SECOND),
    };
    return pthread_cond_timedwait(condition, mutex, &deadline) == 0;
}
