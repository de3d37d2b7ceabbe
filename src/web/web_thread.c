// SPDX-License-Identifier: Apache-2.0
#include "web_thread.h"

#include "acceptor.h"
#include "base/thread.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* The thread may take a tenth of one CPU, and save up to a second of it: whatever clients do, in
 * plain HTTP or in handshakes, before or after any password. Thousands of scrapes a second take
 * less. */
static const int64_t cpu_saved_most = NANOSECONDS_PER_SECOND;
enum { TIME_FOR_CPU = 10 };

/* How long requests under way are waited for at a stop. */
static const int64_t patience = 5 * NANOSECONDS_PER_SECOND;

static const int64_t milliseconds = 1000000;

/* What is waited for besides the listening sockets. */
enum { WAKE, DAEMON, LISTENERS, WAITED_FOR = LISTENERS + WEB_MAX_LISTEN_ADDRESSES };

struct web_thread {
    const struct clock *clock;
    struct http_daemon daemon;
    struct acceptor acceptors[WEB_MAX_LISTEN_ADDRESSES];
    unsigned count; /* of `acceptors`; 0 once it stops */
    struct pollfd ready[WAITED_FOR];
    pthread_t thread;
    int wake_fd; /* an eventfd: an update, a stop or a verdict on a password */
    int64_t cpu_saved, cpu_seen, cpu_saved_at;
    int64_t tended_at;
    atomic_bool stop;
    _Atomic(struct web_config *) update; /* to be taken over, or NULL */
    sem_t updated;                       /* it was taken over */
};

/* Sleep until CPU time may be spent. */
static void wait_for_cpu(struct web_thread *thread)
{
    int64_t now = clock_now(&system_clock), cpu = system_clock.thread_cpu(NULL);
    thread->cpu_saved += (now - thread->cpu_saved_at) / TIME_FOR_CPU - (cpu - thread->cpu_seen);
    thread->cpu_saved_at = now;
    thread->cpu_seen = cpu;
    if (thread->cpu_saved > cpu_saved_most)
        thread->cpu_saved = cpu_saved_most;
    if (thread->cpu_saved >= 0)
        return;
    int64_t missing = -thread->cpu_saved * TIME_FOR_CPU;
    struct timespec wait = {missing / NANOSECONDS_PER_SECOND, missing % NANOSECONDS_PER_SECOND};
    nanosleep(&wait, NULL);
}

/* Wait for something to do. */
static void wait_for_event(struct web_thread *thread, int most)
{
    int wait = http_daemon_wait(&thread->daemon);
    if (wait > most)
        wait = most;
    for (unsigned i = 0; i < thread->count; i++)
        thread->ready[LISTENERS + i] =
            (struct pollfd){.fd = acceptor_poll_fd(&thread->acceptors[i], &thread->daemon, &wait),
                            .events = POLLIN};
    poll(thread->ready, LISTENERS + thread->count, wait);
    if (thread->ready[WAKE].revents)
        eventfd_read(thread->wake_fd, &(eventfd_t){0});
}

/* One turn, after at most `most` milliseconds. */
static void take_turn(struct web_thread *thread, int most)
{
    wait_for_cpu(thread);
    wait_for_event(thread, most);
    for (unsigned i = 0; i < thread->count; i++) {
        if (thread->ready[LISTENERS + i].revents)
            acceptor_take(&thread->acceptors[i], &thread->daemon);
    }
    http_daemon_run(&thread->daemon);
    int64_t now = clock_now(thread->clock);
    if (now - thread->tended_at >= most * milliseconds) {
        connections_end_overdue(&thread->daemon.connections);
        thread->tended_at = now;
    }
}

static void take_update(struct web_thread *thread)
{
    struct web_config *update = atomic_exchange(&thread->update, NULL);
    if (!update)
        return;
    http_daemon_configure(&thread->daemon, update);
    sem_post(&thread->updated);
}

/* Answer what was asked, then whatever waits for a password. */
static void drain(struct web_thread *thread)
{
    int64_t deadline = clock_now(thread->clock) + patience;
    thread->count = 0;
    connections_dismiss(&thread->daemon.connections);
    while (!connections_are_none(&thread->daemon.connections) &&
           clock_now(thread->clock) < deadline)
        take_turn(thread, 100);
    http_daemon_end_checks(&thread->daemon);
}

static void *serve(void *context)
{
    struct web_thread *thread = context;
    while (!thread->stop) {
        take_update(thread);
        take_turn(thread, 1000);
    }
    drain(thread);
    return NULL;
}

/* Without the thread itself. */
static void free_web_thread(struct web_thread *thread)
{
    http_daemon_stop(&thread->daemon);
    if (thread->wake_fd >= 0)
        close(thread->wake_fd);
    sem_destroy(&thread->updated);
    free(thread);
}

static bool start_thread(struct web_thread *thread, struct http_site *site,
                         unsigned max_connections, struct web_config *config)
{
    thread->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!http_daemon_start(&thread->daemon, thread->count, max_connections, site, config,
                           thread->wake_fd, thread->clock) ||
        thread->wake_fd < 0)
        return false;
    thread->ready[WAKE] = (struct pollfd){.fd = thread->wake_fd, .events = POLLIN};
    thread->ready[DAEMON] =
        (struct pollfd){.fd = http_daemon_poll_fd(&thread->daemon), .events = POLLIN};
    return thread_start(&thread->thread, "web", serve, thread) == 0;
}

struct web_thread *web_thread_start(const int *fds, unsigned count, unsigned max_connections,
                                    struct http_site *site, struct web_config *config,
                                    const struct clock *clock)
{
    struct web_thread *thread = calloc(1, sizeof *thread);
    if (!thread) {
        web_config_free(config);
        return NULL;
    }
    thread->clock = clock;
    thread->count = count;
    thread->cpu_saved_at = clock_now(&system_clock);
    thread->cpu_saved = cpu_saved_most;
    for (unsigned i = 0; i < count; i++)
        thread->acceptors[i] = (struct acceptor){.fd = fds[i], .number = i};
    sem_init(&thread->updated, 0, 0);
    if (start_thread(thread, site, max_connections, config))
        return thread;
    free_web_thread(thread);
    return NULL;
}

void web_thread_configure(struct web_thread *thread, struct web_config *config)
{
    thread->update = config;
    eventfd_write(thread->wake_fd, 1);
    while (sem_wait(&thread->updated) != 0)
        ; /* interrupted by a signal */
}

void web_thread_stop(struct web_thread *thread)
{
    if (!thread)
        return;
    thread->stop = true;
    eventfd_write(thread->wake_fd, 1);
    pthread_join(thread->thread, NULL);
    free_web_thread(thread);
}
