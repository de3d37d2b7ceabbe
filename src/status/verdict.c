// SPDX-License-Identifier: Apache-2.0
#include "verdict.h"

#include "format.h"

#include <stdarg.h>
#include <stdio.h>

const char *const alert_level_names[] = {
    [LEVEL_OK] = "OK",           [LEVEL_WATCH] = "Watch",       [LEVEL_UNKNOWN] = "Unknown",
    [LEVEL_WARNING] = "Warning", [LEVEL_CRITICAL] = "Critical",
};

/* The lowest share of a limit for each level. */
struct thresholds {
    double watch, warning, critical;
};

enum { NEVER = 2 }; /* above every share */

/* connect() to a destination is slow from one half on, so its levels begin below; the other scopes
 * fail only when they are full. Ports in use on this host affect only programs that bind() to port
 * 0; with UDP this is any new socket (docs/ports.md). */
static const struct thresholds destination_thresholds = {0.4, 0.5, 0.9};
static const struct thresholds preferred_thresholds = {0.8, 1, NEVER};
static const struct thresholds tcp_bind_thresholds = {0.8, 1, NEVER};
static const struct thresholds udp_bind_thresholds = {0.7, 0.8, 0.9};
static const struct thresholds queue_thresholds = {0.4, 0.8, 1};
static const struct thresholds queue_peak_thresholds = {0.5, 1, NEVER};
static const struct thresholds time_wait_thresholds = {0.5, 0.9, NEVER};

static enum alert_level judge(double share, const struct thresholds *thresholds)
{
    return share >= thresholds->critical  ? LEVEL_CRITICAL
           : share >= thresholds->warning ? LEVEL_WARNING
           : share >= thresholds->watch   ? LEVEL_WATCH
                                          : LEVEL_OK;
}

static enum alert_level choose_worse(enum alert_level a, enum alert_level b)
{
    return a > b ? a : b;
}

enum alert_level judge_ports(const struct port_snapshot *ports, enum socket_protocol protocol,
                             enum port_scope scope)
{
    double share = ports->summary.utilization[scope];
    if (protocol == SOCKET_UDP)
        return judge(share, &udp_bind_thresholds);
    if (scope != PORT_SCOPE_DESTINATION)
        return judge(share, &tcp_bind_thresholds);
    return choose_worse(judge(share, &destination_thresholds),
                        judge(ports->summary.preferred_utilization, &preferred_thresholds));
}

