// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

#include <stdio.h>

const struct thresholds queue_thresholds = {0.4, 0.8, 1};
static const struct thresholds queue_peak_thresholds = {0.5, 1, NEVER};

/* Connection attempts dropped in the last minute. Each waits a second or more for its next try. */
static const struct thresholds drop_thresholds = {1, 10, NEVER};

/* The share of a listener's limit that half-open connections fill in a flood: above a half the
 * kernel drops them early (reqsk_timer_handler(), net/ipv4/inet_connection_sock.c). If the limit is
 * tiny, a few are no flood. */
static const double flood_share = 0.4;
static const uint64_t flood_least = 32;
static const uint64_t many_half_open = 1000; /* of all listeners together */

struct place_name name_listener(const struct listener_row *row)
{
    struct place_name name;
    snprintf(name.text, sizeof name.text, "%s%s%s",
             format_address_port(row->family, &row->address, row->port).text,
             row->interface_name[0] ? " on " : "", row->interface_name);
    return name;
}

static double compute_peak_share(const struct listener_row *row)
{
    return compute_share(row->queue_peak, row->queue_limit);
}

enum alert_level judge_queue(const struct listener_row *row)
{
    double share = compute_share(row->queue_length, row->queue_limit);
    return choose_worse(judge(share, &queue_thresholds),
                        judge(compute_peak_share(row), &queue_peak_thresholds));
}

/* The listener with the most urgent accept queue, and of several the one with the fullest peak;
 * NULL if none is known. `others` gets how many more are as urgent. */
static const struct listener_row *find_worst_queue(const struct snapshot *snapshot, size_t *others)
{
    const struct listener_row *worst = NULL;
    for (size_t i = 0; snapshot->has_counts && i < snapshot->queue_count; i++) {
        const struct listener_row *row = &snapshot->queues[i];
        int order = worst ? (int)judge_queue(row) - (int)judge_queue(worst) : 1;
        *others = order > 0 ? 0 : *others + (order == 0);
        if (order > 0 || (order == 0 && compute_peak_share(row) > compute_peak_share(worst)))
            worst = row;
    }
    return worst;
}

double compute_fullest_queue(const struct snapshot *snapshot)
{
    size_t others;
    const struct listener_row *worst = find_worst_queue(snapshot, &others);
    return worst ? compute_peak_share(worst) : snapshot->listeners_collected ? 0 : -1;
}

static void state_queue(struct finding *finding, const struct listener_row *row,
                        double window_seconds)
{
    struct formatted limit = format_count(row->queue_limit);
    finding_state(finding, "The accept queue of %s ", name_listener(row).text);
    if (row->queue_length > 0 && row->queue_length >= row->queue_limit)
        finding_state(finding, "is full (%s waiting, limit %s)",
                      format_count(row->queue_length).text, limit.text);
    else if (row->queue_peak > 0 && row->queue_peak >= row->queue_limit)
        finding_state(finding, "was full within the last %s (%s waiting, limit %s), %s wait now",
                      format_period(window_seconds).text, format_count(row->queue_peak).text,
                      limit.text, format_count(row->queue_length).text);
    else
        finding_state(
            finding, "holds %s of %s, %s at its peak", format_count(row->queue_length).text,
            format_plural(row->queue_limit, "connection").text, format_count(row->queue_peak).text);
}

void judge_queues(struct verdict *verdict, const struct snapshot *snapshot)
{
    size_t others;
    const struct listener_row *worst = find_worst_queue(snapshot, &others);
    if (!worst)
        return;
    struct finding finding = finding_make(
        judge_queue(worst), TOPIC_QUEUES,
        "When it is full, new connections are dropped: the program accepts too slowly.");
    state_queue(&finding, worst, snapshot->peak_window_seconds);
    if (others > 0)
        finding_state(&finding, ", and %s", format_plural(others, "more queue").text);
    finding_advise(&finding, "ss -ltnp sport = :%u", worst->port);
    verdict_enter(verdict, &finding);
}

/* The growth of a counter in the last minute; 0 if it is unknown. */
static uint64_t get_growth(const struct snapshot *snapshot, uint64_t growth)
{
    return snapshot->has_counters && procfs_is_number(growth) ? growth : 0;
}

/* Of the listeners that dropped something within the peak window, the one with the most drops since
 * the start; NULL if none is known. `others` gets how many more there are. */
static const struct listener_row *find_dropping(const struct snapshot *snapshot, size_t *others)
{
    const struct listener_row *most = NULL;
    *others = 0;
    for (size_t i = 0; snapshot->has_counts && i < snapshot->queue_count; i++) {
        const struct listener_row *row = &snapshot->queues[i];
        *others += row->dropping && most;
        if (row->dropping && (!most || row->drops > most->drops))
            most = row;
    }
    return most;
}

