// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/web_server.h"

#include "base/log.h"
#include "connections.h"
#include "http_site.h"
#include "listen_socket.h"
#include "web_thread.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Descriptors besides connections: listening sockets, epoll, netlink, files of /proc, with room. */
static const rlim_t other_descriptors = 64;

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

/* A thread that serves the sockets with `config`, which becomes its own. NULL, with one line in
 * `error`, when that cannot be. */
static struct web_thread *start_thread(const struct web_server *server, struct web_config *config,
                                       char *error, size_t error_size)
{
    bool tls = config && config->tls;
    struct web_thread *thread = web_thread_start(
        server->fds, server->count, server->max_connections, server->site, config, server->clock);
    if (!thread)
        snprintf(error, error_size, "cannot serve %s: out of memory, descriptors or threads",
                 tls ? "HTTPS" : "HTTP");
    return thread;
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
        web_thread_configure(server->thread, config);
    } else {
        struct web_thread *next = start_thread(server, config, error, error_size);
        if (!next)
            return false;
        web_thread_stop(server->thread);
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
    web_thread_stop(server->thread);
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
