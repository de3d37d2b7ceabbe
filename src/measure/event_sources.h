// SPDX-License-Identifier: Apache-2.0
/*
 * The sources of an event: which program caused it, in which cgroup, to which destination. Counts
 * how many samples each source has.
 *
 * A source keeps its place while the table has room. When the table is full, a new source replaces
 * the source that was not seen for longest, if that is more than an hour; otherwise the samples of
 * the new source are among the others. The samples of a replaced source go to the others, so sums
 * are right and no number falls. Sources that differ only in the id of their cgroup, and not in its
 * path, are one: a service that was restarted has a new cgroup.
 *
 * One cgroup gets no more than EVENT_SOURCES_OF_CGROUP places, and one more for its other sources,
 * with an empty program and destination: a program with many destinations or names does not use up
 * the table.
 */
#ifndef SOCKDIAG_EVENT_SOURCES_H
#define SOCKDIAG_EVENT_SOURCES_H

#include "kernel/cgroup_paths.h"
#include "kernel/procfs.h"
#include "sockdiag/socket_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVENT_SOURCES_CAPACITY = 256, EVENT_SOURCES_OF_CGROUP = 64 };

/* The key of a source. No byte is left undefined. */
struct event_source {
    char program[PROGRAM_NAME_SIZE]; /* "" if it is not known */
    uint64_t cgroup;
    struct ip_address remote_address; /* zero, as the next three, where it does not matter */
    uint32_t family;
    uint16_t remote_port;
    uint16_t padding;
};

struct event_source_row {
    struct event_source source;
    struct cgroup_path cgroup; /* "" until the path is supplied: do not show the row yet */
    uint64_t samples;          /* since the start */
    uint64_t recent;           /* of them, in the recent period */
};

struct event_sources;

/* NULL when there is no memory. */
struct event_sources *event_sources_create(void);
void event_sources_destroy(struct event_sources *sources);

/* Add a sample that was read at `now` (monotonic, in nanoseconds). */
void event_sources_add(struct event_sources *sources, const struct event_source *source,
                       int64_t now);

/* Begin a new recent period when the last one has lasted a minute. `total` is the exact number of
 * events up to `now`. Call it before samples are added. */
void event_sources_advance(struct event_sources *sources, int64_t now, uint64_t total);

/* Does a row lack the path of its cgroup? Then supply all paths that exist, and end the search. A
 * cgroup without a path is then called "cgroup-ID", or "unknown" without an id. */
bool event_sources_miss_paths(const struct event_sources *sources);
cgroup_path_consumer event_sources_tell_path; /* its context is a struct event_sources */
void event_sources_end_search(struct event_sources *sources);

/* The counts of an event. `rows`, in the order of their arrival, are valid until the next call that
 * changes the sources. */
struct event_report {
    uint64_t total;        /* exact */
    uint64_t recent;       /* of them, in the recent period */
    double recent_seconds; /* its length: from one minute to two, less after the start */
    const struct event_source_row *rows;
    size_t row_count;
    uint64_t other_samples; /* of those without a row */
};

struct event_report event_sources_report(const struct event_sources *sources, int64_t now);

#endif
