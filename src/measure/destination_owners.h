// SPDX-License-Identifier: Apache-2.0
/*
 * The cgroup whose sockets go to a destination, if it is the only one.
 *
 * Only full sockets have a cgroup. A cgroup with short connections may hold most of the ports of a
 * destination, all in TIME_WAIT, and be seen once a minute or never. So shares of the sockets seen
 * would be wrong. A destination has an owner only if no second cgroup was seen there for longer
 * than TIME_WAIT lasts.
 */
#ifndef SOCKDIAG_DESTINATION_OWNERS_H
#define SOCKDIAG_DESTINATION_OWNERS_H

#include "destinations.h"

#include <stddef.h>
#include <stdint.h>

/* The most destinations that are tracked. Each takes 72 bytes. */
enum { DESTINATION_OWNERS_CAPACITY = 4096 };

struct destination_owners;

/* `memory` is how long a cgroup counts after its last socket, in nanoseconds. NULL when there is no
 * memory. Pages that no destination needs are never touched. */
struct destination_owners *destination_owners_create(int64_t memory);
void destination_owners_destroy(struct destination_owners *owners);

/* Add a client's socket, seen at `now` (monotonic, in nanoseconds). */
void destination_owners_add(struct destination_owners *owners, const struct socket_record *record,
                            int64_t now);

/* End a sample at `now`: forget the destinations where no cgroup counts any more. If more than half
 * of the table is in use, forget all but the `count` in `named`. */
void destination_owners_end(struct destination_owners *owners, int64_t now,
                            const struct destination *named, size_t count);

/* The id of the cgroup that counts at `now`; 0 if none counts, or more than one. */
uint64_t destination_owners_find(const struct destination_owners *owners,
                                 const struct destination *destination, int64_t now);

#endif
