// SPDX-License-Identifier: Apache-2.0
/*
 * Which namespace to walk next, and whether to walk at all. Pure: no clock, no kernel.
 *
 * The kernel looks at every socket of the host to list those of one namespace, unless the namespace
 * has its own table (net.ipv4.tcp_child_ehash_entries): with half a million sockets, walks of 200
 * namespaces would take 7 seconds. But the counters of a namespace, read without a walk, are a
 * bound of its ports in use. So namespaces with a high bound, the suspects, come first.
 */
#ifndef SOCKDIAG_NAMESPACES_WALK_SCHEDULE_H
#define SOCKDIAG_NAMESPACES_WALK_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is known of a namespace. Times are monotonic, in nanoseconds. */
struct walk_candidate {
    int64_t walked;          /* when it was last walked, or tried; 0: never */
    uint64_t sockets;        /* full sockets and minisockets now */
    uint64_t sockets_walked; /* the same at that walk; 0 without one */
    uint64_t ports;          /* that connect() can use */
    double bound;            /* the most of these that can be in use, 0 to 1 */
};

/* All zero at the start. */
struct walk_schedule {
    bool grown_had_turn; /* the last one */
};

/* A namespace whose bound is this or more is a suspect. */
#define WALK_SUSPECT 0.2

/*
 * Pick one for a walk at `now`: its position, or `count` when none may be walked. None is walked
 * again within `interval`.
 *
 * Turns alternate: one is for the suspect that has grown most since its walk, if that is a tenth of
 * its ports or more; the other for the namespace whose walk is oldest, where a suspect's age counts
 * six times.
 */
size_t walk_schedule_pick(struct walk_schedule *schedule, const struct walk_candidate *candidates,
                          size_t count, int64_t interval, int64_t now);

/* CPU time for walks: a share of one CPU, saved for ten seconds at most. Nanoseconds. */
struct walk_budget {
    double cpu_share;
    int64_t saved; /* below 0 after a walk that took more than there was */
    int64_t at;    /* monotonic */
};

/* Nothing is saved yet. */
struct walk_budget walk_budget_make(double cpu_share, int64_t now);

/* When there is CPU time for a walk: `now`, or later. */
int64_t walk_budget_find_time(struct walk_budget *budget, int64_t now);

void walk_budget_spend(struct walk_budget *budget, int64_t cost);

#endif
