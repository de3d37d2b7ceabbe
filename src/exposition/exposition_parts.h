// SPDX-License-Identifier: Apache-2.0
/*
 * The parts of the exposition: each writes the families of one subject. Each family has one place
 * with its name, type, help and values. Private to src/exposition.
 */
#ifndef SOCKDIAG_EXPOSITION_PARTS_H
#define SOCKDIAG_EXPOSITION_PARTS_H

#include "metric_writer.h"
#include "sockdiag/self_report.h"
#include "sockdiag/snapshot.h"

/* TCP sockets by state, by family and, those in TIME_WAIT, by role. */
void exposition_write_states(struct metric_writer *writer, const struct snapshot *snapshot);

/* The kernel's own counters and settings. */
void exposition_write_kernel(struct metric_writer *writer, const struct snapshot *snapshot);

void exposition_write_listeners(struct metric_writer *writer, const struct snapshot *snapshot);
void exposition_write_ports(struct metric_writer *writer, const struct snapshot *snapshot);
void exposition_write_cgroups(struct metric_writer *writer, const struct snapshot *snapshot);
void exposition_write_events(struct metric_writer *writer, const struct snapshot *snapshot);
void exposition_write_udp(struct metric_writer *writer, const struct snapshot *snapshot);
void exposition_write_unix(struct metric_writer *writer, const struct snapshot *snapshot);

/* Every network namespace of the node. */
void exposition_write_netns(struct metric_writer *writer,
                            const struct namespaces_snapshot *snapshot);
void exposition_write_netns_walks(struct metric_writer *writer,
                                  const struct namespaces_snapshot *snapshot);

/* Statistics of sampling. */
void exposition_write_sampling(struct metric_writer *writer, const struct snapshot *snapshot,
                               const struct self_report *self);

void exposition_write_self(struct metric_writer *writer, const struct self_report *self);

#endif
