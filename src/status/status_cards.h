// SPDX-License-Identifier: Apache-2.0
/*
 * The contents of the status page's cards: a function for each, called if its numbers are known.
 * Private to src/status.
 */
#ifndef SOCKDIAG_STATUS_CARDS_H
#define SOCKDIAG_STATUS_CARDS_H

#include "base/buffer.h"
#include "sockdiag/self_report.h"
#include "sockdiag/snapshot.h"
#include "verdict.h"

/* The input and the output of a card. */
struct status_view {
    struct buffer *out;
    const struct snapshot *snapshot;
    const struct self_report *self;
    double now; /* unix seconds */
    const struct verdict *verdict;
};

void status_write_established(const struct status_view *view);
void status_write_time_wait(const struct status_view *view);
void status_write_tcp_ports(const struct status_view *view);
void status_write_udp_ports(const struct status_view *view);
void status_write_destinations(const struct status_view *view);
void status_write_listeners(const struct status_view *view);
void status_write_udp_sockets(const struct status_view *view);
void status_write_unix_listeners(const struct status_view *view);
void status_write_namespaces(const struct status_view *view);
void status_write_states(const struct status_view *view);
void status_write_events(const struct status_view *view);
void status_write_limits(const struct status_view *view);
void status_write_sampling(const struct status_view *view);
void status_write_advice(const struct status_view *view);

enum { STATUS_TABLE_ROWS = 8 }; /* the most rows of destinations, of listeners and of namespaces */

#endif
