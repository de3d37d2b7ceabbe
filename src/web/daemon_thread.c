// SPDX-License-Identifier: Apache-2.0
#include "daemon_thread.h"

#include "base/clock.h"

#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Milliseconds. At the latest after the longest wait, the daemon tries again what had failed. */
enum { LONGEST_WAIT = 1000 };

/* What is waited for. */
enum { WAKE, DAEMON, LISTENER, WAITED_FOR };

/* A row of so many turns of one kind is taken without a wait. There are two: those that the daemon
 * wants at once although nothing has happened (while a client answers in a TLS handshake, with a
 * TLS record of which only a part has come, with the size of a chunk that fills its buffer without
 * an end), and those of an event that serves nobody (a byte of a client that sends single ones). An
 * answer over TLS is sent in turns of the first kind, one for each record.
 */
enum { ROW = 100, TLS_RECORD = 16384 };

/* How many turns with an event it takes, and some more: a TLS handshake takes 7, an answer 2. */
enum { TURNS_OF_CONNECTION = 12, TURNS_OF_REQUEST = 4 };

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

static void obey(struct daemon_thread *thread)
{
    if (thread->order != DAEMON_QUIESCE)
        return;
    thread->accepting = false;
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
static void wait_for_turn(struct daemon_thread *thread, struct pollfd ready[static WAITED_FOR],
                          int64_t cost)
{
    if (thread->vain_turns >= ROW)
        poll(&ready[WAKE], 1, brake_for(cost));
    int wait = milliseconds_to_wait(thread->daemon);
    bool wanted_at_once = wait == 0;
    if (wanted_at_once && thread->idle_turns >= ROW)
        wait = brake_for(cost);
    ready[LISTENER].fd = thread->accepting ? acceptor_poll_fd(&thread->acceptor, &wait) : -1;
    bool event = poll(ready, WAITED_FOR, wait) != 0;
    count_turn(thread, event, wanted_at_once);
    if (ready[WAKE].revents)
        eventfd_read(thread->wake_fd, &(eventfd_t){0});
}

static void make_up_for(struct daemon_thread *thread, int turns)
{
    thread->vain_turns = thread->vain_turns > turns ? thread->vain_turns - turns : 0;
}

/* Who is turned away counts, too: or those behind him in the backlog would wait. */
static void take_turn(struct daemon_thread *thread, bool somebody_knocks)
{
    if (somebody_knocks)
        make_up_for(thread, acceptor_take(&thread->acceptor) * TURNS_OF_CONNECTION);
    MHD_run(thread->daemon);
}

static void *run(void *context)
{
    struct daemon_thread *thread = context;
    int epoll_fd = MHD_get_daemon_info(thread->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    struct pollfd ready[WAITED_FOR] = {
        [WAKE] = {.fd = thread->wake_fd, .events = POLLIN},
        [DAEMON] = {.fd = epoll_fd, .events = POLLIN},
        [LISTENER] = {.events = POLLIN},
    };
    int64_t cost = 0;
    while (thread->order != DAEMON_END) {
        obey(thread);
        wait_for_turn(thread, ready, cost);
        bool of_interest = thread->vain_turns >= ROW || thread->idle_turns >= ROW;
        int64_t begin = of_interest ? thread_cpu() : 0;
        take_turn(thread, ready[LISTENER].revents != 0);
        cost = of_interest ? thread_cpu() - begin : 0;
    }
    return NULL;
}

bool daemon_thread_start(struct daemon_thread *thread, struct MHD_Daemon *daemon, int listen_fd,
                         unsigned limit)
{
    thread->daemon = daemon;
    thread->acceptor = (struct acceptor){.fd = listen_fd, .daemon = daemon, .limit = limit};
    thread->accepting = true;
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

void daemon_thread_serves_request(struct daemon_thread *thread)
{
    make_up_for(thread, TURNS_OF_REQUEST);
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
