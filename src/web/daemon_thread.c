// SPDX-License-Identifier: Apache-2.0
#include "daemon_thread.h"

#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* For how many milliseconds the daemon can wait for something to happen; -1: for ever. */
static int time_to_wait(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG milliseconds;
    return MHD_get_timeout(daemon, &milliseconds) == MHD_YES ? (int)milliseconds : -1;
}

static void *run(void *context)
{
    struct daemon_thread *thread = context;
    struct MHD_Daemon *daemon = thread->daemon;
    struct pollfd ready[] = {
        {.fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .events = POLLIN},
        {.fd = thread->wake_fd, .events = POLLIN},
    };
    while (thread->order != DAEMON_END) {
        if (thread->order == DAEMON_QUIESCE) {
            MHD_quiesce_daemon(daemon);
            thread->order = DAEMON_RUN;
            sem_post(&thread->obeyed);
        }
        poll(ready, sizeof ready / sizeof ready[0], time_to_wait(daemon));
        if (ready[1].revents)
            eventfd_read(thread->wake_fd, &(eventfd_t){0});
        MHD_run(daemon);
    }
    return NULL;
}

bool daemon_thread_start(struct daemon_thread *thread, struct MHD_Daemon *daemon)
{
    thread->daemon = daemon;
    thread->order = DAEMON_RUN;
    thread->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (thread->wake_fd < 0)
        return false;
    sem_init(&thread->obeyed, 0, 0);
    if (pthread_create(&thread->thread, NULL, run, thread) != 0) {
        sem_destroy(&thread->obeyed);
        close(thread->wake_fd);
        return false;
    }
    pthread_setname_np(thread->thread, "web");
    return true;
}

static void give_order(struct daemon_thread *thread, enum daemon_order order)
{
    thread->order = order;
    eventfd_write(thread->wake_fd, 1);
}

void daemon_thread_quiesce(struct daemon_thread *thread)
{
    give_order(thread, DAEMON_QUIESCE);
    while (sem_wait(&thread->obeyed) != 0)
        ; /* a signal came */
}

void daemon_thread_resume(struct daemon_thread *thread, struct MHD_Connection *connection)
{
    MHD_resume_connection(connection);
    eventfd_write(thread->wake_fd, 1);
}

void daemon_thread_end(struct daemon_thread *thread)
{
    give_order(thread, DAEMON_END);
    pthread_join(thread->thread, NULL);
    sem_destroy(&thread->obeyed);
    close(thread->wake_fd);
}
