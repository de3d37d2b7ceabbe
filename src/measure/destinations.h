// SPDX-License-Identifier: Apache-2.0
/*
 * How many ports are in use towards each destination, in bounded memory. A destination is what
 * connect() needs a free port for: (local address, remote address, remote port), and the interface
 * if the socket is bound to one.
 *
 * The table is exact until it is full. Then the smaller half of its entries is dropped (the
 * Frequent algorithm of Misra and Gries, in batches). From then on a count may be too low, by at
 * most the error bound, if its destination was dropped before or came later. No count is too high,
 * except as destinations_end() says.
 * A destination with more ports than the bound is always in the table. Those that were picked in
 * the last sample keep their entries, and are exact.
 */
#ifndef SOCKDIAG_DESTINATIONS_H
#define SOCKDIAG_DESTINATIONS_H

#include "sockdiag/socket_record.h"

#include <stddef.h>

/* A table of this size takes 2.1 MiB. With a million sockets the bound is below 100. */
enum { DESTINATIONS_CAPACITY = 32768 };

/* The most that destinations_pick_top() picks. */
enum { DESTINATIONS_MAX_TOP = 1000 };

struct destinations;

struct destination {
    enum ip_family family;
    struct ip_address local_address;
    struct ip_address remote_address;
    uint16_t remote_port;
    uint32_t interface; /* the index of the interface its sockets are bound to, or 0 */
    char interface_name[INTERFACE_NAME_SIZE]; /* for the caller to fill */
    uint32_t ports; /* with an interface: those of sockets that are bound to none included */
    uint32_t preferred_ports; /* of these, the ports of the parity that connect() tries first */
};

/* NULL when there is no memory. Pages that no destination needs are never touched. */
struct destinations *destinations_create(void);
void destinations_destroy(struct destinations *destinations);

/* Begin a sample: forget everything except the destinations that were picked. */
void destinations_clear(struct destinations *destinations);

/* Forget the picked destinations, too: the next sample is of another host. */
void destinations_forget(struct destinations *destinations);

/* Add a socket, which holds one port towards its destination: the kernel keeps four-tuples unique.
 * `preferred`: the port has the parity that connect() tries first. */
void destinations_add(struct destinations *destinations, const struct socket_record *record,
                      bool preferred);

/*
 * End a sample, after the last socket and before the functions below. A socket of an interface
 * cannot have the ports that a socket of none has towards the same destination, but the reverse is
 * possible (inet_match, include/net/inet_hashtables.h): a port that both have counts twice for the
 * former.
 */
void destinations_end(struct destinations *destinations);

/* Find the destination with the most ports; false when there is none. */
bool destinations_find_fullest(const struct destinations *destinations,
                               struct destination *fullest);

/* Returns the most preferred ports that a destination can have, the error bound included. */
uint32_t destinations_find_most_preferred(const struct destinations *destinations);

/*
 * Write the `top` (at most DESTINATIONS_MAX_TOP) destinations with the most ports to `rows`,
 * fullest first, equal ones in the order of their addresses; returns how many.
 *
 * A destination that was picked in the last sample is picked again while it has a port, unless
 * another has clearly more: series do not come and go because counts differ by chance. The fullest
 * of all is always picked if it has at least `always` ports.
 */
size_t destinations_pick_top(struct destinations *destinations, struct destination *rows,
                             size_t top, uint64_t always);

/* Count the different destinations. Exact while the error bound is 0, later an upper limit. */
uint64_t destinations_count(const struct destinations *destinations);

/* By how many ports a destination may be counted too low. */
uint32_t destinations_get_error_bound(const struct destinations *destinations);

#endif
