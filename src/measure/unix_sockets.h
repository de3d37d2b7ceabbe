// SPDX-License-Identifier: Apache-2.0
/*
 * UNIX sockets by type and state, and how full the accept queues of listeners are.
 *
 * A listener is a name. Sockets that share a name (a program that restarts unlinks the path and
 * binds it again while its predecessor still listens) are one listener; its queue is that of the
 * fullest socket, relative to the limit.
 */
#ifndef SOCKDIAG_UNIX_SOCKETS_H
#define SOCKDIAG_UNIX_SOCKETS_H

#include "kernel/unix_diag.h"
#include "unix_path.h"

/* The most listeners that are tracked. All others are only in the sum. */
enum { UNIX_LISTENERS_CAPACITY = 1024 };

/* A queue holds connections that wait for accept(): at most one more than its limit. */
struct unix_listener_row {
    char path[UNIX_PATH_SIZE]; /* of unix_path_write() */
    uint64_t queue_length;
    uint64_t queue_limit;
    uint64_t queue_peak; /* the highest queue_length within the peak window */
};

struct unix_summary {
    uint64_t sockets[UNIX_SOCKET_TYPES][UNIX_SOCKET_STATES];
    uint64_t other_queue_length; /* of all listeners that are not named */
};

struct unix_sockets;

/* `peak_window` in nanoseconds. NULL when there is no memory. Pages that no listener needs are
 * never touched. */
struct unix_sockets *unix_sockets_create(int64_t peak_window);
void unix_sockets_destroy(struct unix_sockets *sockets);

/* A sample: begin, add each socket, end. Without an end it has no effect on later ones. */
void unix_sockets_begin(struct unix_sockets *sockets);
void unix_sockets_add(struct unix_sockets *sockets, const struct unix_socket_record *record);

/*
 * End the sample at `now` (monotonic, in nanoseconds). Writes the `top` listeners with the fullest
 * queues to `rows`, fullest first; returns how many. Queues are compared by their peak relative to
 * their limit; of two equally full queues, the one that was seen first goes first.
 *
 * A listener that was named the last time is named again while it listens, unless another is
 * clearly fuller: series do not come and go with each sample.
 */
size_t unix_sockets_end(struct unix_sockets *sockets, int64_t now, struct unix_listener_row *rows,
                        size_t top, struct unix_summary *summary);

#endif
