// SPDX-License-Identifier: Apache-2.0
#include "verdict.h"

#include "figure.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name, *class;
} levels[] = {
    [LEVEL_OK] = {"OK", "ok"},
    [LEVEL_WATCH] = {"Watch", "watch"},
    [LEVEL_UNKNOWN] = {"Not known", "unknown"},
    [LEVEL_WARNING] = {"Warning", "warning"},
    [LEVEL_CRITICAL] = {"Critical", "critical"},
};

/* Shares of a limit from which on a level applies. */
struct thresholds {
    double watch, warning, critical;
};

enum { NEVER = 2 }; /* no share is ever so high */

/* Towards a destination connect() is slow from one half on, so that is watched from below; all else
 * fails or loses something at its end only. Ports in use on this host hurt nobody but programs that
 * bind() to port 0; with UDP that is any new socket (docs/ports.md). */
static const struct thresholds destination_thresholds = {0.4, 0.5, 0.9};
static const struct thresholds preferred_thresholds = {0.8, 1, NEVER};
static const struct thresholds tcp_bind_thresholds = {0.8, 1, NEVER};
static const struct thresholds udp_bind_thresholds = {0.7, 0.8, 0.9};
static const struct thresholds queue_thresholds = {0.4, 0.8, 1};
static const struct thresholds past_queue_thresholds = {0.5, 1, NEVER};
static const struct thresholds time_wait_thresholds = {0.5, 0.9, NEVER};

const char *alert_level_name(enum alert_level level)
{
    return levels[level].name;
}

const char *alert_level_class(enum alert_level level)
{
    return levels[level].class;
}

static enum alert_level judge(double share, const struct thresholds *thresholds)
{
    return share >= thresholds->critical  ? LEVEL_CRITICAL
           : share >= thresholds->warning ? LEVEL_WARNING
           : share >= thresholds->watch   ? LEVEL_WATCH
                                          : LEVEL_OK;
}

static enum alert_level worse(enum alert_level a, enum alert_level b)
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
    return worse(judge(share, &destination_thresholds),
                 judge(ports->summary.preferred_utilization, &preferred_thresholds));
}

double queue_share(uint64_t length, uint64_t limit)
{
    if (length == 0)
        return 0;
    return limit > 0 ? (double)length / (double)limit : 1;
}

enum alert_level judge_queue(const struct listener_row *row)
{
    return worse(judge(queue_share(row->queue_length, row->queue_limit), &queue_thresholds),
                 judge(queue_share(row->queue_peak, row->queue_limit), &past_queue_thresholds));
}

/* Enter a finding behind those that are as urgent. No judge below enters more than one. */
static struct finding *enter(struct verdict *verdict, enum alert_level level, const char *meaning)
{
    size_t place = verdict->count++;
    for (; place > 0 && verdict->findings[place - 1].level < level; place--)
        verdict->findings[place] = verdict->findings[place - 1];
    verdict->findings[place] = (struct finding){.level = level, .meaning = meaning};
    return &verdict->findings[place];
}

static void state(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void state(struct finding *finding, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->fact, sizeof finding->fact, format, arguments);
    va_end(arguments);
}

void explain_absence(const struct sample_report *report, enum sample_kind kind, double now,
                     char *text, size_t size)
{
    const char *name = sample_kind_name(kind);
    if (report->successes > 0)
        snprintf(text, size, "The last good %s sample is %s old; %s failed since the start", name,
                 figure_age(now - report->last_success).text, figure_count(report->failures).text);
    else if (report->failures > 0)
        snprintf(text, size, "No %s sample succeeded so far: %s failed", name,
                 figure_count(report->failures).text);
    else
        snprintf(text, size, "No %s sample was taken yet", name);
}

static void judge_sample(struct verdict *verdict, const struct snapshot *snapshot,
                         enum sample_kind kind, double now)
{
    struct finding *finding =
        enter(verdict, LEVEL_UNKNOWN,
              kind == SAMPLE_COUNT
                  ? "Sockets by state and accept queues are therefore not known."
                  : "Ports, destinations and listeners' connections are therefore not known.");
    explain_absence(&snapshot->samples[kind], kind, now, finding->fact, sizeof finding->fact);
}

static const char *meaning_of_destination(enum alert_level level, double share)
{
    if (share >= 1)
        return "connect() there fails: EADDRNOTAVAIL.";
    if (level == LEVEL_CRITICAL)
        return "At 100 % connect() there fails. It is slow already, from 50 % on.";
    if (level == LEVEL_WARNING)
        return "Past the knee every connect() there searches port by port: slow, and dear in CPU.";
    return "From 50 % on every connect() there is slow, at 100 % it fails.";
}