void judge_drops(struct verdict *verdict, const struct snapshot *snapshot)
{
    uint64_t drops = get_growth(snapshot, snapshot->recent.listen_drops);
    uint64_t overflows = get_growth(snapshot, snapshot->recent.listen_overflows);
    struct finding finding =
        finding_make(judge((double)drops, &drop_thresholds), TOPIC_DROPS,
                     "For their clients, connections take seconds longer or time out.");
    finding_state(&finding, "Listeners dropped %s in the last %s, %s at full accept queues",
                  format_plural(drops, "connection attempt").text,
                  format_recent_period(snapshot).text,
                  format_count(overflows < drops ? overflows : drops).text);
    size_t others;
    const struct listener_row *most = find_dropping(snapshot, &others);
    finding_advise(&finding, "nstat -az TcpExtListenDrops TcpExtListenOverflows; ss -ltnp");
    if (most) {
        finding_state(&finding, ": %s", name_listener(most).text);
        finding_advise(&finding, "ss -ltnp sport = :%u", most->port);
    }
    if (others > 0)
        finding_state(&finding, " and %zu more", others);
    verdict_enter(verdict, &finding);
}

/* The listener with the most sockets in `state` at the last detail sample; NULL if none has any. */
static const struct listener_row *find_most(const struct snapshot *snapshot, enum tcp_state state)
{
    const struct listener_row *most = NULL;
    for (size_t i = 0; snapshot->has_detail && i < snapshot->listener_count; i++) {
        const struct listener_row *row = &snapshot->listeners[i];
        if (row->sockets[state] > (most ? most->sockets[state] : 0))
            most = row;
    }
    return most;
}

void judge_syn_recv(struct verdict *verdict, const struct snapshot *snapshot)
{
    const struct listener_row *most = find_most(snapshot, TCP_STATE_SYN_RECV);
    uint64_t half_open = most ? most->sockets[TCP_STATE_SYN_RECV] : 0;
    uint64_t total = snapshot->has_counts ? snapshot->sockets[TCP_STATE_SYN_RECV] : 0;
    uint64_t full = get_growth(snapshot, snapshot->recent.syn_queue_full_drops) +
                    get_growth(snapshot, snapshot->recent.syn_queue_full_cookies);
    bool filling =
        half_open >= flood_least && compute_share(half_open, most->queue_limit) >= flood_share;
    bool many = filling || total >= many_half_open;
    struct finding finding = finding_make(
        full > 0 ? (many ? LEVEL_CRITICAL : LEVEL_WARNING)
                 : (filling ? LEVEL_WARNING : (many ? LEVEL_WATCH : LEVEL_OK)),
        TOPIC_SYN_RECV,
        "A flood of SYNs, or the answers do not reach the clients. At its limit a listener drops "
        "SYNs or answers with cookies.");
    if (filling)
        finding_state(&finding, "%s has %s half-open connections (SYN_RECV), limit %s",
                      name_listener(most).text, format_count(half_open).text,
                      format_count(most->queue_limit).text);
    else
        finding_state(&finding, "%s half-open (SYN_RECV)", format_plural(total, "connection").text);
    if (full > 0)
        finding_state(&finding, "; %s met a full SYN queue in the last %s",
                      format_plural(full, "SYN").text, format_recent_period(snapshot).text);
    finding_advise(&finding, "ss -Htan state syn-recv | awk '{print $3}' | sort | uniq -c");
    verdict_enter(verdict, &finding);
}

/* Each is a socket that a program has not closed: a hundred are worth a look on any host. */
void judge_close_wait(struct verdict *verdict, const struct snapshot *snapshot)
{
    static const struct thresholds thresholds = {100, 1000, NEVER};
    if (!snapshot->has_counts)
        return;
    uint64_t total = snapshot->sockets[TCP_STATE_CLOSE_WAIT];
    struct finding finding =
        finding_make(judge((double)total, &thresholds), TOPIC_CLOSE_WAIT,
                     "Their peers have closed, a program on this host has not: if the number "
                     "grows, the program leaks them until it has no descriptors or ports left.");
    finding_state(&finding, "%s in CLOSE_WAIT", format_plural(total, "socket").text);
    const struct listener_row *most = find_most(snapshot, TCP_STATE_CLOSE_WAIT);
    uint64_t sampled = state_counts_sum(&snapshot->detail, TCP_STATE_CLOSE_WAIT);
    bool one_listener = most && 2 * most->sockets[TCP_STATE_CLOSE_WAIT] > sampled;
    if (one_listener)
        finding_state(&finding, ", most at the listener %s", name_listener(most).text);
    finding_advise(&finding, "ss -tanp state close-wait");
    if (one_listener)
        finding_advise(&finding, "ss -tanp state close-wait sport = :%u", most->port);
    verdict_enter(verdict, &finding);
}
