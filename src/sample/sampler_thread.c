// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/sampler.h"

#include "base/thread.h"
#include "base/timed_condition.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct sampler_thread {
    struct sampler *sampler;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t stopped; /* signalled once `stop` is set */
    bool stop;              /* under `mutex` */
};

/* Wait until `time` (monotonic) or a request to stop. Returns whether to stop. */
static bool wait_until(struct sampler_thread *thread, int64_t time)
{
    pthread_mutex_lock(&thread->mutex);
    while (!thread->stop && timed_condition_wait(&thread->stopped, &thread->mutex, time))
        ;
    bool stop = thread->stop;
    pthread_mutex_unlock(&thread->mutex);
    return stop;
}

static void *step_until_stopped(void *argument)
{
    struct sampler_thread *thread = argument;
    while (!wait_until(thread, sampler_step(thread->sampler)))
        ;
    return NULL;
}

struct sampler_thread *sampler_thread_start(struct sampler *sampler)
{
    struct sampler_thread *thread = calloc(1, sizeof *thread);
    if (!thread)
        return NULL;
    thread->sampler = sampler;
    pthread_mutex_init(&thread->mutex, NULL);
    timed_condition_init(&thread->stopped);

    int error = thread_start(&thread->thread, "sampler", step_until_stopped, thread);
    if (error) {
        pthread_cond_destroy(&thread->stopped);
        pthread_mutex_destroy(&thread->mutex);
        free(thread);
        errno = error;
        return NULL;
    }
    return thread;
}

void sampler_thread_stop(struct sampler_thread *thread)
{
    if (!thread)
        return;
    pthread_mutex_lock(&thread->mutex);
    thread->stop = true;
    pthread_cond_signal(&thread->stopped);
    pthread_mutex_unlock(&thread->mutex);
    pthread_join(thread->thread, NULL);
    pthread_cond_destroy(&thread->stopped);
    pthread_mutex_destroy(&thread->mutex);
    free(thread);
}
