// SPDX-License-Identifier: Apache-2.0
/*
 * One listening socket and the libmicrohttpd daemon that serves it from a thread of its own, over
 * TLS or not. Several may serve one socket: a new one takes over before the old one retires, and no
 * connection is lost. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_HTTP_LISTENER_H
#define SOCKDIAG_WEB_HTTP_LISTENER_H

#include "http_site.h"
#include "sockdiag/web_config.h"

#include <stdbool.h>
#include <stdint.h>

struct http_listener;

/* Serve `fd`, which stays the caller's and open, with answers from `site`, which must outlive the
 * listener. `tls` (NULL: plain HTTP) is only needed during the call. NULL when there is no memory
 * or no thread to be had, or GnuTLS refuses. */
struct http_listener *http_listener_start(int fd, unsigned max_connections,
                                          const struct tls_settings *tls, struct http_site *site);

/* Take no more connections; those there are end with their next answer. */
void http_listener_retire(struct http_listener *listener);

/* Wait until `deadline` (CLOCK_MONOTONIC nanoseconds, may be past) for every request under way, and
 * for the first one of each connection. False if it did not come to that. */
bool http_listener_await_idle(struct http_listener *listener, int64_t deadline);

/* Retire, and close all connections: an answer that is not sent yet is cut off. Waits for requests
 * whose password is being checked. NULL is allowed. */
void http_listener_stop(struct http_listener *listener);

#endif
