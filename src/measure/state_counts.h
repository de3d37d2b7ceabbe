// SPDX-License-Identifier: Apache-2.0
/*
 * How many sockets are in each state and family, and the identity that gives the same numbers
 * without listing ESTABLISHED and TIME_WAIT, which are most of them.
 *
 * The kernel keeps two totals for each namespace (net/ipv4/proc.c):
 *   full sockets  all states but TIME_WAIT, of sockets that are full; bound-only ones left out
 *   minisockets   TIME_WAIT, and FIN_WAIT2 without an owner
 * so that what was not dumped is a total less what was.
 */
#ifndef SOCKDIAG_STATE_COUNTS_H
#define SOCKDIAG_STATE_COUNTS_H

#include "kernel/procfs.h"
#include "sockdiag/socket_record.h"

/* All zero is the count of nothing. */
struct state_counts {
    uint64_t sockets[IP_FAMILIES][TCP_STATES];
    uint64_t fin_wait2_minisockets; /* part of FIN_WAIT2 */
    uint64_t syn_recv_requests;     /* part of SYN_RECV: those that are not full sockets */
};

void state_counts_add(struct state_counts *counts, const struct socket_record *record);

/* Both families. */
uint64_t state_counts_of(const struct state_counts *counts, enum tcp_state state);

/* The states that the identity derives, and what a dump must then list. */
#define DERIVED_STATES ((tcp_state_set)(1U << TCP_STATE_ESTABLISHED | 1U << TCP_STATE_TIME_WAIT))
#define COUNTED_STATES                                                                             \
    (TCP_STATE_SET_ALL & ~DERIVED_STATES & ~(tcp_state_set)(1U << TCP_STATE_BOUND_INACTIVE))

/* The derived two. Sockets come and go between a dump and the reading of the totals, so a
 * difference may come out below zero: it is then zero. */
struct derived_counts {
    uint64_t established;
    uint64_t time_wait;
};

/* TIME_WAIT alone: the kernel's minisockets less those in FIN_WAIT2. */
uint64_t derive_time_wait(const struct tcp_usage *usage, uint64_t fin_wait2_minisockets);

/* From the other states in `counts` (whose own ESTABLISHED and TIME_WAIT are not looked at) and
 * the kernel's totals. */
struct derived_counts derive_counts(const struct state_counts *counts,
                                    const struct tcp_usage *usage);

#endif
