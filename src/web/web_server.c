// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/web_server.h"

#include "access.h"
#include "base/log.h"
#include "http_listener.h"
#include "http_site.h"
#include "listen_socket.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long requests under way are waited for, at a stop and after a change of TLS settings. */
static const int64_t patience = 5 * NANOSECONDS_PER_SECOND;

/* Descriptors besides connections: listening sockets, epoll, netlink, files of /proc, with room. */
static const rlim_t other_descriptors = 64;

/* A listening socket and who serves it. After a change of TLS settings the listener from before
 * goes on with its connections for a while. */
struct served_socket {
    int fd;
    struct http_listener *listener;
    struct http_listener *retired; /* or NULL */
};

struct web_server {
    const struct clock *clock;
    unsigned max_connections;
    struct http_site *site;
    struct access *access;         /* of the listeners */
    struct access *retired_access; /* of those retired, or NULL without any */
    int64_t retired_until;         /* when they are stopped at the latest; monotonic nanoseconds */
    struct served_socket sockets[WEB_MAX_LISTEN_ADDRESSES];
    size_t socket_count;
    bool inherited; /* systemd's sockets, which outlive this process */
};

/* Open the listening sockets, or take those of systemd's. */
static bool open_sockets(struct web_server *server, const struct web_options *options, char *error,
                         size_t error_size)
{
    int fds[WEB_MAX_LISTEN_ADDRESSES];
    server->inherited = options->systemd_socket;
    if (server->inherited) {
        server->socket_count =
            listen_sockets_inherit(fds, WEB_MAX_LISTEN_ADDRESSES, error, error_size);
        for (size_t i = 0; i < server->socket_count; i++)
            server->sockets[i].fd = fds[i];
        return server->socket_count > 0;
    }
    for (size_t i = 0; i < options->listen_address_count; i++) {
        int fd = listen_socket_open(options->listen_addresses[i], error, error_size);
        if (fd < 0)
            return false;
        server->sockets[server->socket_count++].fd = fd;
    }
    if (listen_sockets_passed() > 0)
        log_warn("web",
                 "nobody serves the socket that systemd has passed: --web.systemd-socket does");
    return true;
}

/* A new listener for `socket`, besides the one that it may have. */
static struct http_listener *serve(struct web_server *server, const struct served_socket *socket,
                                   struct access *access, char *error, size_t error_size)
{
    const struct web_config *config = access_config(access);
    bool tls = config && config->tls;
    struct http_listener *listener = http_listener_start(socket->fd, server->max_connections,
                                                         access, server->site, server->clock);
    char address[128];
    listen_socket_describe(socket->fd, address, sizeof address);
    if (listener)
        log_info("web", "listening on %s%s", address, tls ? " with TLS" : "");
    else
        snprintf(error, error_size, "cannot serve %s on %s: out of memory, descriptors or threads",
                 tls ? "HTTPS" : "HTTP", address);
    return listener;
}

/* Connections must not take the descriptors that sampling needs. With a configuration there may be
 * two listeners on a socket for a while. */
