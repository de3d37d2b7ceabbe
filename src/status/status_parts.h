// SPDX-License-Identifier: Apache-2.0
/*
 * The parts of the status page: each appends one or two sections. Private to src/status.
 */
#ifndef SOCKDIAG_STATUS_PARTS_H
#define SOCKDIAG_STATUS_PARTS_H

#include "base/buffer.h"
#include "sockdiag/self_report.h"
#include "verdict.h"

/* What is shown, and where it goes. */
struct status_view {
    struct buffer *out;
    const struct snapshot *snapshot;
    const struct self_report *self;
    double now; /* unix seconds */
};

/* The two states that hold most sockets, with their history; all states. */
void status_write_big_states(const struct status_view *view);
void status_write_states(const struct status_view *view);

/* The ephemeral ports of TCP and of UDP; towards whom they are held. */
void status_write_ports(const struct status_view *view);
void status_write_destinations(const struct status_view *view);

void status_write_listeners(const struct status_view *view);

/* What the kernel was told, and what it counted. */
void status_write_kernel(const struct status_view *view);

/* How the exporter itself is doing. */
void status_write_sampling(const struct status_view *view);

/* Say that something is not known, and why: a sentence without its full stop, or that there is no
 * good sample of a kind. */
void status_write_unknown(const struct status_view *view, const char *why);
void status_write_no_sample(const struct status_view *view, enum sample_kind kind);

/* So many rows of a table are shown. */
enum { STATUS_TABLE_ROWS = 8 };

/* Below a table: that so many rows more are at the telemetry path; nothing where it has all. */
void status_write_hidden(const struct status_view *view, size_t hidden);

#endif
