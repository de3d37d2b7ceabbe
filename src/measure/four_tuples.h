// SPDX-License-Identifier: Apache-2.0
/*
 * Finds the first socket of each four-tuple (both addresses and ports, and the interface) among
 * those that share it. TCP has only one of each. UDP sockets with SO_REUSEPORT or SO_REUSEADDR can
 * share a port and be connected to the same peer.
 */
#ifndef SOCKDIAG_FOUR_TUPLES_H
#define SOCKDIAG_FOUR_TUPLES_H

#include "sockdiag/socket_record.h"

/* Beyond this, each socket counts as the first of its four-tuple. The default range has fewer
 * ports. */
enum { FOUR_TUPLES_CAPACITY = 32768 };

struct four_tuples;

/* NULL when there is no memory. Pages that no socket needs are never touched. */
struct four_tuples *four_tuples_create(void);
void four_tuples_destroy(struct four_tuples *tuples);

void four_tuples_clear(struct four_tuples *tuples);

/* Add a socket; returns whether it is the first of its four-tuple. */
bool four_tuples_add(struct four_tuples *tuples, const struct socket_record *record);

#endif