static bool reserve_descriptors(const struct web_server *server, const struct web_config *config,
                                char *error, size_t error_size)
{
    struct rlimit limit;
    rlim_t connections = (rlim_t)(server->max_connections * server->socket_count);
    rlim_t wanted = connections * (config ? 2 : 1) + other_descriptors;
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

/* What web_server_create() does; on failure web_server_stop() cleans up. */
static bool prepare(struct web_server *server, const struct web_options *options,
                    struct web_config *config, struct publication *publication, char *error,
                    size_t error_size)
{
    server->access = access_create(server->clock, server->max_connections, config);
    server->site = http_site_create(options->telemetry_path, publication, server->clock);
    if (!server->access || !server->site) {
        snprintf(error, error_size, "out of memory or threads");
        return false;
    }
    return open_sockets(server, options, error, error_size) &&
           reserve_descriptors(server, config, error, error_size);
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
    if (prepare(server, options, config, publication, error, error_size))
        return server;
    web_server_stop(server);
    return NULL;
}

bool web_server_start(struct web_server *server, char *error, size_t error_size)
{
    for (size_t i = 0; i < server->socket_count; i++) {
        struct served_socket *socket = &server->sockets[i];
        socket->listener = serve(server, socket, server->access, error, error_size);
        if (!socket->listener)
            return false;
    }
    return true;
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same_tls(const struct tls_settings *a, const struct tls_settings *b)
{
    if (!a || !b)
        return a == b;
    return is_same(a->certificate, b->certificate) && is_same(a->key, b->key) &&
           is_same(a->client_ca, b->client_ca) && is_same(a->priorities, b->priorities) &&
           a->client_auth == b->client_auth;
}

/* Let a new listener with `access` take over each socket, or none. */
static bool replace_listeners(struct web_server *server, struct access *access, char *error,
                              size_t error_size)
{
    struct http_listener *fresh[WEB_MAX_LISTEN_ADDRESSES];
    for (size_t i = 0; i < server->socket_count; i++) {
        fresh[i] = serve(server, &server->sockets[i], access, error, error_size);
        if (fresh[i])
            continue;
        access_close(access); /* nobody resumes a connection of a listener that is stopped */
        while (i > 0)
            http_listener_stop(fresh[--i]);
        return false;
    }
    for (size_t i = 0; i < server->socket_count; i++) {
        struct served_socket *socket = &server->sockets[i];
        socket->retired = socket->listener;
        socket->listener = fresh[i];
        http_listener_retire(socket->retired);
    }
    server->retired_access = server->access;
    server->retired_until = clock_now(server->clock) + patience;
    server->access = access;
    return true;
}

/* Does it ask nothing of a client? */
static bool is_open(const struct web_config *config)
{
    return !config->tls && config->user_count == 0;
}

bool web_server_configure(struct web_server *server, struct web_config *config, char *error,
                          size_t error_size)
{
    const struct web_config *old = access_config(server->access);
    if (is_open(config) && !is_open(old)) {
        snprintf(error, error_size,
                 "it asks for neither TLS nor a password; to serve without them, start again");
        web_config_free(config);
        return false;
    }
    if (is_same_tls(old->tls, config->tls)) {
        if (access_configure(server->access, config))
            return true;
        snprintf(error, error_size, "out of memory");
        return false;
    }
    struct access *access = access_create(server->clock, server->max_connections, config);
    if (!access) {
        snprintf(error, error_size, "out of memory or threads");
        return false;
    }
    if (replace_listeners(server, access, error, error_size))
        return true;
    access_destroy(access);
    return false;
}

bool web_server_can_configure(const struct web_server *server)
{
    return !server->retired_access;
}

/* Has everybody left the retired listeners? */
static bool are_deserted(const struct web_server *server)
{
    for (size_t i = 0; i < server->socket_count; i++) {
        struct http_listener *retired = server->sockets[i].retired;
        if (retired && !connections_await_idle(http_listener_connections(retired), 0))
            return false;
    }
    return true;
}

static void stop_retired(struct web_server *server)
{
    access_close(server->retired_access);
    for (size_t i = 0; i < server->socket_count; i++) {
        http_listener_stop(server->sockets[i].retired);
        server->sockets[i].retired = NULL;
    }
    access_destroy(server->retired_access);
    server->retired_access = NULL;
}

void web_server_tend(struct web_server *server)
{
    for (size_t i = 0; i < server->socket_count; i++)
        connections_close_overdue(http_listener_connections(server->sockets[i].listener));
    if (server->retired_access &&
        (are_deserted(server) || clock_now(server->clock) >= server->retired_until))
        stop_retired(server);
}

bool web_address_is_valid(const char *address)
{
    char host[LISTEN_HOST_SIZE];
    const char *port;
    return listen_address_split(address, host, &port);
}

/* Take no more connections, and let what was asked be answered, everywhere at once. */
static void drain(struct web_server *server)
{
    int64_t deadline = clock_now(server->clock) + patience;
    for (size_t i = 0; i < server->socket_count; i++) {
        struct served_socket *socket = &server->sockets[i];
        if (socket->listener)
            http_listener_retire(socket->listener);
        if (!server->inherited)
            shutdown(socket->fd, SHUT_RDWR); /* nobody shall wait in vain; closed it is later */
    }
    for (size_t i = 0; i < server->socket_count; i++) {
        struct served_socket *socket = &server->sockets[i];
        if (socket->listener)
            connections_await_idle(http_listener_connections(socket->listener), deadline);
        if (socket->retired)
            connections_await_idle(http_listener_connections(socket->retired), deadline);
    }
}

void web_server_stop(struct web_server *server)
{
    if (!server)
        return;
    drain(server);
    if (server->retired_access)
        stop_retired(server);
    if (server->access)
        access_close(server->access);
    for (size_t i = 0; i < server->socket_count; i++) {
        http_listener_stop(server->sockets[i].listener);
        close(server->sockets[i].fd);
    }
    http_site_destroy(server->site);
    access_destroy(server->access);
    free(server);
}

size_t web_server_requests(const struct web_server *server,
                           struct request_count counts[static REQUEST_COUNTS_MAX])
{
    return http_site_requests(server->site, counts);
}
