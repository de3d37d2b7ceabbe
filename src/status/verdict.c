// SPDX-License-Identifier: Apache-2.0
#include "verdict.h"

#include "judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const alert_level_names[] = {
    [LEVEL_OK] = "OK",           [LEVEL_WATCH] = "Watch",       [LEVEL_UNKNOWN] = "Unknown",
    [LEVEL_WARNING] = "Warning", [LEVEL_CRITICAL] = "Critical",
};

enum alert_level judge(double value, const struct thresholds *thresholds)
{
    return value >= thresholds->critical  ? LEVEL_CRITICAL
           : value >= thresholds->warning ? LEVEL_WARNING
           : value >= thresholds->watch   ? LEVEL_WATCH
                                          : LEVEL_OK;
}

enum alert_level choose_worse(enum alert_level a, enum alert_level b)
{
    return a > b ? a : b;
}

double compute_share(uint64_t count, uint64_t limit)
{
    return limit > 0 ? (double)count / (double)limit : count > 0;
}

struct formatted format_recent_period(const struct snapshot *snapshot)
{
    double seconds = snapshot->recent_seconds; /* a minute, plus the time between two readings */
    return format_period(seconds >= 60 && seconds < 80 ? 60 : seconds);
}

struct source_name format_source(const struct event_source_row *row)
{
    struct source_name name;
    snprintf(name.text, sizeof name.text, "%s in %s",
             row->source.program[0] ? row->source.program : "unnamed programs", row->cgroup.text);
    return name;
}

bool collects_ports(const struct snapshot *snapshot)
{
    const struct sample_report *report = &snapshot->samples[SAMPLE_PORTS];
    return report->successes + report->failures > 0;
}

struct finding finding_make(enum alert_level level, enum topic topic, const char *meaning)
{
    struct finding finding = {.level = level, .topic = topic};
    snprintf(finding.meaning, sizeof finding.meaning, "%s", meaning);
    return finding;
}

void finding_state(struct finding *finding, const char *format, ...)
{
    size_t length = strlen(finding->fact);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->fact + length, sizeof finding->fact - length, format, arguments);
    va_end(arguments);
}

void finding_advise(struct finding *finding, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->command, sizeof finding->command, format, arguments);
    va_end(arguments);
}

const char *quote_address(enum ip_family family)
{
    return family == IP_FAMILY_IPV4 ? "" : "'";
}

void verdict_enter(struct verdict *verdict, const struct finding *finding)
{
    if (finding->level == LEVEL_OK)
        return;
    size_t place = verdict->count++;
    for (; place > 0 && verdict->findings[place - 1].level < finding->level; place--)
        verdict->findings[place] = verdict->findings[place - 1];
    verdict->findings[place] = *finding;
}

static void judge_sample(struct verdict *verdict, const struct snapshot *snapshot,
                         enum sample_kind kind, double now)
{
    static const char *const lost[SAMPLE_KINDS] = {
        [SAMPLE_COUNT] = "Sockets by state and accept queues are unknown.",
        [SAMPLE_PORTS] = "Ports and destinations are unknown.",
        [SAMPLE_DETAIL] = "The listeners' connections are unknown.",
    };
    const struct sample_report *report = &snapshot->samples[kind];
    struct finding finding = finding_make(LEVEL_UNKNOWN, TOPIC_SAMPLES, lost[kind]);
    finding_state(&finding, "Last good %s sample: %s; %s failed since the start",
                  sample_kind_name(kind), format_ago(now, report->last_success).text,
                  format_count(report->failures).text);
    finding_advise(&finding, "journalctl -u sockdiag_exporter -n 20");
    verdict_enter(verdict, &finding);
}

/* Are all numbers known that the all-clear is about? The limits of memory and orphans do not count:
 * only the initial network namespace has them. */
static bool knows_all(const struct snapshot *snapshot)
{
    return knows_destinations(&snapshot->ports[SOCKET_TCP]) &&
           snapshot->ports[SOCKET_UDP].present && snapshot->listeners_collected &&
           snapshot->has_settings && snapshot->settings.time_wait_limit != PROCFS_ABSENT &&
           snapshot->has_counters && snapshot->recent.listen_drops != PROCFS_ABSENT &&
           snapshot->has_pressure;
}

