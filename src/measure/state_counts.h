// SPDX-License-Identifier: Apache-2.0
/*
 * The number of sockets in each state and family, and the identity: it derives these numbers
 * without a list of ESTABLISHED and TIME_WAIT, which are most sockets.
 *
 * The kernel has two totals for each namespace (net/ipv4/proc.c):
 *   full sockets  in all states except TIME_WAIT; no bound-only ones
 *   minisockets   TIME_WAIT, and FIN_WAIT2 without an owner
 * A total minus the listed sockets is the number of those that were not listed.
 */
#ifndef SOCKDIAG_STATE_COUNTS_H
#define SOCKDIAG_STATE_COUNTS_H

#include "kernel/procfs.h"
#include "sockdiag/socket_record.h"

/* All zero is a count without sockets. */
struct state_counts {
    uint64_t sockets[IP_FAMILIES][TCP_STATES];
    uint64_t fin_wait2_minisockets; /* part of FIN_WAIT2 */
    uint64_t syn_recv_requests;     /* part of SYN_RECV: not full sockets */
};

void state_counts_add(struct state_counts *counts, const struct socket_record *record);

/* Add both families. */
uint64_t state_counts_sum(const struct state_counts *counts, enum tcp_state state);

/* The states that the identity derives, and those that a dump must list for it. */
#define DERIVED_STATES ((tcp_state_set)(1U << TCP_STATE_ESTABLISHED | 1U << TCP_STATE_TIME_WAIT))
#define COUNTED_STATES                                                                             \
    (TCP_STATE_SET_ALL & ~DERIVED_STATES & ~(tcp_state_set)(1U << TCP_STATE_BOUND_INACTIVE))

/* A difference may be below zero, because sockets are opened and closed between a dump and the
 * reading of the totals: it is then zero. */
struct derived_counts {
    uint64_t established;
    uint64_t time_wait;
};

/* TIME_WAIT alone: the kernel's minisockets minus those in FIN_WAIT2. */
uint64_t derive_time_wait(const struct tcp_usage *usage, uint64_t fin_wait2_minisockets);

/* From the kernel's totals and the COUNTED_STATES of `counts`. */
struct derived_counts derive_counts(const struct state_counts *counts,
                                    const struct tcp_usage *usage);

#endif
