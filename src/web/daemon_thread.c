// SPDX-License-Identifier: Apache-2.0
#include "daemon_thread.h"

#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Milliseconds. At the latest after the longest wait, the daemon tries again what had failed. */
enum { LONGEST_WAIT = 1000, BRAKE_WAIT = 1 };

/* After so many turns in a row that served nobody, each must wait; a turn that comes because
 * nothing has happened for as long as the daemon liked begins a new row. The daemon goes on at once
 * where it can do nothing: with a TLS record of which only a part has come, with the size of a
 * chunk that fills its buffer without an end, with a connection that it cannot accept for want of
 * descriptors. So does a client that sends byte by byte. Of a long answer, which is sent in pieces,
 * there are that many without a wait: over TLS, where they have 16 kB, it goes on with 16 MB a
 * second.
 */
enum { VAIN_TURNS = 100 };

static int milliseconds_to_wait(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG wanted;
    if (MHD_get_timeout(daemon, &wanted) == MHD_YES && wanted < LONGEST_WAIT)
        return (int)wanted;
    return LONGEST_WAIT;
}

static unsigned count_connections(struct MHD_Daemon *daemon)
{
    return MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

/* Let the daemon do what there is to do. At its limit of connections it does not look at the
 * listening socket; where the last turn has ended some, only the next one does so again. */
static void take_turn(struct MHD_Daemon *daemon)
{
    unsigned before;
    do {
        before = count_connections(daemon);
        MHD_run(daemon);
    } while (count_connections(daemon) < before);
}

static void obey(struct daemon_thread *thread)
{
    if (thread->order != DAEMON_QUIESCE)
        return;
    MHD_quiesce_daemon(thread->daemon);
    thread->order = DAEMON_RUN;
    sem_post(&thread->obeyed);
}

static void *run(void *context)
{
    struct daemon_thread *thread = context;
    struct MHD_Daemon *daemon = thread->daemon;
    struct pollfd ready[] = {
        {.fd = thread->wake_fd, .events = POLLIN},
        {.fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .events = POLLIN},
    };
    while (thread->order != DAEMON_END) {
        obey(thread);
        if (thread->vain_turns >= VAIN_TURNS)
            poll(ready, 1, BRAKE_WAIT);
        int wait = milliseconds_to_wait(daemon);
        bool rested = poll(ready, 2, wait) == 0 && wait > 0;
        if (rested)
            thread->vain_turns = 0;
        else if (thread->vain_turns < VAIN_TURNS)
            thread->vain_turns++;
        if (ready[0].revents)
            eventfd_read(thread->wake_fd, &(eventfd_t){0});
        take_turn(daemon);
    }
    return NULL;
}

bool daemon_thread_start(struct daemon_thread *thread, struct MHD_Daemon *daemon)
{
    thread->daemon = daemon;
    thread->order = DAEMON_RUN;
    thread->vain_turns = 0;
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

void daemon_thread_served(struct daemon_thread *thread)
{
    thread->vain_turns = 0;
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
