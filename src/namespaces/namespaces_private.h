// SPDX-License-Identifier: Apache-2.0
/*
 * The parts of namespaces.h. Private to src/namespaces.
 */
#ifndef SOCKDIAG_NAMESPACES_NAMESPACES_PRIVATE_H
#define SOCKDIAG_NAMESPACES_NAMESPACES_PRIVATE_H

#include "kernel/netns_events.h"
#include "kernel/netns_names.h"
#include "namespace_table.h"
#include "namespaces.h"
#include "process_table.h"
#include "reading_plan.h"
#include "walker.h"

struct namespaces {
    struct namespaces_options options;
    struct namespaces_roots roots;
    const struct clock *clock;

    struct netns_proc proc;
    struct netns_names names;
    struct netns_events events;

    struct process_table processes;
    struct namespace_table table;
    struct reading_plan plan;

    int64_t passed[NAMESPACE_PASSES]; /* when, monotonic; 0: never */
    bool hurry[NAMESPACE_PASSES];     /* something has happened: make this pass earlier */
    bool names_changed;               /* read /run/netns again at the next pass */
    bool hidden;                      /* /proc hid processes of other users in the last pass */
    bool hidden_logged, untracked_logged;

    uint64_t own_inode;
    bool has_own_settings;
    struct port_settings own_settings;

    int64_t next_tick; /* 0: at once */

    struct tcp_counters other_counters; /* of all namespaces, while they were not listed */
    struct namespace_row *rows;         /* options.max of them */

    struct walker *walker;       /* NULL: no walks */
    struct netns_helper *helper; /* the walker's */
    /* Refilled for each step, options.max of them. */
    struct netns_target *targets;
    struct walked_namespace *walked;
};

/* A failure of a step. */
struct step_faults {
    bool failed;
    struct fault *last;
};

/* Look for namespaces that have come or gone, if that is due. */
void namespaces_discover(struct namespaces *namespaces, int64_t now, struct step_faults *faults);

/* Look up missing names of pods and in /run/netns, and name all namespaces. */
void namespaces_name(struct namespaces *namespaces);

/* Read the cgroup of a process in `entry`, unless its pod or container is known. */
void namespaces_read_owner(struct namespaces *namespaces, struct namespace *entry, uint32_t pid);

void namespaces_end_walks(struct namespaces *namespaces);

/* Describe what walks know of a listed namespace, and of the node. */
void namespaces_describe_walk(const struct namespace *entry, struct namespace_row *row);
void namespaces_describe_walks(const struct namespaces *namespaces,
                               struct namespaces_snapshot *snapshot);

/* Read the files that are due. */
void namespaces_read_files(struct namespaces *namespaces, int64_t now, struct step_faults *faults);

#endif
