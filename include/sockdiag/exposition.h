// SPDX-License-Identifier: Apache-2.0
/*
 * A snapshot as a Prometheus page.
 */
#ifndef SOCKDIAG_EXPOSITION_H
#define SOCKDIAG_EXPOSITION_H

#include "sockdiag/buffer.h"
#include "sockdiag/procfs.h"
#include "sockdiag/snapshot.h"

/* HTTP requests answered with one status code at one path. */
struct request_count {
    const char *handler; /* the path; "other" for those that do not exist */
    unsigned code;
    uint64_t requests;
};

/* The exporter about itself. Where `process` is NULL or there are no requests, their families are
 * left out (--web.disable-exporter-metrics). */
struct self_report {
    const char *version;
    const char *revision;
    double start_time_seconds; /* unix time */
    const struct process_usage *process;
    const struct request_count *requests;
    size_t request_count;
};

/* Append the page to `out`, whose `failed` tells of missing memory. */
void exposition_render(struct buffer *out, const struct snapshot *snapshot,
                       const struct self_report *self);

#endif
