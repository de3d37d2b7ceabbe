// SPDX-License-Identifier: Apache-2.0
#include "identity_check.h"

/* Returns the distance of `value` from the range between the ends. */
static uint64_t measure_distance(uint64_t value, uint64_t one_end, uint64_t other_end)
{
    uint64_t low = one_end < other_end ? one_end : other_end;
    uint64_t high = one_end < other_end ? other_end : one_end;
    if (value < low)
        return low - value;
    return value > high ? value - high : 0;
}

/* Returns the number of sockets opened or closed, from the number opened and the totals. */
static uint64_t count_churn(uint64_t opened, uint64_t total_before, uint64_t total_after)
{
    uint64_t all = total_before + opened;
    return opened + (all > total_after ? all - total_after : 0);
}

static uint64_t count_opens(const struct tcp_totals *totals)
{
    return totals->counters.active_opens + totals->counters.passive_opens;
}

/* Returns the greatest difference that churn explains: full sockets and minisockets that were
 * opened or closed during the dump. It is one sum, because a dump may list a connection that closes
 * meanwhile as either kind, as both or as neither. */
static uint64_t find_tolerance(const struct tcp_totals *before, const struct tcp_totals *after)
{
    uint64_t minisockets_made =
        after->counters.time_wait_started - before->counters.time_wait_started;
    return count_churn(count_opens(after) - count_opens(before), before->usage.full_sockets,
                       after->usage.full_sockets) +
           count_churn(minisockets_made, before->usage.minisockets, after->usage.minisockets);
}

void identity_check_update(struct identity_check *check, const struct state_counts *dumped,
                           const struct tcp_totals *before, const struct tcp_totals *after)
{
    struct derived_counts at_start = derive_counts(dumped, &before->usage);
    struct derived_counts at_end = derive_counts(dumped, &after->usage);
    check->drift.established = measure_distance(state_counts_sum(dumped, TCP_STATE_ESTABLISHED),
                                                at_start.established, at_end.established);
    check->drift.time_wait = measure_distance(state_counts_sum(dumped, TCP_STATE_TIME_WAIT),
                                              at_start.time_wait, at_end.time_wait);

    uint64_t tolerated = find_tolerance(before, after);
    bool holds = check->drift.established <= tolerated && check->drift.time_wait <= tolerated;
    check->streak = holds == check->distrusted ? check->streak + 1 : 0;
    if (check->streak == (check->distrusted ? IDENTITY_TRUST_AFTER : IDENTITY_DISTRUST_AFTER)) {
        check->distrusted = !check->distrusted;
        check->streak = 0;
    }
}
