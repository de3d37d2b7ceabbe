// SPDX-License-Identifier: Apache-2.0
/*
 * One listening socket and the libmicrohttpd daemon that serves it from a thread of its own, over
 * TLS or not. Several may serve one socket: a new one takes over before the old one retires, and no
 * connection is lost. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_HTTP_LISTENER_H
#define SOCKDIAG_WEB_HTTP_LISTENER_H

#include "access.h"
#include "connections.h"
#include "http_site.h"

struct http_listener;

/* Serve `fd`, which stays the caller's, with answers from `site` for whom `access` lets in, over
 * TLS if it says so. These and `clock` must outlive the listener. NULL when there is no memory,
 * descriptor or thread to be had, or GnuTLS refuses. */
struct http_listener *http_listener_start(int fd, unsigned max_connections, struct access *access,
                                          struct http_site *site, const struct clock *clock);

/* Take no more connections; those there are end with the next answer, if there is one before the
 * listener is stopped. The socket is no longer looked at: it may be closed. May be called again. */
void http_listener_retire(struct http_listener *listener);

/* Its connections, to wait for or to tend. */
struct connections *http_listener_connections(struct http_listener *listener);

/* Retire, and close all connections: an answer that is not sent yet is cut off. Waits for requests
 * whose password is being checked. NULL is allowed. */
void http_listener_stop(struct http_listener *listener);

#endif
