// SPDX-License-Identifier: Apache-2.0
/*
 * A libmicrohttpd daemon without a thread and without a listening socket: it is handed connections,
 * and given turns, by the web thread, which all calls come from once it was started.
 */
#ifndef SOCKDIAG_WEB_HTTP_DAEMON_H
#define SOCKDIAG_WEB_HTTP_DAEMON_H

#include "access.h"
#include "connections.h"
#include "http_site.h"
#include "tls_context.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <sys/socket.h>

struct http_daemon {
    struct MHD_Daemon *mhd;
    struct http_site *site;
    struct access *access;
    struct tls_context *tls; /* a share: for new connections; NULL without TLS */
    struct connections connections;
};

/* Start `daemon` for `sockets` listening sockets of `max_connections` each, over TLS if `tls` is
 * not NULL: it takes a share. The pointers must outlive the daemon. False when there is no memory
 * or descriptor. */
bool http_daemon_start(struct http_daemon *daemon, unsigned sockets, unsigned max_connections,
                       struct http_site *site, struct access *access, struct tls_context *tls,
                       const struct clock *clock);

/* Serve the connection `fd`, which becomes its own, from the listening socket number `socket`, or
 * close it when its client has too many. */
void http_daemon_add(struct http_daemon *daemon, unsigned socket, int fd,
                     const struct sockaddr *address, socklen_t size);

/* What to wait for with poll(), and for at most how many milliseconds. */
int http_daemon_poll_fd(const struct http_daemon *daemon);
int http_daemon_wait(const struct http_daemon *daemon);

/* Read, answer and write what can be without waiting, and deliver the verdicts on passwords. */
void http_daemon_run(struct http_daemon *daemon);

/* Give new connections the settings of `tls`, of which it takes a share; the old ones end after
 * their next answer, in five seconds at the latest. With TLS as before: both or neither are NULL.
 */
void http_daemon_replace_tls(struct http_daemon *daemon, struct tls_context *tls);

/* Close all connections: an answer that is not sent yet is cut off. */
void http_daemon_stop(struct http_daemon *daemon);

#endif
