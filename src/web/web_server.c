// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/web_server.h"

#include "acceptor.h"
#include "base/log.h"
#include "base/thread.h"
#include "listen_socket.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Descriptors besides connections: listening sockets, epoll, netlink, files of /proc, with room. */
static const rlim_t other_descriptors = 64;

/* The thread may take a tenth of one CPU, after a burst of a second of CPU time: whatever clients
 * do, in plain HTTP or in handshakes, before or after any password. Thousands of scrapes a second
 * take less. */
static const int64_t time_for_burst = 10 * NANOSECONDS_PER_SECOND;
enum { TIME_FOR_CPU = 10 };

/* How long requests under way are waited for at a stop. */
static const int64_t patience = 5 * NANOSECONDS_PER_SECOND;

static const int64_t milliseconds = 1000000;

/* What is waited for besides the listening sockets. */
enum { WAKE, DAEMON, LISTENERS, WAITED_FOR = LISTENERS + WEB_MAX_LISTEN_ADDRESSES };

struct web_server {
    const struct clock *clock;
    unsigned max_connections;
    struct http_site *site;
    struct web_config *config;         /* until it is served */
    bool has_tls, has_users;           /* what the configuration in force asks of clients */
    int fds[WEB_MAX_LISTEN_ADDRESSES]; /* the listening sockets */
    unsigned count;
    bool inherited; /* they are systemd's, and outlive this process */
    struct web_thread *thread;
};

/* The thread that serves all listening sockets and all their connections. Everything in src/web
 * that has to do with a connection happens in it, so nothing there needs a lock. */
struct web_thread {
    const struct web_server *server;
    struct http_daemon daemon;
    struct acceptor acceptors[WEB_MAX_LISTEN_ADDRESSES];
    unsigned count; /* of `acceptors`; 0 once it stops */
    struct pollfd ready[WAITED_FOR];
    pthread_t thread;
    int wake_fd; /* an eventfd: an update, a stop or a verdict on a password */
    int64_t cpu_seen, cpu_paid_at; /* CPU time, and when it is all paid for by time that passed */
    int64_t tended_at;
    atomic_bool stop;
    _Atomic(struct web_config *) update; /* to be taken over, or NULL */
    sem_t updated;                       /* it was taken over */
};

