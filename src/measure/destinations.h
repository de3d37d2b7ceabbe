// SPDX-License-Identifier: Apache-2.0
/*
 * How many ports each destination takes, in bounded memory. A destination is what connect()
 * searches a free port for: (local address, remote address, remote port).
 *
 * The table is exact until it is full. Then the smaller half of it makes room (the Frequent
 * algorithm of Misra and Gries, in batches): a destination that was dropped, or came late, may be
 * counted too low, by the error bound at the most; none is ever counted too high. One that leads
 * by more than the bound is always in the table. Those that were named for the last sample keep
 * their places from the start, and are exact.
 */
#ifndef SOCKDIAG_DESTINATIONS_H
#define SOCKDIAG_DESTINATIONS_H

#include "sockdiag/socket_record.h"

#include <stddef.h>

/* What a table of this many takes is 2.2 MiB. At a million sockets the bound stays below 100. */
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

/* Begin a sample. Nothing is left of the last one but whom it named. */
void destinations_clear(struct destinations *destinations);

/* One socket, which holds one port towards its destination: the kernel keeps four-tuples unique.
 * `preferred`: of the parity that connect() tries first. */
void destinations_add(struct destinations *destinations, const struct socket_record *record,
                      bool preferred);

/* The destination that holds the most ports; false when there is none. */
bool destinations_fullest(const struct destinations *destinations, struct destination *fullest);

/*
 * Name the `top` (DESTINATIONS_MAX_TOP at the most) destinations that hold the most ports: write
 * them to `rows`, fullest first (equal ones by address); returns how many there were.
 *
 * One that was named for the last sample stays, as long as it holds a port, unless another is
 * clearly fuller: by more than counts differ by chance, so that series do not come and go with each
 * sample. The fullest of all is named in any case if it holds at least `always` ports.
 */
size_t destinations_top(struct destinations *destinations, struct destination *rows, size_t top,
                        uint64_t always);

/* Different destinations seen: exact while the error bound is 0, later at most so many. */
uint64_t destinations_seen(const struct destinations *destinations);

/* By how much the ports of any destination may be counted too low. */
uint32_t destinations_error_bound(const struct destinations *destinations);

#endif
