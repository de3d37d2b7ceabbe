// SPDX-License-Identifier: Apache-2.0
/*
 * Condition variables that are waited for until a time of CLOCK_MONOTONIC, which no change of the
 * date moves.
 */
#ifndef SOCKDIAG_TIMED_CONDITION_H
#define SOCKDIAG_TIMED_CONDITION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* To be ended with pthread_cond_destroy(). */
void timed_condition_init(pthread_cond_t *condition);

/* With `mutex` held: wait until `condition` is signalled, or until `time` (CLOCK_MONOTONIC
 * nanoseconds, may be past). False when the time had come. May wake up for nothing. */
bool timed_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t time);

#endif
