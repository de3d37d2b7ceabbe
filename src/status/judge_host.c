// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

/* The used share of a limit; below 0 if one of the numbers is unknown or there is no limit. */
static double compute_known_share(bool known, uint64_t count, uint64_t limit)
{
    bool valid = known && procfs_is_number(count) && procfs_is_number(limit) && limit > 0;
    return valid ? compute_share(count, limit) : -1;
}

double compute_time_wait_share(const struct snapshot *snapshot)
{
    return compute_known_share(snapshot->has_counts && snapshot->has_settings,
                               snapshot->sockets[TCP_STATE_TIME_WAIT],
                               snapshot->settings.time_wait_limit);
}

void judge_time_wait(struct verdict *verdict, const struct snapshot *snapshot)
{
    static const struct thresholds thresholds = {0.5, 0.9, NEVER};
    double share = compute_time_wait_share(snapshot);
    uint64_t skipped = snapshot->recent.time_wait_overflows;
    bool skips = snapshot->has_counters && procfs_is_number(skipped) && skipped > 0;
    struct finding finding =
        finding_make(skips ? LEVEL_WARNING : judge(share, &thresholds), TOPIC_TIME_WAIT,
                     "At 100 % connections skip TIME_WAIT: raise tcp_max_tw_buckets.");
    finding_state(&finding, "TIME_WAIT is at %s of its limit", format_share(share).text);
    if (skips)
        finding_state(&finding, ", %s skipped it in the last %s",
                      format_plural(skipped, "connection").text,
                      format_recent_period(snapshot).text);
    /* Count what most of them share: on a server its port (column 3), else the peer (column 4). */
    bool servers = snapshot->has_time_wait_roles &&
                   snapshot->time_wait[TIME_WAIT_SERVER] > snapshot->time_wait[TIME_WAIT_CLIENT];
    finding_advise(&finding,
                   "ss -Htan state time-wait | awk '{print $%d}' | sort | uniq -c | sort -rn | "
                   "head",
                   servers ? 3 : 4);
    verdict_enter(verdict, &finding);
}

double compute_memory_share(const struct snapshot *snapshot)
{
    const struct tcp_pressure *pressure = &snapshot->pressure;
    return compute_known_share(snapshot->has_pressure, pressure->memory_bytes,
                               pressure->memory_limit_bytes[TCP_MEMORY_HIGH]);
}

static bool is_memory_above(const struct tcp_pressure *pressure, enum tcp_memory_level level)
{
    uint64_t limit = pressure->memory_limit_bytes[level];
    return procfs_is_number(limit) && pressure->memory_bytes >= limit;
}

void judge_memory(struct verdict *verdict, const struct snapshot *snapshot)
{
    static const struct {
        enum alert_level level;
        const char *meaning;
    } levels[TCP_MEMORY_LEVELS] = {
        {LEVEL_WATCH, "Above the second number of tcp_mem the kernel shrinks buffers: slow."},
        {LEVEL_WARNING, "The kernel shrinks the buffers of all TCP sockets of the host: slow."},
        {LEVEL_CRITICAL, "No TCP socket of the host gets more memory: connections stall or end."},
    };
    const struct tcp_pressure *pressure = &snapshot->pressure;
    if (!snapshot->has_pressure || !procfs_is_number(pressure->memory_bytes))
        return;
    for (int level = TCP_MEMORY_HIGH; level >= TCP_MEMORY_LOW; level--) {
        if (!is_memory_above(pressure, (enum tcp_memory_level)level))
            continue;
        struct finding finding =
            finding_make(levels[level].level, TOPIC_MEMORY, levels[level].meaning);
        finding_state(&finding, "The TCP sockets of this host hold %s of buffers, limit %s",
                      format_bytes(pressure->memory_bytes).text,
                      format_bytes(pressure->memory_limit_bytes[TCP_MEMORY_HIGH]).text);
        finding_advise(&finding, "ss -tanmp");
        verdict_enter(verdict, &finding);
        return;
    }
}

double compute_orphan_share(const struct snapshot *snapshot)
{
    return compute_known_share(snapshot->has_pressure, snapshot->pressure.orphans,
                               snapshot->pressure.orphan_limit);
}

/* The kernel resets orphans that make no progress as soon as a half or even a quarter of the limit
 * is used (tcp_out_of_resources(), net/ipv4/tcp_timer.c). */
void judge_orphans(struct verdict *verdict, const struct snapshot *snapshot)
{
    static const struct thresholds thresholds = {0.25, 0.5, 1};
    double share = compute_orphan_share(snapshot);
    struct finding finding = finding_make(
        judge(share, &thresholds), TOPIC_ORPHANS,
        "Their processes have closed them, but the peers have not yet acknowledged the data. At "
        "the limit the kernel resets them: the peers lose data.");
    finding_state(&finding, "%s of the limit of orphans is in use: %s", format_share(share).text,
                  format_plural(snapshot->pressure.orphans, "socket").text);
    finding_advise(&finding, "ss -tanp state fin-wait-1 state last-ack state closing");
    verdict_enter(verdict, &finding);
}
