// SPDX-License-Identifier: Apache-2.0
#include "endpoint_text.h"
#include "exposition_parts.h"

/* Without the states in which no socket is counted by cgroup. */
static void write_states(struct metric_writer *writer, const char *path,
                         const uint64_t sockets[static TCP_STATES])
{
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        struct label labels[] = {{"cgroup", path}, {"state", tcp_state_name(state)}};
        if (state != TCP_STATE_TIME_WAIT && state != TCP_STATE_BOUND_INACTIVE)
            metric_write_integer(writer, labels, 2, sockets[state]);
    }
}

static void write_sockets(struct metric_writer *writer, const struct snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_cgroup_tcp_sockets", METRIC_GAUGE,
                 "TCP sockets by the cgroup in which they were created, at the last detail sample: "
                 "the cgroups with the most, and the sum of all others. TIME_WAIT, FIN_WAIT2 "
                 "without an owner and half-open connections have no cgroup.");
    for (size_t i = 0; i < snapshot->cgroup_count; i++)
        write_states(writer, snapshot->cgroups[i].path.text, snapshot->cgroups[i].sockets);
    write_states(writer, "other", snapshot->other_cgroups);
}

static void write_listeners(struct metric_writer *writer, const struct snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_listener_cgroup", METRIC_INFO,
                 "Cgroup in which all sockets of the named listener were created, as a label of a "
                 "constant 1; absent if they belong to several.");
    for (size_t i = 0; i < snapshot->queue_count; i++) {
        const struct listener_row *row = &snapshot->queues[i];
        struct label cgroup = {"cgroup", snapshot->queue_cgroups[i].text};
        if (*cgroup.value)
            write_local_endpoint(writer, row->family, &row->address, row->port, row->interface_name,
                                 &cgroup, 1);
    }
}

static void write_destinations(struct metric_writer *writer, const struct port_snapshot *ports)
{
    metric_begin(writer, "sockdiag_destination_cgroup", METRIC_INFO,
                 "The only cgroup whose sockets towards the named destination were seen in the two "
                 "minutes before the last detail sample, as a label of a constant 1; absent if "
                 "there were several, or none.");
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        for (size_t i = 0; ports[protocol].present && i < ports[protocol].destination_count; i++) {
            struct label cgroup = {"cgroup", ports[protocol].destination_cgroups[i].text};
            if (*cgroup.value)
                write_destination(writer, socket_protocol_name(protocol),
                                  &ports[protocol].destinations[i], &cgroup, 1);
        }
    }
}

void exposition_write_cgroups(struct metric_writer *writer, const struct snapshot *snapshot)
{
    if (!snapshot->has_cgroups)
        return;
    write_sockets(writer, snapshot);
    if (snapshot->has_counts)
        write_listeners(writer, snapshot);
    write_destinations(writer, snapshot->ports);
}
