// SPDX-License-Identifier: Apache-2.0
/*
 * Which UDP sockets lose datagrams, or do not read theirs.
 *
 * A row is an address and a port, and an interface if the socket is bound to one. Sockets that
 * share all of these (SO_REUSEPORT, one connected socket for each client) are one row: their drops
 * are added up, the queue is that of the fullest.
 *
 * Drops count from the start of the exporter, for all sockets of a row together (socket_drops.h).
 * Each drop is counted once: in the row if it was named before and is named now, otherwise among
 * all others. Neither counter ever falls.
 */
#ifndef SOCKDIAG_UDP_SOCKETS_H
#define SOCKDIAG_UDP_SOCKETS_H

#include "sockdiag/socket_record.h"

#include <stddef.h>

/* The most rows that are tracked: the drops of all others are only in the sum. */
enum { UDP_ROWS_CAPACITY = 4096 };

/* The most that udp_sockets_end() names. */
enum { UDP_SOCKETS_MAX_TOP = 1000 };

struct udp_socket_row {
    enum ip_family family;
    struct ip_address address;
    uint16_t port;
    uint32_t interface;                       /* the index of the interface it is bound to, or 0 */
    char interface_name[INTERFACE_NAME_SIZE]; /* for the caller to fill */
    uint64_t receive_queue;                   /* bytes of memory, as SO_RCVBUF limits them */
    uint64_t drops; /* all that were seen, also those that were counted among the others */
};

struct udp_summary {
    uint64_t sockets;
    uint64_t other_drops;
};

struct udp_sockets;

/* `half_life`, in nanoseconds, is the time after which a drop or a byte in a queue counts half in
 * the choice of the worst. NULL when there is no memory. Pages that no row needs are never touched.
 */
struct udp_sockets *udp_sockets_create(int64_t half_life);
void udp_sockets_destroy(struct udp_sockets *sockets);

/* A sample: begin, add each socket, end. Without an end, its drops are those of the next. */
void udp_sockets_begin(struct udp_sockets *sockets);
void udp_sockets_add(struct udp_sockets *sockets, const struct socket_record *record);

/*
 * End the sample at `now` (monotonic, in nanoseconds). Writes the `top` (at most
 * UDP_SOCKETS_MAX_TOP) worst rows to `rows`, worst first; returns how many. One that drops is worse
 * than one that only has a queue.
 *
 * Only rows that have drops or a queue are named, and only from their second sample on: a client's
 * socket lives for one answer, and each has another port. The first sample of all, which may be the
 * only one, takes them as they are. One that was named the last time is named again until its
 * sockets are closed, unless another is clearly worse.
 */
size_t udp_sockets_end(struct udp_sockets *sockets, int64_t now, struct udp_socket_row *rows,
                       size_t top, struct udp_summary *summary);

#endif
