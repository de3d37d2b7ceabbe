// SPDX-License-Identifier: Apache-2.0
#include "endpoint_text.h"
#include "exposition_parts.h"

/* Write a number for each protocol that is present. */
static void write_numbers(struct metric_writer *writer, const struct port_snapshot *ports,
                          uint64_t tcp, uint64_t udp)
{
    const uint64_t numbers[SOCKET_PROTOCOLS] = {[SOCKET_TCP] = tcp, [SOCKET_UDP] = udp};
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        struct label label = {"protocol", socket_protocol_name(protocol)};
        if (ports[protocol].present)
            metric_write_integer(writer, &label, 1, numbers[protocol]);
    }
}

static void write_counts(struct metric_writer *writer, const struct port_snapshot *ports)
{
    const struct port_summary *tcp = &ports[SOCKET_TCP].summary, *udp = &ports[SOCKET_UDP].summary;

    metric_begin(writer, "sockdiag_ephemeral_ports_range", METRIC_GAUGE,
                 "Ports in net.ipv4.ip_local_port_range at the last ports sample.");
    write_numbers(writer, ports, tcp->range, udp->range);

    metric_begin(writer, "sockdiag_ephemeral_ports_reserved", METRIC_GAUGE,
                 "Ports of the range that net.ipv4.ip_local_reserved_ports lists, at the last "
                 "ports sample.");
    write_numbers(writer, ports, tcp->reserved, udp->reserved);

    metric_begin(writer, "sockdiag_ephemeral_ports_owned", METRIC_GAUGE,
                 "Ports of the range that connect() skips because a listener or a bound socket has "
                 "them, at the last ports sample.");
    write_numbers(writer, ports, tcp->owned, udp->owned);

    metric_begin(writer, "sockdiag_ephemeral_ports_usable", METRIC_GAUGE,
                 "Ports of the range that connect() can choose from, neither reserved nor owned, "
                 "at the last ports sample.");
    write_numbers(writer, ports, tcp->usable, udp->usable);

    metric_begin(writer, "sockdiag_ephemeral_ports_used", METRIC_GAUGE,
                 "Usable ports that client-side sockets hold in any state at the last ports "
                 "sample, each counted once.");
    write_numbers(writer, ports, tcp->used, udp->used);
}

/* Is this scope measured? */
static bool has_scope(const struct port_snapshot *ports, enum port_scope scope)
{
    return ports->present && (ports->has_destinations || scope != PORT_SCOPE_DESTINATION);
}

/* Write a share for each protocol and scope. */
static void write_shares(struct metric_writer *writer, const struct port_snapshot *ports,
                         const double *shares[static SOCKET_PROTOCOLS])
{
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++) {
            struct label labels[] = {{"protocol", socket_protocol_name(protocol)},
                                     {"scope", port_scope_name(scope)}};
            if (has_scope(&ports[protocol], scope))
                metric_write_real(writer, labels, 2, shares[protocol][scope]);
        }
    }
}

static void write_utilization(struct metric_writer *writer, const struct port_snapshot *ports)
{
    const struct port_snapshot *tcp = &ports[SOCKET_TCP], *udp = &ports[SOCKET_UDP];
    metric_begin(
        writer, "sockdiag_ephemeral_port_utilization_ratio", METRIC_GAUGE,
        "Used share of the ports at the last ports sample in the fullest case of each scope: at 1 "
        "connect() fails in scope destination, bind() to port 0 in the others.");
    write_shares(writer, ports,
                 (const double *[]){tcp->summary.utilization, udp->summary.utilization});

    metric_begin(
        writer, "sockdiag_ephemeral_port_peak_utilization_ratio", METRIC_GAUGE,
        "Highest utilization of each scope at a ports sample within --sample.peak-window.");
    write_shares(writer, ports, (const double *[]){tcp->peak_utilization, udp->peak_utilization});
}

/* For TCP only: the kernel does not count how often UDP sockets get a port. */
static void write_bound(struct metric_writer *writer, const struct snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_ephemeral_port_utilization_bound_ratio", METRIC_GAUGE,
                 "Upper bound of the utilization of any destination now, from the last ports "
                 "sample and the connections opened since.");
    struct label label = {"protocol", socket_protocol_name(SOCKET_TCP)};
    if (snapshot->has_bound)
        metric_write_real(writer, &label, 1, snapshot->bound_utilization);
}

