// SPDX-License-Identifier: Apache-2.0
/*
 * Takes connections from a listening socket and hands them to the daemon. libmicrohttpd could do
 * that itself, but then it closes the socket when it cannot start, and spins when there is no
 * descriptor for the first connection (0.9.75, daemon.c: MHD_start_daemon(),
 * MHD_accept_connection()).
 */
#ifndef SOCKDIAG_WEB_ACCEPTOR_H
#define SOCKDIAG_WEB_ACCEPTOR_H

#include "http_daemon.h"

#include <stdbool.h>
#include <stdint.h>

struct acceptor {
    int fd;                  /* does not block; stays the caller's */
    unsigned number;         /* of the listening socket */
    bool short_of_resources; /* the last accept() found no descriptor or memory */
    int64_t silent_until;    /* no warning before this time; monotonic nanoseconds */
};

/* What to wait for with poll(), or -1 while the daemon has no room, or descriptors or memory are
 * short: then `wait`, in milliseconds, is cut, to try again. */
int acceptor_poll_fd(struct acceptor *acceptor, const struct http_daemon *daemon, int *wait);

/* Take the connections that wait, as long as the daemon has room, and CONNECTIONS_PER_TURN at most.
 * When descriptors or memory run out, the operator is warned, once a minute. */
void acceptor_take(struct acceptor *acceptor, struct http_daemon *daemon);

#endif
