// SPDX-License-Identifier: Apache-2.0
#include "identity_check.h"

static uint64_t distance(uint64_t value, uint64_t one_end, uint64_t other_end)
{
    uint64_t low = one_end < other_end ? one_end : other_end;
    uint64_t high = one_end < other_end ? other_end : one_end;
    if (value < low)
        return low - value;
    return value > high ? value - high : 0;
}

/* How many sockets came or went, from how many came and how the total moved. */
static uint64_t churn(uint64_t came, uint64_t total_before, uint64_t total_after)
{
    uint64_t had_none_gone = total_before + came;
    return came + (had_none_gone > total_after ? had_none_gone - total_after : 0);
}

/* What can explain a difference: every connection opened or closed, and every minisocket made or
 * gone, while the dump ran. A connection that closes may be missed in the one state and found in
 * the other, so both kinds are one sum. */
static uint64_t explained(const struct tcp_moment *before, const struct tcp_moment *after)
{
    uint64_t minisockets_made =
        after->counters.time_wait_started - before->counters.time_wait_started;
    return churn(after->counters.opens - before->counters.opens, before->usage.full_sockets,
                 after->usage.full_sockets) +
           churn(minisockets_made, before->usage.minisockets, after->usage.minisockets);
}

void identity_check_update(struct identity_check *check, const struct state_counts *dumped,
                           const struct tcp_moment *before, const struct tcp_moment *after)
{
    struct derived_counts at_start = derive_counts(dumped, &before->usage);
    struct derived_counts at_end = derive_counts(dumped, &after->usage);
    check->drift.established = distance(state_counts_of(dumped, TCP_STATE_ESTABLISHED),
                                        at_start.established, at_end.established);
    check->drift.time_wait = distance(state_counts_of(dumped, TCP_STATE_TIME_WAIT),
                                      at_start.time_wait, at_end.time_wait);

    uint64_t tolerated = explained(before, after);
    bool holds = check->drift.established <= tolerated && check->drift.time_wait <= tolerated;
    check->streak = holds == check->distrusted ? check->streak + 1 : 0;
    if (check->streak == (check->distrusted ? IDENTITY_TRUST_AFTER : IDENTITY_DISTRUST_AFTER)) {
        check->distrusted = !check->distrusted;
        check->streak = 0;
    }
}