/* Sleep until the CPU time of the last turn is paid for. */
static void wait_for_cpu(struct web_thread *thread)
{
    int64_t now = clock_now(&system_clock), cpu = system_clock.thread_cpu(NULL);
    if (thread->cpu_paid_at < now - time_for_burst)
        thread->cpu_paid_at = now - time_for_burst;
    thread->cpu_paid_at += (cpu - thread->cpu_seen) * TIME_FOR_CPU;
    thread->cpu_seen = cpu;
    if (thread->cpu_paid_at <= now)
        return;
    struct timespec until = {(time_t)(thread->cpu_paid_at / NANOSECONDS_PER_SECOND),
                             (long)(thread->cpu_paid_at % NANOSECONDS_PER_SECOND)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

/* Wait for something to do. */
static void wait_for_event(struct web_thread *thread, int most)
{
    int wait = http_daemon_wait(&thread->daemon, most);
    for (unsigned i = 0; i < thread->count; i++)
        thread->ready[LISTENERS + i] =
            (struct pollfd){.fd = acceptor_poll_fd(&thread->acceptors[i], &thread->daemon, &wait),
                            .events = POLLIN};
    poll(thread->ready, LISTENERS + thread->count, wait);
    if (thread->ready[WAKE].revents)
        eventfd_read(thread->wake_fd, &(eventfd_t){0});
}

/* One turn, after at most `most` milliseconds. Deadlines are looked after as often as that. */
static void take_turn(struct web_thread *thread, int most)
{
    wait_for_cpu(thread);
    wait_for_event(thread, most);
    for (unsigned i = 0; i < thread->count; i++) {
        if (thread->ready[LISTENERS + i].revents)
            acceptor_take(&thread->acceptors[i], &thread->daemon);
    }
    http_daemon_run(&thread->daemon);
    int64_t now = clock_now(thread->server->clock);
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

/* Answer what was asked. */
static void drain(struct web_thread *thread)
{
    int64_t deadline = clock_now(thread->server->clock) + patience;
    thread->count = 0;
    connections_dismiss(&thread->daemon.connections);
    while (!connections_are_none(&thread->daemon.connections) &&
           clock_now(thread->server->clock) < deadline)
        take_turn(thread, 100);
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
static void free_thread(struct web_thread *thread)
{
    http_daemon_stop(&thread->daemon);
    if (thread->wake_fd >= 0)
        close(thread->wake_fd);
    sem_destroy(&thread->updated);
    free(thread);
}

/* Serve the sockets with `config`, which becomes the thread's own. NULL, with one line in `error`,
 * when there is no memory, descriptor or thread. */
static struct web_thread *start_thread(const struct web_server *server, struct web_config *config,
                                       char *error, size_t error_size)
{
    struct web_thread *thread = calloc(1, sizeof *thread);
    snprintf(error, error_size, "cannot serve %s: out of memory, descriptors or threads",
             config && config->tls ? "HTTPS" : "HTTP");
    if (!thread) {
        web_config_free(config);
        return NULL;
    }
    thread->server = server;
    thread->count = server->count;
    for (unsigned i = 0; i < server->count; i++)
        thread->acceptors[i] = (struct acceptor){.fd = server->fds[i], .number = i};
    sem_init(&thread->updated, 0, 0);
    thread->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (http_daemon_start(&thread->daemon, server->count, server->max_connections, server->site,
                          config, thread->wake_fd, server->clock) &&
        thread->wake_fd >= 0) {
        thread->ready[WAKE] = (struct pollfd){.fd = thread->wake_fd, .events = POLLIN};
        thread->ready[DAEMON] =
            (struct pollfd){.fd = http_daemon_poll_fd(&thread->daemon), .events = POLLIN};
        if (thread_start(&thread->thread, "web", serve, thread) == 0)
            return thread;
    }
    free_thread(thread);
    return NULL;
}

/* Take no more connections, answer what was asked, for five seconds at most (clients that have not
 * asked yet have two), close all connections. */
static void stop_thread(struct web_thread *thread)
{
    thread->stop = true;
    eventfd_write(thread->wake_fd, 1);
    pthread_join(thread->thread, NULL);
    free_thread(thread);
}

/* Open the listening sockets, or take those of systemd. */
static bool open_sockets(struct web_server *server, const struct web_options *options, char *error,
                         size_t error_size)
{
    server->inherited = options->systemd_socket;
    if (server->inherited) {
        server->count = (unsigned)listen_sockets_inherit(server->fds, WEB_MAX_LISTEN_ADDRESSES,
                                                         error, error_size);
        return server->count > 0;
    }
    for (size_t i = 0; i < options->listen_address_count; i++) {
        int fd = listen_socket_open(options->listen_addresses[i], error, error_size);
        if (fd < 0)
            return false;
        server->fds[server->count++] = fd;
    }
    if (listen_sockets_passed() > 0)
        log_warn("web", "systemd has passed a socket, which --web.systemd-socket would serve");
    return true;
}

/* Connections must not take the descriptors that sampling needs. With a configuration there may be
 * two threads for a while, each with its connections. */
static bool reserve_descriptors(const struct web_server *server, char *error, size_t error_size)
{
    struct rlimit limit;
    rlim_t connections = (rlim_t)(server->max_connections + CONNECTIONS_PER_TURN) * server->count;
    rlim_t wanted = connections * (server->config ? 2 : 1) + other_descriptors;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return true;
    limit.rlim_cur = wanted;
    if (wanted <= limit.rlim_max && setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return true;
    snprintf(error, error_size,
             "--web.max-connections needs %ju open files, %ju are allowed (ulimit -n, LimitNOFILE)",
             (uintmax_t)wanted, (uintmax_t)limit.rlim_max);
    return false;
}

struct web_server *web_server_create(const struct web_options *options, struct web_config *config,
                                     struct publication *publication, const struct clock *clock,
                                     char *error, size_t error_size)
{
    struct web_server *server = calloc(1, sizeof *server);
    if (!server) {
        snprintf(error, error_size, "out of memory");
        web_config_free(config);
        return NULL;
    }
    server->clock = clock;
    server->max_connections = (unsigned)options->max_connections;
    server->config = config;
    server->has_tls = config && config->tls;
    server->has_users = config && config->user_count > 0;
    server->site = http_site_create(options->telemetry_path, publication, clock);
    if (!server->site)
        snprintf(error, error_size, "out of memory");
    else if (open_sockets(server, options, error, error_size) &&
             reserve_descriptors(server, error, error_size))
        return server;
    web_server_stop(server);
    return NULL;
}

bool web_server_start(struct web_server *server, char *error, size_t error_size)
{
    struct web_config *config = server->config;
    server->config = NULL;
    server->thread = start_thread(server, config, error, error_size);
    for (unsigned i = 0; server->thread && i < server->count; i++) {
        char address[128];
        listen_socket_describe(server->fds[i], address, sizeof address);
        log_info("web", "listening on %s%s", address, server->has_tls ? " with TLS" : "");
    }
    return server->thread;
}

bool web_server_configure(struct web_server *server, struct web_config *config, char *error,
                          size_t error_size)
{
    const bool tls = config->tls, users = config->user_count > 0;
    if (!tls && !users && (server->has_tls || server->has_users)) {
        snprintf(error, error_size,
                 "it asks for neither TLS nor a password; to serve without them, start again");
        web_config_free(config);
        return false;
    }
    if (tls == server->has_tls) {
        server->thread->update = config;
        eventfd_write(server->thread->wake_fd, 1);
        while (sem_wait(&server->thread->updated) != 0)
            ; /* interrupted by a signal */
    } else {
        struct web_thread *next = start_thread(server, config, error, error_size);
        if (!next)
            return false;
        stop_thread(server->thread);
        server->thread = next;
    }
    server->has_tls = tls;
    server->has_users = users;
    return true;
}

bool web_address_is_valid(const char *address)
{
    char host[LISTEN_HOST_SIZE];
    const char *port;
    return listen_address_split(address, host, &port);
}

void web_server_stop(struct web_server *server)
{
    if (!server)
        return;
    /* A client that waits to be accepted shall not wait in vain: the sockets of systemd are taken
     * over by the next process, the others are closed before the last answers are out. */
    for (unsigned i = 0; i < server->count && !server->inherited; i++)
        shutdown(server->fds[i], SHUT_RDWR);
    if (server->thread)
        stop_thread(server->thread);
    for (unsigned i = 0; i < server->count; i++)
        close(server->fds[i]);
    http_site_destroy(server->site);
    web_config_free(server->config);
    free(server);
}

size_t web_server_requests(const struct web_server *server,
                           struct request_count counts[static REQUEST_COUNTS_MAX])
{
    return http_site_requests(server->site, counts);
}

uint64_t web_server_rejections(const struct web_server *server)
{
    return http_site_rejections(server->site);
}
