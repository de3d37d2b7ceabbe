// SPDX-License-Identifier: Apache-2.0
/*
 * The listening sockets of a namespace, how full their accept queues are and what their connections
 * do.
 *
 * A listener is an address and a port: sockets that share one (SO_REUSEPORT) are one listener. The
 * kernel deals connections out to them by hash, and each has an accept queue of its own: one that
 * is full drops its share while the others are empty. So the queue of the listener is that of the
 * fullest socket, by the share of its limit; connections are those of all sockets together. Memory
 * is bounded: LISTENERS_CAPACITY of them are followed.
 */
#ifndef SOCKDIAG_LISTENERS_H
#define SOCKDIAG_LISTENERS_H

#include "sockdiag/socket_record.h"

#include <stddef.h>

struct listeners;

enum { LISTENERS_CAPACITY = 4096 };

/* What is known of one listener. Queue figures are connections waiting for accept(), those of the
 * fullest socket. */
struct listener_row {
    enum ip_family family;
    struct ip_address address;
    uint16_t port;
    uint64_t queue_length;
    uint64_t queue_limit;
    /* The highest queue_length within the peak window. Where sockets of different limits share the
     * port, it may have been that of another socket than the limit is of. */
    uint64_t queue_peak;
    uint64_t queues;              /* the sockets that share address and port: each has one */
    uint64_t sockets[TCP_STATES]; /* connections by state, of the last detailed sample */
};

/* What the busiest listeners are busy with. */
enum listener_ranking {
    LISTENERS_BY_QUEUE,   /* queue_peak */
    LISTENERS_BY_SOCKETS, /* connections in all states */
    LISTENER_RANKINGS
};

/* `peak_window` in nanoseconds. NULL when there is no memory. Free with listeners_destroy(). */
struct listeners *listeners_create(int64_t peak_window);
void listeners_destroy(struct listeners *listeners);

/* A sample: begin, add every LISTEN record, end. Listeners that were not added are then gone. A
 * sample that is not ended changes nothing that is read below. `now` is monotonic, in nanoseconds;
 * `detailed` tells that connections were added too. */
void listeners_begin(struct listeners *listeners);
void listeners_add(struct listeners *listeners, const struct socket_record *record);
void listeners_end(struct listeners *listeners, int64_t now, bool detailed);

/*
 * Within a detailed sample, once its LISTEN records are added: is this socket a connection that a
 * listener accepted, or is about to? It is if there is a listener at its local port, on its local
 * address or on any; it is then counted there. A socket on :: takes IPv4 too.
 */
bool listeners_add_connection(struct listeners *listeners, const struct socket_record *record);

/*
 * Write the `top` busiest listeners to `rows`, ordered by address and port, and the connections of
 * all others, summed without an address or a queue, to `rest`, unless that is NULL. Returns how
 * many rows were written. One that was written the last time stays unless another is clearly
 * busier, so that series do not come and go with each sample.
 */
size_t listeners_top(struct listeners *listeners, enum listener_ranking ranking,
                     struct listener_row *rows, size_t top, struct listener_row *rest);

/* Write every listener that the last listeners_top() of either ranking wrote, each once, ordered by
 * address and port, to `rows`: at most as many as both wrote. Returns how many. */
size_t listeners_named(const struct listeners *listeners, struct listener_row *rows);

/* The order of the rows: below, at or above 0 as `a` comes before `b`, is the same listener, or
 * comes after it. */
int listener_compare_places(const struct listener_row *a, const struct listener_row *b);

/* Listening sockets of the last sample that found no place: beyond the capacity of the table. */
uint64_t listeners_untracked(const struct listeners *listeners);

#endif