static void write_sampled_utilization(struct metric_writer *writer,
                                      const struct port_snapshot *ports)
{
    metric_begin(writer, "sockdiag_ephemeral_port_sampled_utilization_ratio", METRIC_HISTOGRAM,
                 "Utilization of each scope at every ports sample since the start.");
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++) {
            struct label labels[] = {{"protocol", socket_protocol_name(protocol)},
                                     {"scope", port_scope_name(scope)}};
            if (has_scope(&ports[protocol], scope))
                metric_write_histogram(writer, labels, 2,
                                       &ports[protocol].sampled_utilization[scope]);
        }
    }
}

/* For TCP only: UDP has no listeners, and does not choose ports by parity. */
static void write_owners(struct metric_writer *writer, const struct port_snapshot *tcp)
{
    const struct port_summary *summary = &tcp->summary;
    struct label label = {"protocol", socket_protocol_name(SOCKET_TCP)};
    metric_begin(writer, "sockdiag_ephemeral_ports_unreserved_listeners", METRIC_GAUGE,
                 "Ports of listeners within the range that net.ipv4.ip_local_reserved_ports does "
                 "not list, at the last ports sample: a client may take one before its listener "
                 "starts.");
    if (tcp->present)
        metric_write_integer(writer, &label, 1, summary->unreserved_listeners);

    metric_begin(writer, "sockdiag_ephemeral_ports_bound_before_connect_estimate", METRIC_GAUGE,
                 "Estimate of the ports that programs took with bind() before connect(), at the "
                 "last ports sample: used ports of the half that connect() tries last. Absent "
                 "while a destination has used up the other half, and a minute longer.");
    if (tcp->present && summary->has_bound_before_connect)
        metric_write_integer(writer, &label, 1, summary->bound_before_connect);
}

/* For TCP only: UDP does not choose ports by parity. */
static void write_preferred_utilization(struct metric_writer *writer,
                                        const struct port_snapshot *ports)
{
    metric_begin(writer, "sockdiag_ephemeral_port_preferred_utilization_ratio", METRIC_GAUGE,
                 "Used share of the ports that connect() tries first towards the fullest "
                 "destination, at the last ports sample: at 1 each connect() there is slow.");
    struct label label = {"protocol", socket_protocol_name(SOCKET_TCP)};
    if (has_scope(&ports[SOCKET_TCP], PORT_SCOPE_DESTINATION))
        metric_write_real(writer, &label, 1, ports[SOCKET_TCP].summary.preferred_utilization);
}

static void write_destinations(struct metric_writer *writer, const struct port_snapshot *ports)
{
    const struct port_summary *tcp = &ports[SOCKET_TCP].summary, *udp = &ports[SOCKET_UDP].summary;

    metric_begin(writer, "sockdiag_destination_ephemeral_ports_used", METRIC_GAUGE,
                 "Ephemeral ports held towards the fullest destinations at the last ports sample.");
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        for (size_t i = 0; ports[protocol].present && i < ports[protocol].destination_count; i++)
            write_destination(writer, socket_protocol_name(protocol),
                              &ports[protocol].destinations[i], NULL,
                              ports[protocol].destinations[i].ports);
    }

    metric_begin(writer, "sockdiag_destinations", METRIC_GAUGE,
                 "Distinct destinations at the last ports sample, an upper limit while "
                 "sockdiag_destination_count_error_bound is not 0.");
    write_numbers(writer, ports, tcp->destinations, udp->destinations);

    metric_begin(writer, "sockdiag_destination_count_error_bound", METRIC_GAUGE,
                 "Ports by which a destination may be counted too low at the last ports sample, 0 "
                 "while the table holds all destinations.");
    write_numbers(writer, ports, tcp->destination_error_bound, udp->destination_error_bound);
}

void exposition_write_ports(struct metric_writer *writer, const struct snapshot *snapshot)
{
    write_counts(writer, snapshot->ports);
    write_utilization(writer, snapshot->ports);
    write_bound(writer, snapshot);
    write_sampled_utilization(writer, snapshot->ports);
    write_preferred_utilization(writer, snapshot->ports);
    write_owners(writer, &snapshot->ports[SOCKET_TCP]);
    if (snapshot->ports[SOCKET_TCP].has_destinations)
        write_destinations(writer, snapshot->ports);
}
