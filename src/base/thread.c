// SPDX-License-Identifier: Apache-2.0
#include "thread.h"

#include <signal.h>

int thread_start(pthread_t *thread, const char *name, void *(*body)(void *), void *argument)
{
    char own_name[16] = "";
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    /* The new thread inherits the name of this one. Naming it after its start would write to a file
     * of /proc, which the sandbox forbids. */
    pthread_getname_np(pthread_self(), own_name, sizeof own_name);
    pthread_setname_np(pthread_self(), name);
    int error = pthread_create(thread, NULL, body, argument);
    pthread_setname_np(pthread_self(), own_name);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}
