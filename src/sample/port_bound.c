// SPDX-License-Identifier: Apache-2.0
#include "host.h"

/* The thresholds of the alerts on the destination scope. connect() gets slow at 0.5. */
static const double thresholds[] = {0.2, 0.4, 0.5, 0.9};

void host_update_bound(struct host *host, int64_t now, struct fault_log *faults)
{
    const char *root = host->kernel.proc_root;
    struct snapshot *snapshot = &host->snapshot;
    const struct port_summary *summary = &snapshot->ports[SOCKET_TCP].summary;
    struct tcp_usage usage;
    uint64_t opens;
    struct fault fault;
    snapshot->has_bound = false;
    if (!host->has_opens_at_ports || !host->options.collect_destinations)
        return;
    snapshot->has_bound = procfs_read_tcp_usage(root, &usage, &fault) &&
                          procfs_read_active_opens(root, &opens, &fault);
    fault_log_add(faults, SOURCE_PORT_BOUND, snapshot->has_bound, &fault, now);
    if (!snapshot->has_bound)
        return;
    uint64_t sockets = usage.full_sockets + usage.minisockets;
    uint64_t most =
        summary->fullest + summary->destination_error_bound + (opens - host->opens_at_ports);
    if (most > sockets)
        most = sockets;
    snapshot->bound_utilization =
        most < summary->usable ? (double)most / (double)summary->usable : 1;
}

bool host_needs_ports(const struct host *host)
{
    const struct snapshot *snapshot = &host->snapshot;
    double exact = snapshot->ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_DESTINATION];
    for (size_t i = 0; snapshot->has_bound && i < sizeof thresholds / sizeof thresholds[0]; i++) {
        if (exact < thresholds[i] && thresholds[i] <= snapshot->bound_utilization)
            return true;
    }
    return false;
}
