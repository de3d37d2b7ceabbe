// SPDX-License-Identifier: Apache-2.0
/*
 * The connections of one listener, by what they are at, and since when: so that a stop can wait for
 * those that matter, and those that hold a place for nothing must make room: while all places are
 * taken nobody is accepted, and libmicrohttpd's timeouts start anew with each byte. Private to
 * src/web.
 */
#ifndef SOCKDIAG_WEB_CONNECTIONS_H
#define SOCKDIAG_WEB_CONNECTIONS_H

#include "base/clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

enum connection_phase {
    CONNECTION_NEW,       /* its first request is not there yet, or not all of it */
    CONNECTION_IDLE,      /* after an answer, the next request is not there yet */
    CONNECTION_ANSWERING, /* from the end of a request to that of its answer */
    CONNECTION_SUSPENDED, /* meanwhile, a password is checked */
    CONNECTION_PHASES
};

struct connection {
    TAILQ_ENTRY(connection) order;
    int fd;
    enum connection_phase phase;
    int64_t since; /* when the phase began; monotonic nanoseconds */
    bool closing;  /* it was shut down, which the one who serves it will notice */
};

struct connections {
    const struct clock *clock;
    unsigned limit;
    pthread_mutex_t mutex;  /* of all below */
    pthread_cond_t changed; /* a connection went into another phase, or away */
    TAILQ_HEAD(connection_list, connection) list; /* the one longest in its phase first */
    unsigned counts[CONNECTION_PHASES];
    bool leaving; /* all shall end */
};

/* Of at most `limit` connections. `clock` must outlive them. */
void connections_init(struct connections *connections, unsigned limit, const struct clock *clock);
void connections_release(struct connections *connections);

/* A new connection on `fd`, or NULL when there is no memory. To be removed, which frees it, before
 * `fd` is closed. When it is crowded, one is shut down: that which has been without a request for
 * longest, or has not taken its answer for longest and for more than a second. A scraper sends its
 * request at once, and takes the answer. */
struct connection *connections_add(struct connections *connections, int fd);
void connections_remove(struct connections *connections, struct connection *connection);

/* It is at something else now, or at the same anew. From the thread that serves it, or for one that
 * is suspended. */
void connections_enter(struct connections *connections, struct connection *connection,
                       enum connection_phase phase);

/* Is a connection kept after an answer that begins now? Not when three quarters of the places are
 * taken, nor once all were dismissed. */
bool connections_are_kept(struct connections *connections);

/* Shut down those that took too long for what they are at: ten seconds for a first request, a
 * minute for reading an answer, 75 seconds from there to the end of the next request; when it is
 * crowded, a second each. To be called about once a second. */
void connections_close_overdue(struct connections *connections);

/* Let those that are idle, or will be after an answer that is under way, end by themselves: a
 * request that has come just now is still answered, and then there is nothing more to read. */
void connections_dismiss(struct connections *connections);

/* Wait until no connection is answering, suspended or on its way out, or has been new for less than
 * two seconds; or until `deadline` (CLOCK_MONOTONIC nanoseconds, may be past). False if it did not
 * come to that. */
bool connections_await_idle(struct connections *connections, int64_t deadline);

/* Wait until none is suspended. */
void connections_await_resumed(struct connections *connections);

#endif
