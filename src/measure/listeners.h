// SPDX-License-Identifier: Apache-2.0
/*
 * Listeners: how full their accept queues are, and how many connections they have in each state.
 *
 * A listener is an address and a port, and an interface if it is bound to one. Sockets that share
 * all of these (SO_REUSEPORT) are one listener. The kernel distributes connections to them by hash,
 * and each has its own accept queue: a full one drops connections while the others are empty. So
 * the queue of a listener is that of its fullest socket, relative to the limit. Connections are
 * those of all its sockets.
 */
#ifndef SOCKDIAG_LISTENERS_H
#define SOCKDIAG_LISTENERS_H

#include "sockdiag/socket_record.h"

#include <stddef.h>

struct listeners;

/* The most listeners that are tracked. */
enum { LISTENERS_CAPACITY = 4096 };

/* One listener. A queue holds connections that wait for accept(). */
struct listener_row {
    enum ip_family family;
    struct ip_address address;
    uint16_t port;
    bool ipv6_only;                           /* on ::, without IPv4 */
    uint32_t interface;                       /* the index of the interface it is bound to, or 0 */
    char interface_name[INTERFACE_NAME_SIZE]; /* for the caller to fill */
    uint64_t queue_length;                    /* of the fullest socket */
    uint64_t queue_limit;
    /* The highest queue_length within the peak window. If sockets with different limits share the
     * port, it may come from a different socket than the limit. */
    uint64_t queue_peak;
    uint64_t queues;              /* sockets that share the address and the port */
    uint64_t cgroup;              /* the id of the cgroup of its sockets; 0: several, or unknown */
    uint64_t drops;               /* since the exporter started: see listeners_add_drops() */
    bool dropping;                /* it dropped something within the peak window */
    uint64_t sockets[TCP_STATES]; /* connections by state, from the last detailed sample */
};

/* How busy a listener is. */
enum listener_ranking {
    LISTENERS_BY_QUEUE,   /* queue_peak; those with drops within the peak window go first */
    LISTENERS_BY_SOCKETS, /* connections in all states */
    LISTENER_RANKINGS
};

/* `peak_window` in nanoseconds. NULL when there is no memory. Free with listeners_destroy(). */
struct listeners *listeners_create(int64_t peak_window);
void listeners_destroy(struct listeners *listeners);

/* A sample: begin, add every LISTEN record, end. Listeners that were not added are gone. A sample
 * without an end has no effect on the functions below. `now` is monotonic, in nanoseconds. In a
 * `detailed` sample connections were added, too. */
void listeners_begin(struct listeners *listeners);
void listeners_add(struct listeners *listeners, const struct socket_record *record);
void listeners_end(struct listeners *listeners, int64_t now, bool detailed);

/*
 * In a sample whose records have drops: add those of a LISTEN record, after listeners_add(), and
 * end before listeners_end() even if there was no record.
 *
 * The drops of a listener are those of all its sockets since the exporter started, also of closed
 * ones (socket_drops.h): they do not fall when it is restarted or loses one of the sockets that
 * share its port. The total of a listener that is gone is kept until its place is needed: while
 * more than half of the table is in use, listeners that are gone are forgotten.
 *
 * sk_drops of a LISTEN socket counts segments. Each time it drops a connection it grows with
 * ListenDrops (tcp_listendrop, include/net/tcp.h): a SYN that finds the accept queue or the queue
 * of half-open connections full, an ACK that finds the accept queue full. Each segment of a
 * half-open connection that does not complete it is one more, and none in ListenDrops (tcp_v4_rcv,
 * net/ipv4/tcp_ipv4.c): a dropped ACK is 2, a reset or a repeated SYN is 1, and with
 * TCP_DEFER_ACCEPT the first ACK of each connection is 1. So ListenDrops says whether connections
 * are lost, and these drops say where.
 */
void listeners_add_drops(struct listeners *listeners, const struct socket_record *record);
void listeners_end_drops(struct listeners *listeners);

/*
 * In a detailed sample, after its LISTEN records: count a socket as a connection if there is a
 * listener at its local port, on its local address or on any. A listener on :: accepts IPv4, too,
 * unless it has IPV6_V6ONLY; one that is bound to the socket's interface goes before one that is
 * bound to none. Returns whether there is one.
 */
bool listeners_add_connection(struct listeners *listeners, const struct socket_record *record);

/*
 * Write the `top` busiest listeners to `rows`, ordered by address and port; returns how many. The
 * connections of all others go to `rest`, without an address or a queue, unless it is NULL.
 *
 * A listener that was picked the last time is picked again unless another is clearly busier, so
 * that series do not come and go with each sample.
 */
size_t listeners_pick_top(struct listeners *listeners, enum listener_ranking ranking,
                          struct listener_row *rows, size_t top, struct listener_row *rest);

/* Write each listener that was picked last by either ranking to `rows`, ordered by address and
 * port; returns how many. */
size_t listeners_list_picked(const struct listeners *listeners, struct listener_row *rows);

/* The order of the rows: below 0 if `a` comes before `b`, 0 if both are the same listener,
 * otherwise above 0. */
int listener_compare_places(const struct listener_row *a, const struct listener_row *b);

/* Listening sockets of the last sample that exceed LISTENERS_CAPACITY. */
uint64_t listeners_count_untracked(const struct listeners *listeners);

#endif