static struct formatted format_growth(const struct snapshot *snapshot, uint64_t growth)
{
    return format_known(snapshot->has_counters && procfs_is_number(growth), growth);
}

/* Append what the all-clear covers of other network namespaces. */
static void add_namespaces(struct finding *finding, const struct namespaces_snapshot *namespaces)
{
    size_t length = strlen(finding->meaning);
    char *end = finding->meaning + length;
    if (!namespaces->collected)
        snprintf(end, sizeof finding->meaning - length,
                 " Other network namespaces, such as those of containers, are not covered.");
    else
        snprintf(end, sizeof finding->meaning - length, " Network namespaces: %s, %s.",
                 format_count(namespaces->count + namespaces->other_count).text,
                 namespaces->walking ? "walked" : "their ports known as a bound only");
}

/* Insert the all-clear. It has the numbers that it covers, as shares of their limits. */
static void enter_all_clear(struct verdict *verdict, const struct snapshot *snapshot)
{
    const struct port_snapshot *tcp = &snapshot->ports[SOCKET_TCP];
    const struct port_snapshot *udp = &snapshot->ports[SOCKET_UDP];
    double ports = knows_destinations(tcp) ? tcp->summary.utilization[PORT_SCOPE_DESTINATION] : -1;
    struct finding *finding = &verdict->findings[verdict->count++];
    *finding = (struct finding){.level = LEVEL_OK};
    finding_state(finding, "Nothing %sis close to a limit", knows_all(snapshot) ? "" : "known ");
    snprintf(finding->meaning, sizeof finding->meaning,
             "Ports towards the fullest destination: %s. UDP ports: %s. Fullest accept queue: %s. "
             "Dropped by listeners in the last %s: %s. CLOSE_WAIT: %s. SYN_RECV: %s. "
             "TIME_WAIT limit: %s. TCP memory: %s. Orphans: %s.",
             format_share(ports).text,
             format_share(udp->present ? udp->summary.utilization[PORT_SCOPE_HOST] : -1).text,
             format_share(compute_fullest_queue(snapshot)).text,
             format_recent_period(snapshot).text,
             format_growth(snapshot, snapshot->recent.listen_drops).text,
             format_count(snapshot->sockets[TCP_STATE_CLOSE_WAIT]).text,
             format_count(snapshot->sockets[TCP_STATE_SYN_RECV]).text,
             snapshot->settings.time_wait_limit == PROCFS_UNLIMITED
                 ? "none"
                 : format_share(compute_time_wait_share(snapshot)).text,
             format_share(compute_memory_share(snapshot)).text,
             format_share(compute_orphan_share(snapshot)).text);
    add_namespaces(finding, &snapshot->namespaces);
}

void verdict_reach(struct verdict *verdict, const struct snapshot *snapshot, double now)
{
    verdict->count = 0;
    if (!snapshot->has_counts)
        judge_sample(verdict, snapshot, SAMPLE_COUNT, now);
    if (collects_ports(snapshot) && !snapshot->ports[SOCKET_TCP].present)
        judge_sample(verdict, snapshot, SAMPLE_PORTS, now);
    if (!snapshot->has_detail)
        judge_sample(verdict, snapshot, SAMPLE_DETAIL, now);
    judge_port_failures(verdict, snapshot);
    judge_destinations(verdict, snapshot, now);
    judge_queues(verdict, snapshot);
    judge_drops(verdict, snapshot);
    judge_syn_recv(verdict, snapshot);
    judge_close_wait(verdict, snapshot);
    judge_memory(verdict, snapshot);
    judge_orphans(verdict, snapshot);
    judge_binding(verdict, &snapshot->ports[SOCKET_UDP], SOCKET_UDP);
    judge_binding(verdict, &snapshot->ports[SOCKET_TCP], SOCKET_TCP);
    judge_time_wait(verdict, snapshot);
    judge_namespaces(verdict, snapshot);
    if (verdict->count == 0)
        enter_all_clear(verdict, snapshot);
}
