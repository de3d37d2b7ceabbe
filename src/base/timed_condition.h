// SPDX-License-Identifier: Apache-2.0
/*
 * Condition variables with a timeout on CLOCK_MONOTONIC, so that a change of the date does not
 * affect it.
 */
#ifndef SOCKDIAG_TIMED_CONDITION_H
#define SOCKDIAG_TIMED_CONDITION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* End it with pthread_cond_destroy(). */
void timed_condition_init(pthread_cond_t *condition);

/* With `mutex` held: wait until `condition` is signalled, or until `time` (CLOCK_MONOTONIC
 * nanoseconds, may be past). False on timeout. May return early without a signal. */
bool timed_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t time);

#endif
