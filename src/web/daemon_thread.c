// SPDX-License-Identifier: Apache-2.0
#include "daemon_thread.h"

#include "sockdiag/clock.h"

#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Milliseconds. At the latest after the longest wait, the daemon tries again what had failed. */
enum { LONGEST_WAIT = 1000 };

/* A row of so many turns of one kind is taken without a wait. There are two: those that the daemon
 * wants at once although nothing has happened (while a client answers in a TLS handshake, with a
 * TLS record of which only a part has come, with the size of a chunk that fills its buffer without
 * an end), and those of an event that serves nobody (a byte of a client that sends single ones, a
 * connection that cannot be accepted for want of descriptors). An answer over TLS is sent in turns
 * of the first kind, one for each record.
 */
enum { ROW = 100, TLS_RECORD = 16384 };

/* How long a turn beyond the row waits, in milliseconds, when the one before has taken `cost`
 * nanoseconds of CPU time: so that they take a tenth of a CPU at most. */
static int brake_for(int64_t cost)
{
    enum { SHORTEST = 1, LONGEST = 100 };
    int64_t wait = SHORTEST + 9 * cost / 1000000;
    return wait < LONGEST ? (int)wait : LONGEST;
}

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

/* CPU time of this thread so far, in nanoseconds. */
static int64_t thread_cpu(void)
{
    return system_clock.thread_cpu(system_clock.context);
}

static void count_turn(struct daemon_thread *thread, bool event, bool wanted_at_once)
{
    if (event) {
        thread->vain_turns += thread->vain_turns < ROW;
        thread->idle_turns -= thread->idle_turns > 0;
    } else if (wanted_at_once) {
        thread->idle_turns += thread->idle_turns < ROW;
    } else { /* it has rested */
        thread->vain_turns = thread->idle_turns = 0;
    }
}

/* Wait until the daemon is to have a turn; `cost` is that of the turn before. */
static void wait_for_turn(struct daemon_thread *thread, struct pollfd ready[static 2], int64_t cost)
{
    if (thread->vain_turns >= ROW)
        poll(ready, 1, brake_for(cost));
    int wait = milliseconds_to_wait(thread->daemon);
    bool wanted_at_once = wait == 0;
    if (wanted_at_once && thread->idle_turns >= ROW)
        wait = brake_for(cost);
    bool event = poll(ready, 2, wait) != 0;
    count_turn(thread, event, wanted_at_once);
    if (ready[0].revents)
        eventfd_read(thread->wake_fd, &(eventfd_t){0});
}

static void *run(void *context)
{
    struct daemon_thread *thread = context;
    struct MHD_Daemon *daemon = thread->daemon;
    struct pollfd ready[] = {
        {.fd = thread->wake_fd, .events = POLLIN},
        {.fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .events = POLLIN},
    };
    int64_t cost = 0;
    while (thread->order != DAEMON_END) {
        obey(thread);
        wait_for_turn(thread, ready, cost);
        bool of_interest = thread->vain_turns >= ROW || thread->idle_turns >= ROW;
        int64_t begin = of_interest ? thread_cpu() : 0;
        take_turn(daemon);
        cost = of_interest ? thread_cpu() - begin : 0;
    }
    return NULL;
}

bool daemon_thread_start(struct daemon_thread *thread, struct MHD_Daemon *daemon)
{
    thread->daemon = daemon;
    thread->order = DAEMON_RUN;
    thread->idle_turns = thread->vain_turns = 0;
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

void daemon_thread_serves(struct daemon_thread *thread, enum daemon_service service)
{
    thread->vain_turns -= (int)service;
    if (thread->vain_turns < 0)
        thread->vain_turns = 0;
}

void daemon_thread_sends(struct daemon_thread *thread, size_t bytes)
{
    int room = ROW - (int)(bytes / TLS_RECORD + 2);
    if (thread->idle_turns > room)
        thread->idle_turns = room;
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
