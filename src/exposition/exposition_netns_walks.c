// SPDX-License-Identifier: Apache-2.0
#include "endpoint_text.h"
#include "exposition_parts.h"

static void write_states(struct metric_writer *writer, const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_netns_tcp_state_sockets", METRIC_GAUGE,
                 "TCP sockets of the network namespace in each state at its last walk.");
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct namespace_row *row = &snapshot->rows[i];
        for (enum tcp_state state = 0; row->has_walk && state < TCP_STATES; state++) {
            struct label labels[] = {{"netns", row->labels.name}, {"state", tcp_state_name(state)}};
            if (state != TCP_STATE_BOUND_INACTIVE)
                metric_write_integer(writer, labels, 2, row->sockets[state]);
        }
    }
}

/* The used share of each scope, or its peak. */
static void write_shares(struct metric_writer *writer, const struct namespaces_snapshot *snapshot,
                         bool peaks)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct namespace_row *row = &snapshot->rows[i];
        const double *shares = peaks ? row->peak_utilization : row->utilization;
        for (enum port_scope scope = 0; row->has_walk && scope < PORT_SCOPES; scope++) {
            struct label labels[] = {{"netns", row->labels.name},
                                     {"protocol", socket_protocol_name(SOCKET_TCP)},
                                     {"scope", port_scope_name(scope)}};
            metric_write_real(writer, labels, 3, shares[scope]);
        }
    }
}

static void write_utilization(struct metric_writer *writer,
                              const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_netns_ephemeral_port_utilization_ratio", METRIC_GAUGE,
                 "Used share of the ephemeral ports of the network namespace at its last walk, in "
                 "the fullest case of each scope.");
    write_shares(writer, snapshot, false);

    metric_begin(writer, "sockdiag_netns_ephemeral_port_peak_utilization_ratio", METRIC_GAUGE,
                 "Highest utilization of each scope at a walk of the network namespace within "
                 "--sample.peak-window.");
    write_shares(writer, snapshot, true);
}

static void write_time_wait_limits(struct metric_writer *writer,
                                   const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_netns_tcp_time_wait_limit", METRIC_GAUGE,
                 "Maximum number of TIME_WAIT sockets of the network namespace "
                 "(net.ipv4.tcp_max_tw_buckets); absent without a limit.");
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct namespace_row *row = &snapshot->rows[i];
        if (row->has_walk && row->has_time_wait_limit)
            metric_write_integer(writer, &(struct label){"netns", row->labels.name}, 1,
                                 row->time_wait_limit);
    }
}

static void write_times(struct metric_writer *writer, const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_netns_last_walk_timestamp_seconds", METRIC_GAUGE,
                 "Unix time of the last walk of the network namespace.");
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct namespace_row *row = &snapshot->rows[i];
        if (row->has_walk)
            metric_write_real(writer, &(struct label){"netns", row->labels.name}, 1,
                              row->walked_at);
    }
}

static void write_queue(struct metric_writer *writer, const struct namespace_row *row,
                        uint64_t number)
{
    const struct walk_queue *queue = &row->queue;
    struct endpoint_text text = format_endpoint(queue->family, &queue->address, queue->port);
    struct label labels[] = {{"netns", row->labels.name},
                             {"local_address", text.address},
                             {"local_port", text.port},
                             {"local_interface", queue->interface_name}};
    metric_write_integer(writer, labels, 4, number);
}

static void write_queues(struct metric_writer *writer, const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_netns_listener_accept_queue_length", METRIC_GAUGE,
                 "Connections that wait for accept() in the fullest accept queue of the network "
                 "namespace, at most ten seconds ago.");
    for (size_t i = 0; i < snapshot->count; i++) {
        if (snapshot->rows[i].has_queue)
            write_queue(writer, &snapshot->rows[i], snapshot->rows[i].queue.length);
    }
    metric_begin(writer, "sockdiag_netns_listener_accept_queue_limit", METRIC_GAUGE,
                 "Maximum length of the same queue.");
    for (size_t i = 0; i < snapshot->count; i++) {
        if (snapshot->rows[i].has_queue)
            write_queue(writer, &snapshot->rows[i], snapshot->rows[i].queue.limit);
    }
}

static void write_destinations(struct metric_writer *writer,
                               const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_netns_destination_ephemeral_ports_used", METRIC_GAUGE,
                 "Ephemeral ports in use towards the fullest destinations of all network "
                 "namespaces, each at the last walk of its namespace.");
    for (size_t i = 0; i < snapshot->destination_count; i++) {
        const struct destination *row = &snapshot->destinations[i].destination;
        const struct namespace_row *namespace = &snapshot->rows[snapshot->destinations[i].row];
        struct endpoint_text local = format_endpoint(row->family, &row->local_address, 0);
        struct endpoint_text remote =
            format_endpoint(row->family, &row->remote_address, row->remote_port);
        struct label labels[] = {
            {"netns", namespace->labels.name}, {"protocol", socket_protocol_name(SOCKET_TCP)},
            {"local_address", local.address},  {"remote_address", remote.address},
            {"remote_port", remote.port},      {"local_interface", row->interface_name}};
        metric_write_integer(writer, labels, 6, row->ports);
    }
}

static void write_report(struct metric_writer *writer, const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_exporter_netns_walks", METRIC_COUNTER,
                 "Walks over the sockets of other network namespaces.");
    metric_write_integer(writer, NULL, 0, snapshot->walks.walks);

    metric_begin(writer, "sockdiag_exporter_netns_walk_failures", METRIC_COUNTER,
                 "Walks that failed although their network namespace still existed.");
    metric_write_integer(writer, NULL, 0, snapshot->walks.failures);
}

void exposition_write_netns_walks(struct metric_writer *writer,
                                  const struct namespaces_snapshot *snapshot)
{
    if (!snapshot->walking)
        return;
    write_states(writer, snapshot);
    write_utilization(writer, snapshot);
    write_time_wait_limits(writer, snapshot);
    write_times(writer, snapshot);
    write_queues(writer, snapshot);
    write_destinations(writer, snapshot);
    write_report(writer, snapshot);
}