static void judge_destination(struct verdict *verdict, const struct port_snapshot *ports)
{
    enum alert_level level = judge_ports(ports, SOCKET_TCP, PORT_SCOPE_DESTINATION);
    if (!ports->present || !ports->has_destinations || level == LEVEL_OK)
        return;
    double share = ports->summary.utilization[PORT_SCOPE_DESTINATION];
    struct finding *finding = enter(verdict, level, meaning_of_destination(level, share));
    struct figure used = figure_share(share);
    if (ports->destination_count == 0) {
        state(finding, "%s of the TCP ports towards one destination are used", used.text);
        return;
    }
    const struct destination *fullest = &ports->destinations[0];
    state(finding, "%s of the TCP ports from %s to %s are used", used.text,
          figure_address(fullest->family, &fullest->local_address).text,
          figure_endpoint(fullest->family, &fullest->remote_address, fullest->remote_port).text);
}

/* What bind() runs out of. A port in use on one address is in use on the host: one finding tells
 * of both. */
static void judge_binding(struct verdict *verdict, const struct port_snapshot *ports,
                          enum socket_protocol protocol)
{
    enum alert_level level = judge_ports(ports, protocol, PORT_SCOPE_HOST);
    if (!ports->present || level == LEVEL_OK)
        return;
    bool udp = protocol == SOCKET_UDP;
    struct finding *finding = enter(
        verdict, level,
        udp ? "At 100 % no new UDP socket gets a port."
            : "At 100 % bind() to port 0 fails; connect() without bind() has no part in this.");
    state(finding, "%s of the %s ports of this host are used, %s on one local address",
          figure_share(ports->summary.utilization[PORT_SCOPE_HOST]).text, udp ? "UDP" : "TCP",
          figure_share(ports->summary.utilization[PORT_SCOPE_LOCAL_ADDRESS]).text);
}

static bool is_worse(const struct listener_row *a, const struct listener_row *b)
{
    enum alert_level level_a = judge_queue(a), level_b = judge_queue(b);
    if (level_a != level_b)
        return level_a > level_b;
    return queue_share(a->queue_peak, a->queue_limit) > queue_share(b->queue_peak, b->queue_limit);
}

static const char *meaning_of_queue(const struct listener_row *row)
{
    if (judge_queue(row) == LEVEL_CRITICAL)
        return "Once it is full, new connections are dropped: its program accepts too slowly.";
    return "When it is full, new connections are dropped.";
}

static void judge_queues(struct verdict *verdict, const struct snapshot *snapshot)
{
    if (!snapshot->has_counts || snapshot->queue_count == 0)
        return;
    const struct listener_row *worst = snapshot->queues;
    for (size_t i = 1; i < snapshot->queue_count; i++) {
        if (is_worse(&snapshot->queues[i], worst))
            worst = &snapshot->queues[i];
    }
    if (judge_queue(worst) == LEVEL_OK)
        return;
    struct finding *finding = enter(verdict, judge_queue(worst), meaning_of_queue(worst));
    state(finding, "The accept queue of %s holds %s of %s connections, %s at its peak",
          figure_endpoint(worst->family, &worst->address, worst->port).text,
          figure_count(worst->queue_length).text, figure_count(worst->queue_limit).text,
          figure_count(worst->queue_peak).text);
}

static void judge_time_wait(struct verdict *verdict, const struct snapshot *snapshot)
{
    uint64_t limit = snapshot->settings.time_wait_limit;
    if (!snapshot->has_counts || !snapshot->has_settings || limit == 0)
        return;
    double share = (double)snapshot->sockets[TCP_STATE_TIME_WAIT] / (double)limit;
    enum alert_level level = judge(share, &time_wait_thresholds);
    if (level == LEVEL_OK)
        return;
    struct finding *finding =
        enter(verdict, level, "At 100 % connections skip TIME_WAIT: raise tcp_max_tw_buckets.");
    state(finding, "TIME_WAIT is at %s of its limit", figure_share(share).text);
}

void verdict_reach(struct verdict *verdict, const struct snapshot *snapshot, double now)
{
    verdict->count = 0;
    if (!snapshot->has_counts)
        judge_sample(verdict, snapshot, SAMPLE_COUNT, now);
    if (!snapshot->has_detail)
        judge_sample(verdict, snapshot, SAMPLE_DETAIL, now);
    judge_destination(verdict, &snapshot->ports[SOCKET_TCP]);
    judge_queues(verdict, snapshot);
    judge_binding(verdict, &snapshot->ports[SOCKET_UDP], SOCKET_UDP);
    judge_binding(verdict, &snapshot->ports[SOCKET_TCP], SOCKET_TCP);
    judge_time_wait(verdict, snapshot);
}
