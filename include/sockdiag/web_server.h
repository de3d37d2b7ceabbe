// SPDX-License-Identifier: Apache-2.0
/*
 * The web server: answers scrapes with the current page of a publication, and a few other paths.
 *
 *     the telemetry path   the page, in the format and encoding that the client prefers
 *     /                    the status page
 *     /-/healthy           200 while the process answers
 *     /-/ready             200 while the page has a count sample, 503 otherwise
 *
 * All except /-/healthy are 503 before the first sample, and when the page was not replaced in
 * time: page_valid_until(). Any other path is 404; another method than GET and HEAD is 405. If the
 * configuration has users, requests without the right password are 401.
 */
#ifndef SOCKDIAG_WEB_SERVER_H
#define SOCKDIAG_WEB_SERVER_H

#include "base/clock.h"
#include "publish/publication.h"
#include "sockdiag/self_report.h"
#include "web/web_config.h"

#include <stdbool.h>
#include <stddef.h>

/* One client gets at most a sixteenth of the connections: it takes 16 to block others. */
enum { WEB_MAX_LISTEN_ADDRESSES = 16, WEB_CLIENTS_AT_LEAST = 16 };

struct web_options {
    /* "host:port", "[IPv6]:port", or ":port" for both families on all addresses. Port 0 lets the
     * kernel choose. */
    const char *listen_addresses[WEB_MAX_LISTEN_ADDRESSES];
    size_t listen_address_count;
    bool systemd_socket; /* serve the sockets that systemd passes instead (sd_listen_fds(3)) */
    const char *telemetry_path;
    size_t max_connections; /* for each listening socket */
};

struct web_server;

/*
 * Listen: connections from now on wait for web_server_start(). The strings of `options`,
 * `publication` and `clock` must outlive the server; the server owns `config` (NULL: plain HTTP for
 * all clients). NULL on failure: `error` then has one line for the operator.
 */
struct web_server *web_server_create(const struct web_options *options, struct web_config *config,
                                     struct publication *publication, const struct clock *clock,
                                     char *error, size_t error_size);

/* Answer, in a new thread. False on failure: `error` then has one line for the operator, and the
 * caller must stop the server. */
bool web_server_start(struct web_server *server, char *error, size_t error_size);

/*
 * Replace the configuration, which must not have been NULL at web_server_create(), by `config`,
 * which the server then owns. It applies to all further requests. No request is lost: existing
 * connections keep their TLS settings for one more answer, for five seconds at most, and end. False
 * when it is refused: the old configuration stays in force, and `error` has one line for the
 * operator. A change between plain HTTP and TLS is refused, because libmicrohttpd is started for
 * one of them; so is a change from passwords to neither passwords nor TLS: it is more likely an
 * incomplete file. Call it in the thread that started the server.
 */
bool web_server_configure(struct web_server *server, struct web_config *config, char *error,
                          size_t error_size);

/* Does it have the format of `listen_addresses`? It may still be impossible to listen there. */
bool web_address_is_valid(const char *address);

/* Accept no more connections, answer requests for five seconds at most (two for connections without
 * a request), and close all connections. systemd keeps its sockets open, with pending connections
 * queued. NULL and a server that was not started are allowed. */
void web_server_stop(struct web_server *server);

/* The number of answered requests, for each possible handler and code. Returns the number of filled
 * entries of `counts`. */
size_t web_server_requests(const struct web_server *server,
                           struct request_count counts[static REQUEST_COUNTS_MAX]);

/* The number of connections closed for lack of a place. */
uint64_t web_server_rejections(const struct web_server *server);

#endif
