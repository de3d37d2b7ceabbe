// SPDX-License-Identifier: Apache-2.0
/*
 * How many ports each destination takes, in bounded memory. A destination is what connect()
 * searches a free port for: (local address, remote address, remote port).
 *
 * The table is exact until it is full. Then the smaller half of it makes room (the Frequent
 * algorithm of Misra and Gries, in batches): a destination that was dropped, or came late, may be
 * counted too low, by the error bound at the most; none is ever counted too high. One that leads
 * by more than the bound is always in the table.
 */
#ifndef SOCKDIAG_DESTINATIONS_H
#define SOCKDIAG_DESTINATIONS_H

#include "sockdiag/socket_record.h"

#include <stddef.h>

/* What a table of this many takes is 1.7 MiB. At a million sockets the bound stays below 100. */
enum { DESTINATIONS_CAPACITY = 32768 };

/* The most that destinations_top() tells. */
enum { DESTINATIONS_MAX_TOP = 1000 };

struct destinations;

struct destination {
    enum ip_family family;
    struct ip_address local_address;
    struct ip_address remote_address;
    uint16_t remote_port;
    uint32_t ports;
    uint32_t preferred_ports; /* those of them of the parity that connect() tries first */
};

/* NULL when there is no memory. Memory is touched only as far as destinations are added. */
struct destinations *destinations_create(void);
void destinations_destroy(struct destinations *destinations);

/* Begin anew. */
void destinations_clear(struct destinations *destinations);

/* One socket, which holds one port towards its destination: the kernel keeps four-tuples unique.
 * `preferred`: of the parity that connect() tries first. */
void destinations_add(struct destinations *destinations, const struct socket_record *record,
                      bool preferred);

/* Write the `top` (DESTINATIONS_MAX_TOP at the most) destinations that hold the most ports, fullest
 * first (equal ones by address), to `rows`; returns how many there were. */
size_t destinations_top(const struct destinations *destinations, struct destination *rows,
                        size_t top);

/* Different destinations seen: exact while the error bound is 0, later at most so many. */
uint64_t destinations_seen(const struct destinations *destinations);

/* By how much the ports of any destination may be counted too low. */
uint32_t destinations_error_bound(const struct destinations *destinations);

#endif
