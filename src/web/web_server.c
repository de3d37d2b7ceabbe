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

/* Descriptors for all but connections: listening sockets, epoll, netlink, /proc, and a reserve. */
static const rlim_t other_descriptors = 64;

/* After a burst of a second of CPU time, the thread may take a tenth of one CPU, whatever clients
 * do: requests, handshakes, with or without a password. Thousands of scrapes a second take less. */
static const int64_t time_for_burst = 10 * NANOSECONDS_PER_SECOND;
enum { TIME_FOR_CPU = 10 };

/* How long a stop waits for the end of requests. */
static const int64_t patience = 5 * NANOSECONDS_PER_SECOND;

/* The places in the array for poll(). */
enum { WAKE, DAEMON, LISTENERS, WAITED_FOR = LISTENERS + WEB_MAX_LISTEN_ADDRESSES };

struct web_server {
    const struct clock *clock;
    unsigned max_connections;
    struct http_site site;
    int fds[WEB_MAX_LISTEN_ADDRESSES]; /* the listening sockets */
    unsigned count;
    bool inherited; /* they are systemd's, and outlive this process */
    int wake_fd;    /* an eventfd: an update, a stop or a verdict on a password */
    atomic_bool stop;
    _Atomic(struct web_config *) update; /* to be taken over, or NULL */
    sem_t updated;                       /* it was */

    /* One thread serves all listening sockets and all their connections. No other thread touches a
     * connection, so connections need no lock. */
    pthread_t thread;
    bool has_thread;
    struct http_daemon daemon;
    struct acceptor acceptors[WEB_MAX_LISTEN_ADDRESSES];
    int64_t cpu_seen, cpu_paid_at; /* CPU time used, and the time by which it is within the share */
};

