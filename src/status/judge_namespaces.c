// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

#include <inttypes.h>

/* A bound is often far above the real number: only a high one is a finding. */
static const double bound_threshold = 0.9;

static double get_ports_share(const struct namespace_row *row)
{
    return row->has_walk ? row->utilization[PORT_SCOPE_DESTINATION] : 0;
}

static double get_ports_peak(const struct namespace_row *row)
{
    return row->has_walk ? row->peak_utilization[PORT_SCOPE_DESTINATION] : 0;
}

static double get_queue_share(const struct namespace_row *row)
{
    return row->has_queue ? compute_share(row->queue.length, row->queue.limit) : 0;
}

/* 0 where the port range is known: such a namespace has better numbers than a bound. */
static double get_bound_share(const struct namespace_row *row)
{
    return row->has_bound && !row->has_usable ? compute_share(row->tcp_bound, USUAL_EPHEMERAL_PORTS)
                                              : 0;
}

static enum alert_level judge_namespace_ports(const struct namespace_row *row)
{
    return choose_worse(judge(get_ports_share(row), &destination_thresholds),
                        judge(get_ports_peak(row), &destination_peak_thresholds));
}

static enum alert_level judge_namespace_queue(const struct namespace_row *row)
{
    return judge(get_queue_share(row), &queue_thresholds);
}

static enum alert_level judge_namespace_bound(const struct namespace_row *row)
{
    return get_bound_share(row) >= bound_threshold ? LEVEL_WATCH : LEVEL_OK;
}

enum alert_level judge_namespace(const struct namespace_row *row)
{
    return choose_worse(judge_namespace_bound(row),
                        choose_worse(judge_namespace_ports(row), judge_namespace_queue(row)));
}

int compare_namespaces(const void *left, const void *right)
{
    const struct namespace_row *a = left, *b = right;
    if (get_ports_share(a) != get_ports_share(b))
        return get_ports_share(a) > get_ports_share(b) ? -1 : 1;
    if (a->tcp_bound != b->tcp_bound)
        return a->tcp_bound > b->tcp_bound ? -1 : 1;
    return (a->minisockets < b->minisockets) - (a->minisockets > b->minisockets);
}

/* How one kind of finding judges and compares namespaces. */
struct namespace_measure {
    enum alert_level (*judge)(const struct namespace_row *row);
    double (*get_share)(const struct namespace_row *row);
};

/* The row with the highest level, and of several the one with the largest share; NULL if all are
 * LEVEL_OK. `others` gets how many more have this level. */
static const struct namespace_row *find_worst(const struct namespaces_snapshot *namespaces,
                                              const struct namespace_measure *measure,
                                              size_t *others)
{
    const struct namespace_row *worst = NULL;
    enum alert_level highest = LEVEL_OK;
    *others = 0;
    for (size_t i = 0; i < namespaces->count; i++) {
        const struct namespace_row *row = &namespaces->rows[i];
        enum alert_level level = measure->judge(row);
        if (level == LEVEL_OK || level < highest)
            continue;
        *others = level > highest ? 0 : *others + 1;
        if (level > highest || measure->get_share(row) > measure->get_share(worst))
            worst = row;
        highest = level;
    }
    return worst;
}

static void state_others(struct finding *finding, size_t others)
{
    if (others > 0)
        finding_state(finding, "; %s %s no better", format_plural(others, "other namespace").text,
                      others == 1 ? "is" : "are");
}

/* Write a command that runs in the namespace. One without a process has a name in /run/netns. */
static void advise_inside(struct finding *finding, const struct namespace_row *row,
                          const char *command)
{
    if (row->pid > 0)
        finding_advise(finding, "nsenter -t %" PRIu32 " -n %s", row->pid, command);
    else
        finding_advise(finding, "ip netns exec '%s' %s", row->labels.name, command);
}

/* Name the fullest destination of a namespace, if it is one of the fullest of the node. */
static void state_destination(struct finding *finding, const struct namespaces_snapshot *namespaces,
                              const struct namespace_row *row)
{
    for (size_t i = 0; i < namespaces->destination_count; i++) {
        const struct namespace_destination *named = &namespaces->destinations[i];
        const struct destination *fullest = &named->destination;
        if (&namespaces->rows[named->row] == row) {
            finding_state(
                finding, "to %s",
                format_address_port(fullest->family, &fullest->remote_address, fullest->remote_port)
                    .text);
            return;
        }
    }
    finding_state(finding, "towards one destination");
}

