// SPDX-License-Identifier: Apache-2.0
/*
 * The HTTP side: answers scrapes with the present page of a publication, and a few paths besides.
 *
 *     the telemetry path   the page, in the format and encoding that the client would rather have
 *     /                    the status page
 *     /-/healthy           200 while the process answers
 *     /-/ready             200 while the page holds a count sample, 503 otherwise
 *
 * All but /-/healthy are 503 before the first sample, and when the page was not replaced in time:
 * page_valid_until(). Any other path is 404; another method than GET and HEAD is 405; 401 without
 * the right password, where the configuration has users.
 */
#ifndef SOCKDIAG_WEB_SERVER_H
#define SOCKDIAG_WEB_SERVER_H

#include "base/clock.h"
#include "publish/publication.h"
#include "sockdiag/self_report.h"
#include "web/web_config.h"

#include <stdbool.h>
#include <stddef.h>

/* One client gets no more than a sixteenth of the connections: 16 must conspire to keep others out.
 */
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
 * Listen: connections from now on wait for web_server_start(). What the pointers in `options`
 * point to, `publication` and `clock` must outlive the server; `config` (NULL: plain HTTP for
 * everyone) becomes its own. NULL when that cannot be: `error` then holds one line for the
 * operator.
 */
struct web_server *web_server_create(const struct web_options *options, struct web_config *config,
                                     struct publication *publication, const struct clock *clock,
                                     char *error, size_t error_size);

/* Answer, from a thread of its own. False when that cannot be: `error` then holds one line for the
 * operator, and the server is to be stopped. */
bool web_server_start(struct web_server *server, char *error, size_t error_size);

/*
 * Put `config`, which becomes its own, in the place of the one that the server was created with,
 * which was not NULL. Requests from now on are judged by it. No request is lost: connections from
 * before are answered with their TLS settings once more, for five seconds at most, and end. From
 * plain HTTP to TLS or back, this waits for that. False when that cannot be: the old configuration
 * stays in force, and `error` holds one line for the operator. One that asks nothing of a client
 * is refused where TLS or passwords are in force: it is more likely a file that is just being
 * written. From the thread that started the server.
 */
bool web_server_configure(struct web_server *server, struct web_config *config, char *error,
                          size_t error_size);

/* Is it written as `listen_addresses` wants it? Whether one can listen there is another question.
 */
bool web_address_is_valid(const char *address);

/* Take no more connections, answer what was asked (for five seconds at most; clients that have not
 * asked yet have two), close them. The sockets of systemd stay open there, with pending connections
 * queued. NULL is allowed, and so is one that was not started. */
void web_server_stop(struct web_server *server);

/* The requests answered so far, every handler and code that can occur. Returns how many entries of
 * `counts` were filled. */
size_t web_server_requests(const struct web_server *server,
                           struct request_count counts[static REQUEST_COUNTS_MAX]);

/* Connections closed so far because there was no place for them. */
uint64_t web_server_rejections(const struct web_server *server);

#endif
