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

/* One client gets no more than a sixteenth of the connections: so many must conspire to keep others
 * out. A client is an address; a host with IPv6 has many. */
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
 * Listen: who connects from now on waits for web_server_start(). What the pointers in `options`
 * point to, `publication` and `clock` must outlive the server; `config` (NULL: plain HTTP for
 * everyone) becomes its own. NULL when that cannot be: `error` then holds one line for the
 * operator.
 */
struct web_server *web_server_create(const struct web_options *options, struct web_config *config,
                                     struct publication *publication, const struct clock *clock,
                                     char *error, size_t error_size);

/* Answer, from threads of its own. False when that cannot be: `error` then holds one line for the
 * operator, and the server is to be stopped. */
bool web_server_start(struct web_server *server, char *error, size_t error_size);

/*
 * Put `config`, which becomes its own, in the place of the one that the server was created with,
 * which was not NULL. No request is lost: with other TLS settings, connections from before keep the
 * configuration from before; what they have asked is answered (for five seconds at most), and they
 * are closed. False when that cannot be: the old one stays in force, and `error` holds one line for
 * the operator. One that asks nothing of a client is not taken where TLS or passwords are in force:
 * it is more likely a file that is just being written. Only while web_server_can_configure(), and
 * from the thread that started the server.
 */
bool web_server_configure(struct web_server *server, struct web_config *config, char *error,
                          size_t error_size);

/* Is no change of TLS settings still under way? */
bool web_server_can_configure(const struct web_server *server);

/* Close connections that took too long, and what a change of TLS settings left behind: to be called
 * about once a second, from the thread that started the server. */
void web_server_tend(struct web_server *server);

/* Is it written as `listen_addresses` wants it? Whether one can listen there is another question.
 */
bool web_address_is_valid(const char *address);

/* Take no more connections, answer what was asked (for five seconds at most; who has not asked yet
 * has two), close them. Sockets of systemd's stay open there, with who comes meanwhile. NULL is
 * allowed, and so is one that was not started. */
void web_server_stop(struct web_server *server);

/* The requests answered so far, every handler and code that can occur. Returns how many entries of
 * `counts` were filled. */
size_t web_server_requests(const struct web_server *server,
                           struct request_count counts[static REQUEST_COUNTS_MAX]);

#endif
