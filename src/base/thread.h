// SPDX-License-Identifier: Apache-2.0
/*
 * Threads that leave signals to the main thread.
 */
#ifndef SOCKDIAG_THREAD_H
#define SOCKDIAG_THREAD_H

#include <pthread.h>

/* Start a thread called `name` (15 characters at most) that runs body(argument), with all signals
 * blocked: otherwise the kernel might deliver a signal to it that the main thread waits for. 0 or
 * an errno value. */
int thread_start(pthread_t *thread, const char *name, void *(*body)(void *), void *argument);

#endif
