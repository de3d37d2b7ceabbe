// SPDX-License-Identifier: Apache-2.0
/*
 * Walks the namespaces of the node in turn, within a share of one CPU, and looks at their listeners
 * every ten seconds. The caller knows the namespaces and their counters, and keeps what is found of
 * each.
 *
 * Not safe for several threads. Times are monotonic, in nanoseconds; 0 means never.
 */
#ifndef SOCKDIAG_NAMESPACES_WALKER_H
#define SOCKDIAG_NAMESPACES_WALKER_H

#include "base/clock.h"
#include "measure/peak_window.h"
#include "walk.h"

/* The ephemeral ports of a new network namespace (net/ipv4/af_inet.c: 32768 to 60999), where its
 * range is not known. */
enum { USUAL_EPHEMERAL_PORTS = 28232 };

/* What walks know of one namespace; all zero at first. For the caller to keep and to read. */
struct namespace_walk {
    int64_t tried; /* the last walk, good or not */
    int64_t walked;
    double walked_at; /* the same in unix seconds */
    struct walk_result result;
    struct peak_window peaks[PORT_SCOPES]; /* of the utilization */

    int64_t listened;
    bool has_queue; /* the last look at its listeners was good */
    struct walk_queue queue;

    uint64_t cookie; /* SO_NETNS_COOKIE: if it differs, this is another namespace */
    uint64_t sockets_walked, opens_walked; /* what the caller had read before the walk */
};

/* A namespace as the caller knows it at a step. */
struct walked_namespace {
    const struct netns_target *target; /* its cookie does not matter */
    uint64_t sockets;                  /* full sockets and minisockets */
    uint64_t opens;                    /* ActiveOpens, when it was last read */
    double bound; /* of the utilization, 0 to 1; namespace_walk_bound_ratio() */
    struct namespace_walk *walk;
};

/* An upper bound of the ports in use towards one destination: as many as at the last walk, plus the
 * connections opened since; `most` if that is less. `opens` is ActiveOpens now. */
uint64_t namespace_walk_bound(const struct namespace_walk *walk, uint64_t most, uint64_t opens);

/* The bound as a share of the usable ports, 0 to 1; before the first walk, of the usual range. */
double namespace_walk_bound_ratio(const struct namespace_walk *walk, uint64_t bound);

struct walker_options {
    double cpu_share; /* of one CPU */
    int64_t interval; /* no namespace is walked more often */
    int64_t peak_window;
};

struct walker_report {
    uint64_t walks, failures; /* failures: not of namespaces that are gone */
    double cpu_seconds;       /* without the helper's */
};

struct walker;

/* `helper` and `clock` must outlive it. NULL when there is no memory. */
struct walker *walker_create(struct netns_helper *helper, const struct clock *clock,
                             const struct walker_options *options);
void walker_destroy(struct walker *walker);

/* Do what is due and affordable: one walk at most, and a few looks at listeners. Returns the time
 * of the next step, now if there is more to do. */
int64_t walker_step(struct walker *walker, const struct walked_namespace *namespaces, size_t count);

/* Walk each of them now, and look at its listeners, whatever it costs. */
void walker_walk_all(struct walker *walker, const struct walked_namespace *namespaces,
                     size_t count);

/* Count CPU time that the caller used for these namespaces against the same share. */
void walker_spend(struct walker *walker, int64_t cost);

struct walker_report walker_get_report(const struct walker *walker);

/* One of the fullest destinations of all namespaces. */
struct walked_destination {
    size_t place; /* of its namespace */
    const struct destination *destination;
};

/* Write the `top` (at most WALK_DESTINATIONS) fullest to `rows`, fullest first; returns how many.
 */
size_t walker_pick_top(const struct walked_namespace *namespaces, size_t count,
                       struct walked_destination *rows, size_t top);

#endif
