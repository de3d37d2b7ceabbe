// SPDX-License-Identifier: Apache-2.0
/*
 * How often to read, within a share of one CPU, from the cost of earlier readings. Only arithmetic.
 *
 * Three quarters of the share are for the files of namespaces, an eighth each for the two kinds of
 * passes over the processes of the node: the names in /proc every ten seconds, and a look at every
 * process every minute. None can use the part of another, so that even a node with 50,000 processes
 * has numbers that are a second old.
 */
#ifndef SOCKDIAG_NAMESPACES_READING_PLAN_H
#define SOCKDIAG_NAMESPACES_READING_PLAN_H

#include "kernel/netns_process.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum namespace_pass { PASS_NAMES, PASS_ALL, NAMESPACE_PASSES };

/* Times in nanoseconds. Costs are of one reading or pass, and 0 before the first. */
struct reading_plan {
    double share; /* of one CPU */
    int64_t file_costs[NETNS_FILES];
    int64_t pass_costs[NAMESPACE_PASSES];
    int64_t intervals[NETNS_FILES]; /* in force */
};

struct reading_plan reading_plan_make(double share);

/* `count` readings of a file took `cpu` together. The expected cost moves by a quarter of the
 * difference: the first readings, with cold caches, soon do not matter. */
void reading_plan_book(struct reading_plan *plan, enum netns_file file, size_t count, int64_t cpu);
void reading_plan_book_pass(struct reading_plan *plan, enum namespace_pass pass, int64_t cpu);

/* Set the intervals for `namespaces` of them: 1 s for sockstat, 5 s for sockstat6 and snmp, 15 s
 * for netstat, or longer ones. The other files are stretched first, all alike, because sockstat has
 * TIME_WAIT, which has the spikes. */
void reading_plan_stretch(struct reading_plan *plan, size_t namespaces);

/* How long to wait after a pass for the next: shorter in a hurry, but long enough that the passes
 * cost no more than their part. */
int64_t reading_plan_pause(const struct reading_plan *plan, enum namespace_pass pass, bool hurry);

/* The share of one CPU that all this takes for `namespaces` of them. */
double reading_plan_load(const struct reading_plan *plan, size_t namespaces);

#endif
