// SPDX-License-Identifier: Apache-2.0
/*
 * The drops of sockets, from the kernel's counter of each (sk_drops). Only differences between
 * readings of the same socket can be added up, because a counter ends with its socket. The cookie
 * identifies a socket.
 *
 * In the first round, when the exporter starts, a reading is the base of later ones. So a sum of
 * differences starts at 0 with the exporter, like its other counters, and a restart of the exporter
 * counts nothing twice. A socket that is first read in a later round was made since, or had no
 * drops before: its first reading counts from 0. Drops between the last reading of a socket and its
 * end are not seen.
 *
 * A socket that is missing from a round is still known when it comes back: a program can shut a
 * listener down and listen with it again. Missing sockets are forgotten when the table is more than
 * half full. Readings of 32 bits may wrap around.
 */
#ifndef SOCKDIAG_SOCKET_DROPS_H
#define SOCKDIAG_SOCKET_DROPS_H

#include <stdint.h>

/* The most sockets that are known; the drops of others are not counted. The table takes 320 KiB
 * when it is full. */
enum { SOCKET_DROPS_CAPACITY = 16384 };

struct socket_drops;

/* NULL when there is no memory. */
struct socket_drops *socket_drops_create(void);
void socket_drops_destroy(struct socket_drops *drops);

/* Returns the number of drops of the socket with this cookie since its last reading. */
uint32_t socket_drops_read(struct socket_drops *drops, uint64_t cookie, uint32_t reading);

/* All sockets were read: the round ends. Without an end, the next round continues this one. */
void socket_drops_end_round(struct socket_drops *drops);

#endif
