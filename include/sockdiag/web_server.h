// SPDX-License-Identifier: Apache-2.0
/*
 * The HTTP side: answers scrapes with the present page of a publication, and a few paths besides.
 *
 *     the telemetry path   the page; 503 before the first, and when it was not replaced in time
 *     /                    a landing page
 *     /-/healthy           200 while the process answers
 *     /-/ready             200 while the page holds a count sample, 503 otherwise
 *
 * Any other path is 404; another method than GET and HEAD is 405.
 */
#ifndef SOCKDIAG_WEB_SERVER_H
#define SOCKDIAG_WEB_SERVER_H

#include "sockdiag/clock.h"
#include "sockdiag/exposition.h"
#include "sockdiag/publication.h"

#include <stdbool.h>
#include <stddef.h>

/* One client gets no more than a sixteenth of the connections: so many must conspire to keep others
 * out. */
enum { WEB_MAX_LISTEN_ADDRESSES = 16, WEB_REQUEST_COUNTS = 16, WEB_CLIENTS_AT_LEAST = 16 };

struct web_options {
    /* "host:port", "[IPv6]:port", or ":port" for both families on all addresses. Port 0 lets the
     * kernel choose. */
    const char *listen_addresses[WEB_MAX_LISTEN_ADDRESSES];
    size_t listen_address_count;
    const char *telemetry_path;
    size_t max_connections; /* for each listen address */
};

struct web_server;

/*
 * Listen, and answer from threads of its own. What the pointers in `options` point to,
 * `publication` and `clock` must outlive the server. NULL when that cannot be: `error` then holds
 * one line for the operator.
 */
struct web_server *web_server_start(const struct web_options *options,
                                    struct publication *publication, const struct clock *clock,
                                    char *error, size_t error_size);

/* Is it written as `listen_addresses` wants it? Whether one can listen there is another question.
 */
bool web_address_is_valid(const char *address);

/* Close the listening sockets and the connections: an answer that is not sent yet is cut off. */
void web_server_stop(struct web_server *server);

/* The requests answered so far, every handler and code that can occur. Returns how many entries of
 * `counts` were filled. */
size_t web_server_requests(const struct web_server *server,
                           struct request_count counts[static WEB_REQUEST_COUNTS]);

#endif