/* Sleep until the CPU time of the last turns is within the share. */
static void wait_for_cpu(struct web_server *server)
{
    int64_t now = clock_now(&system_clock), cpu = system_clock.thread_cpu(NULL);
    if (server->cpu_paid_at < now - time_for_burst)
        server->cpu_paid_at = now - time_for_burst;
    server->cpu_paid_at += (cpu - server->cpu_seen) * TIME_FOR_CPU;
    server->cpu_seen = cpu;
    if (server->cpu_paid_at <= now)
        return;
    struct timespec until = {(time_t)(server->cpu_paid_at / NANOSECONDS_PER_SECOND),
                             (long)(server->cpu_paid_at % NANOSECONDS_PER_SECOND)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

/* Wait for events, for `most` milliseconds at most, and handle them; take new connections from the
 * first `listeners` sockets. */
static void take_turn(struct web_server *server, unsigned listeners, int most)
{
    struct http_daemon *daemon = &server->daemon;
    struct pollfd ready[WAITED_FOR] = {
        [WAKE] = {.fd = server->wake_fd, .events = POLLIN},
        [DAEMON] = {.fd = http_daemon_poll_fd(daemon), .events = POLLIN},
    };
    wait_for_cpu(server);
    int wait = http_daemon_wait(daemon, most);
    for (unsigned i = 0; i < listeners; i++)
        ready[LISTENERS + i] = (struct pollfd){
            .fd = acceptor_poll_fd(&server->acceptors[i], daemon, &wait), .events = POLLIN};
    poll(ready, LISTENERS + listeners, wait);
    if (ready[WAKE].revents)
        eventfd_read(server->wake_fd, &(eventfd_t){0});
    for (unsigned i = 0; i < listeners; i++) {
        if (ready[LISTENERS + i].revents)
            acceptor_take(&server->acceptors[i], daemon);
    }
    http_daemon_run(daemon);
    connections_end_overdue(&daemon->connections);
}

static void take_update(struct web_server *server)
{
    struct web_config *update = atomic_exchange(&server->update, NULL);
    if (!update)
        return;
    http_daemon_configure(&server->daemon, update);
    sem_post(&server->updated);
}

/* Take no more connections, and answer requests for five seconds at most; a client without a
 * request has two. */
static void drain(struct web_server *server)
{
    int64_t deadline = clock_now(server->clock) + patience;
    connections_dismiss(&server->daemon.connections);
    while (!connections_are_none(&server->daemon.connections) &&
           clock_now(server->clock) < deadline)
        take_turn(server, 0, 100);
}

static void *serve(void *context)
{
    struct web_server *server = context;
    while (!server->stop) {
        take_update(server);
        take_turn(server, server->count, 1000);
    }
    drain(server);
    return NULL;
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
        log_warn("web", "systemd passed a socket, but --web.systemd-socket is not set");
    return true;
}

/* Connections must not take the descriptors that sampling needs. */
static bool reserve_descriptors(const struct web_server *server, char *error, size_t error_size)
{
    struct rlimit limit;
    rlim_t connections = (rlim_t)(server->max_connections + CONNECTIONS_PER_TURN) * server->count;
    rlim_t wanted = connections + other_descriptors;
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
    server->daemon.config = config;
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sem_init(&server->updated, 0, 0);
    if (server->wake_fd < 0 ||
        !http_site_init(&server->site, options->telemetry_path, publication, clock))
        snprintf(error, error_size, "out of memory or descriptors");
    else if (open_sockets(server, options, error, error_size) &&
             reserve_descriptors(server, error, error_size))
        return server;
    web_server_stop(server);
    return NULL;
}

bool web_server_start(struct web_server *server, char *error, size_t error_size)
{
    const struct web_config *config = server->daemon.config;
    for (unsigned i = 0; i < server->count; i++)
        server->acceptors[i] = (struct acceptor){.fd = server->fds[i], .number = i};
    server->has_thread = http_daemon_start(&server->daemon, server->count, server->max_connections,
                                           &server->site, server->wake_fd, server->clock) &&
                         thread_start(&server->thread, "web", serve, server) == 0;
    if (!server->has_thread) {
        snprintf(error, error_size, "cannot serve: out of memory, descriptors or threads");
        return false;
    }
    for (unsigned i = 0; i < server->count; i++) {
        char address[128];
        listen_socket_describe(server->fds[i], address, sizeof address);
        log_info("web", "listening on %s%s", address, config && config->tls ? " with TLS" : "");
    }
    return true;
}

bool web_server_configure(struct web_server *server, struct web_config *config, char *error,
                          size_t error_size)
{
    /* The web thread replaces it only when there is an update. */
    const struct web_config *present = server->daemon.config;
    const char *refusal = NULL;
    if (!config->tls != !present->tls)
        refusal = "to change between plain HTTP and TLS, restart the exporter";
    else if (!config->tls && config->user_count == 0 && present->user_count > 0)
        refusal = "it asks for no password any more; to serve without one, restart the exporter";
    if (refusal) {
        snprintf(error, error_size, "%s", refusal);
        web_config_free(config);
        return false;
    }
    server->update = config;
    eventfd_write(server->wake_fd, 1);
    while (sem_wait(&server->updated) != 0)
        ; /* interrupted by a signal */
    return true;
}

bool web_address_is_valid(const char *address)
{
    char host[LISTEN_HOST_SIZE], port[LISTEN_PORT_SIZE];
    return listen_address_split(address, host, port);
}

void web_server_stop(struct web_server *server)
{
    if (!server)
        return;
    /* Clients whose connections are not accepted yet must not wait for the last answers: the kernel
     * resets them now. The next process takes those of systemd's sockets. */
    for (unsigned i = 0; i < server->count && !server->inherited; i++)
        shutdown(server->fds[i], SHUT_RDWR);
    if (server->has_thread) {
        server->stop = true;
        eventfd_write(server->wake_fd, 1);
        pthread_join(server->thread, NULL);
    }
    http_daemon_stop(&server->daemon);
    for (unsigned i = 0; i < server->count; i++)
        close(server->fds[i]);
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    sem_destroy(&server->updated);
    free(server);
}

size_t web_server_requests(const struct web_server *server,
                           struct request_count counts[static REQUEST_COUNTS_MAX])
{
    return http_site_requests(&server->site, counts);
}

uint64_t web_server_rejections(const struct web_server *server)
{
    return server->site.rejections;
}
