// SPDX-License-Identifier: Apache-2.0
/*
 * A libmicrohttpd daemon without a thread and without a listening socket. The web thread gives it
 * connections and turns; while that runs, no other thread calls these functions.
 */
#ifndef SOCKDIAG_WEB_HTTP_DAEMON_H
#define SOCKDIAG_WEB_HTTP_DAEMON_H

#include "connections.h"
#include "http_site.h"
#include "passwords.h"
#include "web_config.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <sys/socket.h>

struct http_daemon {
    struct MHD_Daemon *mhd;
    struct http_site *site;
    struct web_config *config;   /* its own; NULL: plain HTTP for everyone */
    struct passwords *passwords; /* of its users; NULL without a configuration */
    struct connections connections;
    struct connection *added; /* to libmicrohttpd, which begins it at once; NULL after that */
};

/* Start `daemon`, which is all zero but for its `config`, for `sockets` listening sockets of
 * `max_connections` each, a quarter of which, but at least one, may wait for a password beside the
 * one that is checked. For `wake_fd` see passwords_create(). The pointers must outlive the daemon.
 * False when there is no memory, descriptor or thread: stop it then as well. */
bool http_daemon_start(struct http_daemon *daemon, unsigned sockets, unsigned max_connections,
                       struct http_site *site, int wake_fd, const struct clock *clock);

/* Serve the connection `fd`, which becomes the daemon's own, from the listening socket number
 * `socket`, or close it when its client has too many. */
void http_daemon_add(struct http_daemon *daemon, unsigned socket, int fd,
                     const struct sockaddr *address, socklen_t size);

/* What to wait for with poll(), and for how many milliseconds, `most` at most. */
int http_daemon_poll_fd(const struct http_daemon *daemon);
int http_daemon_wait(const struct http_daemon *daemon, int most);

/* Read, answer and write what can be without waiting, and deliver the verdicts on passwords. */
void http_daemon_run(struct http_daemon *daemon);

/* Replace the configuration by `config`, which becomes the daemon's own, as web_server_configure()
 * says. There must be one to replace, and both or neither must have TLS. */
void http_daemon_configure(struct http_daemon *daemon, struct web_config *config);

/* Close all connections: requests that wait for a password are answered 503 before, other answers
 * that are not sent yet are cut off. One that was not started is allowed. */
void http_daemon_stop(struct http_daemon *daemon);

#endif
