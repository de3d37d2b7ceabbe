// SPDX-License-Identifier: Apache-2.0
/*
 * TCP sockets by cgroup and state, and the paths of their cgroups.
 *
 * A socket belongs to the cgroup of the process that made it, and an accepted one to that of its
 * listener, wherever the process goes later. It outlives its cgroup. TIME_WAIT, FIN_WAIT2 without
 * an owner and half-open connections are not full sockets and have no cgroup.
 *
 * Cgroups with the same path are one: paths may be cut to their first components.
 */
#ifndef SOCKDIAG_CGROUP_SOCKETS_H
#define SOCKDIAG_CGROUP_SOCKETS_H

#include "kernel/cgroup_paths.h"
#include "sockdiag/socket_record.h"

#include <stddef.h>

/* The most cgroups that are tracked. The sockets of all others are only in the sum. A cgroup takes
 * 0.6 KiB. */
enum { CGROUP_SOCKETS_CAPACITY = 2048 };

struct cgroup_row {
    struct cgroup_path path; /* "cgroup-ID" if the cgroup has no path any more */
    uint64_t sockets[TCP_STATES];
};

struct cgroup_sockets;

/* `memory` is how long a path is remembered after its last socket, in nanoseconds. NULL when there
 * is no memory. Pages that no cgroup needs are never touched. */
struct cgroup_sockets *cgroup_sockets_create(int64_t memory);
void cgroup_sockets_destroy(struct cgroup_sockets *sockets);

/* A sample at `now` (monotonic, in nanoseconds): begin, add each TCP socket, supply the missing
 * paths, end. A sample without an end does not change later ones. */
void cgroup_sockets_begin(struct cgroup_sockets *sockets, int64_t now);
void cgroup_sockets_add(struct cgroup_sockets *sockets, const struct socket_record *record);

/* Ask for the path of this cgroup, too, without counting a socket. */
void cgroup_sockets_note(struct cgroup_sockets *sockets, uint64_t id);

/* Was a cgroup below the root ever seen? If not, the kernel does not know the cgroups of sockets,
 * and reports the root for all. */
bool cgroup_sockets_are_told_apart(const struct cgroup_sockets *sockets);

/*
 * Paths. If the paths of new cgroups are missing, supply all paths that exist, in any order, and
 * end the search. A cgroup without a path is then called "cgroup-ID", and is not missed again.
 * Until then its sockets are among the others.
 */
bool cgroup_sockets_miss_paths(const struct cgroup_sockets *sockets);
cgroup_path_consumer cgroup_sockets_tell_path; /* its context is a struct cgroup_sockets */
void cgroup_sockets_end_search(struct cgroup_sockets *sockets);

/* The path of a cgroup that was seen within the memory; "" if it is not known. While more than half
 * of the table is in use, only the cgroups of the last sample are kept. */
const char *cgroup_sockets_find_path(const struct cgroup_sockets *sockets, uint64_t id);

/*
 * End the sample. Writes the `top` cgroups with the most sockets to `rows`, the one with the most
 * first; returns how many. All other sockets are summed in `others`.
 *
 * A cgroup that was named the last time is named again while it has a socket, unless another has
 * clearly more: series do not come and go with each sample.
 */
size_t cgroup_sockets_end(struct cgroup_sockets *sockets, struct cgroup_row *rows, size_t top,
                          uint64_t others[static TCP_STATES]);

#endif