/* The share of a queue's limit; with limit 0, one connection is a share of 1. */
static double compute_share(uint64_t length, uint64_t limit)
{
    return limit > 0 ? (double)length / (double)limit : length > 0;
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

bool knows_destinations(const struct port_snapshot *ports)
{
    return ports->present && ports->has_destinations;
}

static void add_finding(struct verdict *verdict, enum alert_level level, const char *meaning,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Insert a finding after those of the same level; ignores LEVEL_OK. */
static void add_finding(struct verdict *verdict, enum alert_level level, const char *meaning,
                        const char *format, ...)
{
    if (level == LEVEL_OK)
        return;
    size_t place = verdict->count++;
    for (; place > 0 && verdict->findings[place - 1].level < level; place--)
        verdict->findings[place] = verdict->findings[place - 1];
    struct finding *finding = &verdict->findings[place];
    finding->level = level;
    snprintf(finding->meaning, sizeof finding->meaning, "%s", meaning);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->fact, sizeof finding->fact, format, arguments);
    va_end(arguments);
}

static void judge_sample(struct verdict *verdict, const struct sample_report *report,
                         enum sample_kind kind, double now)
{
    add_finding(verdict, LEVEL_UNKNOWN,
                kind == SAMPLE_COUNT
                    ? "Sockets by state and accept queues are unknown."
                    : "Ports, destinations and the listeners' connections are unknown.",
                "Last good %s sample: %s; %s failed since the start", sample_kind_name(kind),
                format_ago(now, report->last_success).text, format_count(report->failures).text);
}

static void judge_destinations(struct verdict *verdict, const struct port_snapshot *ports)
{
    if (!knows_destinations(ports))
        return;
    enum alert_level level = judge_ports(ports, SOCKET_TCP, PORT_SCOPE_DESTINATION);
    double share = ports->summary.utilization[PORT_SCOPE_DESTINATION];
    const char *meaning =
        share >= 1 ? "connect() to it fails: EADDRNOTAVAIL."
        : level >= LEVEL_WARNING
            ? "Each connect() to it searches port by port: slow, and expensive. At 100 % it fails."
            : "From 50 % on each connect() to it is slow; at 100 % it fails.";
    char route[160] = "towards one destination";
    if (ports->destination_count > 0) {
        const struct destination *fullest = &ports->destinations[0];
        snprintf(
            route, sizeof route, "from %s to %s",
            format_address(fullest->family, &fullest->local_address).text,
            format_address_port(fullest->family, &fullest->remote_address, fullest->remote_port)
                .text);
    }
    add_finding(verdict, level, meaning, "%s of the TCP ports %s are in use",
                format_share(share).text, route);
}

/* The ports for bind(). A port in use on one address is in use on the host: one finding reports
 * both. */
static void judge_binding(struct verdict *verdict, const struct port_snapshot *ports,
                          enum socket_protocol protocol)
{
    bool udp = protocol == SOCKET_UDP;
    if (!ports->present)
        return;
    add_finding(verdict, judge_ports(ports, protocol, PORT_SCOPE_HOST),
                udp ? "At 100 % no new UDP socket gets a port."
                    : "At 100 % bind() to port 0 fails; connect() without bind() is not affected.",
                "%s of the %s ports of this host are in use, %s on one local address",
                format_share(ports->summary.utilization[PORT_SCOPE_HOST]).text, udp ? "UDP" : "TCP",
                format_share(ports->summary.utilization[PORT_SCOPE_LOCAL_ADDRESS]).text);
}

/* The listener with the most urgent accept queue, and among these the one with the fullest peak;
 * NULL if none is known. */
static const struct listener_row *find_worst_queue(const struct snapshot *snapshot)
{
    const struct listener_row *worst = NULL;
    for (size_t i = 0; snapshot->has_counts && i < snapshot->queue_count; i++) {
        const struct listener_row *row = &snapshot->queues[i];
        int order = worst ? (int)judge_queue(row) - (int)judge_queue(worst) : 1;
        if (order > 0 || (order == 0 && compute_peak_share(row) > compute_peak_share(worst)))
            worst = row;
    }
    return worst;
}

static void judge_queues(struct verdict *verdict, const struct snapshot *snapshot)
{
    const struct listener_row *worst = find_worst_queue(snapshot);
    if (worst)
        add_finding(verdict, judge_queue(worst),
                    "When it is full, new connections are dropped: the program accepts too slowly.",
                    "The accept queue of %s holds %s of %s connections, %s at its peak",
                    format_address_port(worst->family, &worst->address, worst->port).text,
                    format_count(worst->queue_length).text, format_count(worst->queue_limit).text,
                    format_count(worst->queue_peak).text);
}

/* The share of its limit that TIME_WAIT takes; below 0 if unknown. */
static double compute_time_wait_share(const struct snapshot *snapshot)
{
    uint64_t limit = snapshot->settings.time_wait_limit;
    bool known =
        snapshot->has_counts && snapshot->has_settings && limit > 0 && limit != PROCFS_ABSENT;
    return known ? compute_share(snapshot->sockets[TCP_STATE_TIME_WAIT], limit) : -1;
}

static void judge_time_wait(struct verdict *verdict, const struct snapshot *snapshot)
{
    double share = compute_time_wait_share(snapshot);
    add_finding(verdict, judge(share, &time_wait_thresholds),
                "At 100 % connections skip TIME_WAIT: raise tcp_max_tw_buckets.",
                "TIME_WAIT is at %s of its limit", format_share(share).text);
}

/* Insert the all-clear, with the distances from the limits. */
static void enter_all_clear(struct verdict *verdict, const struct snapshot *snapshot)
{
    const struct port_snapshot *tcp = &snapshot->ports[SOCKET_TCP];
    const struct listener_row *queue = find_worst_queue(snapshot);
    bool complete = knows_destinations(tcp) && snapshot->ports[SOCKET_UDP].present &&
                    snapshot->listeners_collected && snapshot->has_settings;
    double ports = knows_destinations(tcp) ? tcp->summary.utilization[PORT_SCOPE_DESTINATION] : -1;
    double fullest = queue ? compute_peak_share(queue) : 0;
    struct finding *finding = &verdict->findings[verdict->count++];
    finding->level = LEVEL_OK;
    snprintf(finding->fact, sizeof finding->fact, "Nothing %sis close to a limit",
             complete ? "" : "known ");
    snprintf(finding->meaning, sizeof finding->meaning,
             "Ports towards the fullest destination: %s. Fullest accept queue: %s. "
             "TIME_WAIT limit: %s.",
             format_share(ports).text,
             format_share(snapshot->listeners_collected ? fullest : -1).text,
             format_share(compute_time_wait_share(snapshot)).text);
}

void verdict_reach(struct verdict *verdict, const struct snapshot *snapshot, double now)
{
    verdict->count = 0;
    if (!snapshot->has_counts)
        judge_sample(verdict, &snapshot->samples[SAMPLE_COUNT], SAMPLE_COUNT, now);
    if (!snapshot->has_detail)
        judge_sample(verdict, &snapshot->samples[SAMPLE_DETAIL], SAMPLE_DETAIL, now);
    judge_destinations(verdict, &snapshot->ports[SOCKET_TCP]);
    judge_queues(verdict, snapshot);
    judge_binding(verdict, &snapshot->ports[SOCKET_UDP], SOCKET_UDP);
    judge_binding(verdict, &snapshot->ports[SOCKET_TCP], SOCKET_TCP);
    judge_time_wait(verdict, snapshot);
    if (verdict->count == 0)
        enter_all_clear(verdict, snapshot);
}
