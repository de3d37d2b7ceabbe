// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

#include <stdio.h>

/* The levels of a destination begin below one half, where connect() to it gets slow. In the other
 * scopes nothing happens until all ports are used: then bind() to port 0 fails. With UDP this
 * affects every new socket, with TCP few programs (docs/ports.md). */
const struct thresholds destination_thresholds = {0.4, 0.5, 0.9};
const struct thresholds destination_peak_thresholds = {0.5, 0.9, NEVER};
static const struct thresholds preferred_thresholds = {0.8, 1, NEVER};
static const struct thresholds tcp_bind_thresholds = {0.8, 1, NEVER};
static const struct thresholds udp_bind_thresholds = {0.7, 0.8, 0.9};

/* The bound is worth a finding only if the exact number is older than this, in seconds: within this
 * time a high bound causes a ports sample, unless the CPU budget is spent. */
static const double bound_matters_after = 10;

bool knows_destinations(const struct port_snapshot *ports)
{
    return ports->present && ports->has_destinations;
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

/* Write the command that lists the sockets towards the fullest destination, or if that is unknown,
 * counts those towards each. */
static void advise_destination(struct finding *finding, const struct port_snapshot *ports)
{
    const struct destination *fullest = ports->destinations;
    if (ports->destination_count == 0) {
        finding_advise(finding, COUNT_DESTINATIONS);
        return;
    }
    const char *quote = quote_address(fullest->family);
    finding_advise(
        finding, "ss -tanp dst %s%s%s", quote,
        format_address_port(fullest->family, &fullest->remote_address, fullest->remote_port).text,
        quote);
}

static void state_route(struct finding *finding, const struct port_snapshot *ports)
{
    const struct destination *fullest = ports->destinations;
    if (ports->destination_count == 0) {
        finding_state(finding, "towards one destination");
        return;
    }
    finding_state(
        finding, "from %s%s%s to %s", format_address(fullest->family, &fullest->local_address).text,
        fullest->interface_name[0] ? " on " : "", fullest->interface_name,
        format_address_port(fullest->family, &fullest->remote_address, fullest->remote_port).text);
}

static struct finding find_full_destination(const struct snapshot *snapshot, enum alert_level level)
{
    const struct port_snapshot *ports = &snapshot->ports[SOCKET_TCP];
    double share = ports->summary.utilization[PORT_SCOPE_DESTINATION];
    double peak = ports->peak_utilization[PORT_SCOPE_DESTINATION];
    struct finding finding = finding_make(
        level, TOPIC_DESTINATIONS,
        share >= 1 ? "connect() to it fails: EADDRNOTAVAIL."
        : level >= LEVEL_WARNING
            ? "Each connect() to it searches port by port: slow, and expensive. At 100 % it fails."
            : "From 50 % on each connect() to it is slow; at 100 % it fails.");
    finding_state(&finding, "%s of the TCP ports ", format_share(share).text);
    state_route(&finding, ports);
    finding_state(&finding, " are in use");
    if (peak > share)
        finding_state(&finding, ", %s at the peak within the last %s", format_share(peak).text,
                      format_period(snapshot->peak_window_seconds).text);
    return finding;
}

/* A finding about a burst that is over. Its destination may not be the fullest one now. */
static struct finding find_port_burst(const struct snapshot *snapshot, enum alert_level level)
{
    const struct port_summary *summary = &snapshot->ports[SOCKET_TCP].summary;
    double peak = snapshot->ports[SOCKET_TCP].peak_utilization[PORT_SCOPE_DESTINATION];
    struct finding finding = finding_make(
        level, TOPIC_DESTINATIONS,
        peak >= 1 ? "connect() to it failed: EADDRNOTAVAIL. It fails again with the next burst."
                  : "connect() to it was slow; with a larger burst it fails.");
    finding_state(&finding,
                  "%s of the TCP ports towards one destination were in use within the last %s, "
                  "%s now",
                  format_share(peak).text, format_period(snapshot->peak_window_seconds).text,
                  format_share(summary->utilization[PORT_SCOPE_DESTINATION]).text);
    return finding;
}

/* Enter a finding if the exact number is old and the bound, which is not, is more urgent. */
static void judge_bound(struct verdict *verdict, const struct snapshot *snapshot,
                        enum alert_level known, double now)
{
    double sampled = snapshot->samples[SAMPLE_PORTS].last_success;
    enum alert_level level = judge(snapshot->bound_utilization, &destination_thresholds);
    if (!snapshot->has_bound || now - sampled < bound_matters_after || level <= known)
        return;
    struct finding finding = finding_make(LEVEL_WATCH, TOPIC_DESTINATIONS,
                                          "The real number is not known: the last ports sample is "
                                          "too old, and the next one waits for "
                                          "its share of the CPU budget (--sample.cpu-budget).");
    finding_state(&finding, "Up to %s of the TCP ports towards one destination may be in use",
                  format_share(snapshot->bound_utilization).text);
    finding_advise(&finding, COUNT_DESTINATIONS);
    verdict_enter(verdict, &finding);
}

void judge_destinations(struct verdict *verdict, const struct snapshot *snapshot, double now)
{
    const struct port_snapshot *ports = &snapshot->ports[SOCKET_TCP];
    if (!knows_destinations(ports))
        return;
    enum alert_level level = judge_ports(ports, SOCKET_TCP, PORT_SCOPE_DESTINATION);
    enum alert_level peak_level =
        judge(ports->peak_utilization[PORT_SCOPE_DESTINATION], &destination_peak_thresholds);
    struct finding finding = level >= peak_level ? find_full_destination(snapshot, level)
                                                 : find_port_burst(snapshot, peak_level);
    advise_destination(&finding, ports);
    verdict_enter(verdict, &finding);
    judge_bound(verdict, snapshot, finding.level, now);
}

/* Judge the ports for bind(). One finding reports both scopes, the host and one local address: a
 * port that is used on an address is used on the host. */
void judge_binding(struct verdict *verdict, const struct port_snapshot *ports,
                   enum socket_protocol protocol)
{
    bool udp = protocol == SOCKET_UDP;
    if (!ports->present)
        return;
    struct finding finding = finding_make(
        judge_ports(ports, protocol, PORT_SCOPE_HOST), udp ? TOPIC_UDP_PORTS : TOPIC_LOCAL_PORTS,
        udp ? "At 100 % no new UDP socket gets a port."
            : "At 100 % bind() to port 0 fails; connect() without bind() is not affected.");
    finding_state(&finding, "%s of the %s ports of this host are in use, %s on one local address",
                  format_share(ports->summary.utilization[PORT_SCOPE_HOST]).text,
                  udp ? "UDP" : "TCP",
                  format_share(ports->summary.utilization[PORT_SCOPE_LOCAL_ADDRESS]).text);
    finding_advise(&finding,
                   "ss -H%sanp | grep -o '\"[^\"]*\",pid=[0-9]*' | sort | uniq -c | sort -rn | "
                   "head",
                   udp ? "u" : "t");
    verdict_enter(verdict, &finding);
}