static void judge_ports_inside(struct verdict *verdict, const struct snapshot *snapshot)
{
    static const struct namespace_measure measure = {judge_namespace_ports, get_ports_share};
    size_t others;
    const struct namespace_row *row = find_worst(&snapshot->namespaces, &measure, &others);
    if (!row)
        return;
    double share = get_ports_share(row), peak = get_ports_peak(row);
    struct finding finding =
        finding_make(judge_namespace_ports(row), TOPIC_NAMESPACES,
                     peak >= 1 ? "connect() to it fails there when all are in use: "
                                 "EADDRNOTAVAIL. Other namespaces have their own ports."
                               : "From 50 % on each connect() to it is slow there; at 100 % it "
                                 "fails. Other namespaces have their own ports.");
    finding_state(&finding, "Network namespace %s: %s of the TCP ports ", row->labels.name,
                  format_share(share).text);
    state_destination(&finding, &snapshot->namespaces, row);
    finding_state(&finding, " are in use");
    if (peak > share)
        finding_state(&finding, ", %s at the peak within the last %s", format_share(peak).text,
                      format_period(snapshot->peak_window_seconds).text);
    state_others(&finding, others);
    advise_inside(&finding, row, COUNT_DESTINATIONS);
    verdict_enter(verdict, &finding);
}

static void judge_queues_inside(struct verdict *verdict, const struct snapshot *snapshot)
{
    static const struct namespace_measure measure = {judge_namespace_queue, get_queue_share};
    size_t others;
    const struct namespace_row *row = find_worst(&snapshot->namespaces, &measure, &others);
    if (!row)
        return;
    const struct walk_queue *queue = &row->queue;
    struct finding finding =
        finding_make(judge_namespace_queue(row), TOPIC_NAMESPACES,
                     "When it is full, new connections are dropped: the program accepts too "
                     "slowly.");
    finding_state(&finding, "Network namespace %s: the accept queue of %s holds %s of %s",
                  row->labels.name,
                  format_address_port(queue->family, &queue->address, queue->port).text,
                  format_count(queue->length).text, format_plural(queue->limit, "connection").text);
    state_others(&finding, others);
    advise_inside(&finding, row, "ss -ltn");
    verdict_enter(verdict, &finding);
}

static void judge_bound_inside(struct verdict *verdict, const struct snapshot *snapshot)
{
    static const struct namespace_measure measure = {judge_namespace_bound, get_bound_share};
    size_t others;
    const struct namespace_row *row = find_worst(&snapshot->namespaces, &measure, &others);
    if (!row)
        return;
    struct finding finding = finding_make(
        LEVEL_WATCH, TOPIC_NAMESPACES,
        "The real number may be far lower: only walks see its range and its destinations "
        "(--collector.netns.walk).");
    finding_state(&finding, "Network namespace %s: up to %s towards one destination may be in use",
                  row->labels.name, format_plural(row->tcp_bound, "TCP port").text);
    state_others(&finding, others);
    advise_inside(&finding, row, COUNT_DESTINATIONS);
    verdict_enter(verdict, &finding);
}

static void judge_hidden(struct verdict *verdict, const struct namespaces_snapshot *namespaces)
{
    if (!namespaces->processes_hidden)
        return;
    struct finding finding =
        finding_make(LEVEL_UNKNOWN, TOPIC_HIDDEN_NAMESPACES,
                     "What pods and containers do is unknown, although --collector.netns is on.");
    finding_state(&finding, "/proc hides the processes of other network namespaces");
    finding_advise(&finding, "systemctl show -p ProtectProc sockdiag_exporter; grep /proc "
                             "/proc/mounts");
    verdict_enter(verdict, &finding);
}

void judge_namespaces(struct verdict *verdict, const struct snapshot *snapshot)
{
    if (!snapshot->namespaces.collected)
        return;
    judge_hidden(verdict, &snapshot->namespaces);
    judge_ports_inside(verdict, snapshot);
    judge_queues_inside(verdict, snapshot);
    judge_bound_inside(verdict, snapshot);
}
