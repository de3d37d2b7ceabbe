// SPDX-License-Identifier: Apache-2.0
#include "state_counts.h"

void state_counts_add(struct state_counts *counts, const struct socket_record *record)
{
    counts->sockets[record->family][record->state]++;
    if (record->full_socket)
        return;
    if (record->state == TCP_STATE_FIN_WAIT2)
        counts->fin_wait2_minisockets++;
    else if (record->state == TCP_STATE_SYN_RECV)
        counts->syn_recv_requests++;
}

uint64_t state_counts_sum(const struct state_counts *counts, enum tcp_state state)
{
    return counts->sockets[IP_FAMILY_IPV4][state] + counts->sockets[IP_FAMILY_IPV6][state];
}

static uint64_t subtract_to_zero(uint64_t minuend, uint64_t subtrahend)
{
    return minuend > subtrahend ? minuend - subtrahend : 0;
}

uint64_t derive_time_wait(const struct tcp_usage *usage, uint64_t fin_wait2_minisockets)
{
    return subtract_to_zero(usage->minisockets, fin_wait2_minisockets);
}

struct derived_counts derive_counts(const struct state_counts *counts,
                                    const struct tcp_usage *usage)
{
    uint64_t other_full_sockets = 0;
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        if (COUNTED_STATES & tcp_state_bit(state))
            other_full_sockets += state_counts_sum(counts, state);
    }
    other_full_sockets -= counts->fin_wait2_minisockets + counts->syn_recv_requests;
    return (struct derived_counts){
        .established = subtract_to_zero(usage->full_sockets, other_full_sockets),
        .time_wait = derive_time_wait(usage, counts->fin_wait2_minisockets),
    };
}
