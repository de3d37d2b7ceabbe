// SPDX-License-Identifier: Apache-2.0
/*
 * Takes connections from a listening socket and hands them to a libmicrohttpd daemon. libmicrohttpd
 * could do that itself, but then it closes the socket when it cannot start, goes on accepting for a
 * while after MHD_quiesce_daemon() has returned, and spins when there is no descriptor for the
 * first connection (0.9.75, daemon.c: MHD_start_daemon(), MHD_accept_connection()). All from the
 * thread that runs the daemon. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_ACCEPTOR_H
#define SOCKDIAG_WEB_ACCEPTOR_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

struct acceptor {
    int fd; /* does not block; stays the caller's */
    struct MHD_Daemon *daemon;
    unsigned limit;       /* of the daemon's connections */
    bool short_of_means;  /* no descriptor or memory for one that waits */
    int64_t silent_until; /* the operator was told; monotonic nanoseconds */
};

/* What to wait for with poll(), or -1 when no connection is wanted: the daemon has all that it may
 * have, or means were short a moment ago. Then the wait in milliseconds is cut, to try again. */
int acceptor_poll_fd(struct acceptor *acceptor, int *wait);

/* Take the connections that wait, a few at most. Returns how many, those included that the daemon
 * has turned away, as one too many from their address. The operator is told when means are short,
 * once a minute. */
int acceptor_take(struct acceptor *acceptor);

#endif
