// SPDX-License-Identifier: Apache-2.0
#include "endpoint_text.h"
#include "exposition_parts.h"

static void write_number(struct metric_writer *writer, const struct listener_row *row,
                         uint64_t number)
{
    write_local_endpoint(writer, row->family, &row->address, row->port, row->interface_name, NULL,
                         number);
}

static void write_queues(struct metric_writer *writer, const struct listener_row *rows,
                         size_t count)
{
    metric_begin(writer, "sockdiag_listener_accept_queue_length", METRIC_GAUGE,
                 "Connections that wait for accept() at the last count sample, in the fullest "
                 "accept queue of the listener.");
    for (size_t i = 0; i < count; i++)
        write_number(writer, &rows[i], rows[i].queue_length);

    metric_begin(writer, "sockdiag_listener_accept_queue_limit", METRIC_GAUGE,
                 "Maximum length of the same queue: the smaller of listen()'s backlog and "
                 "net.core.somaxconn.");
    for (size_t i = 0; i < count; i++)
        write_number(writer, &rows[i], rows[i].queue_limit);

    metric_begin(writer, "sockdiag_listener_accept_queue_peak", METRIC_GAUGE,
                 "Highest number of connections that waited for accept() in one queue of the "
                 "listener at a sample within --sample.peak-window.");
    for (size_t i = 0; i < count; i++)
        write_number(writer, &rows[i], rows[i].queue_peak);

    metric_begin(writer, "sockdiag_listener_accept_queues", METRIC_GAUGE,
                 "Accept queues of the listener at the last count sample: one for each socket that "
                 "shares its address and port.");
    for (size_t i = 0; i < count; i++)
        write_number(writer, &rows[i], rows[i].queues);

    metric_begin(
        writer, "sockdiag_listener_drops", METRIC_COUNTER,
        "Segments that the listener discarded since the exporter started: for lack of room "
        "in its queues, but also resets of half-open connections and, with "
        "TCP_DEFER_ACCEPT, each first ACK.");
    for (size_t i = 0; i < count; i++)
        write_number(writer, &rows[i], rows[i].drops);
}

/* The connections of one listener, or of all others, in each state that a connection can have. */
static void write_connections(struct metric_writer *writer, const char *address, const char *port,
                              const struct listener_row *row)
{
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        struct label labels[] = {{"local_address", address},
                                 {"local_port", port},
                                 {"local_interface", row->interface_name},
                                 {"state", tcp_state_name(state)}};
        if (state != TCP_STATE_LISTEN && state != TCP_STATE_BOUND_INACTIVE)
            metric_write_integer(writer, labels, 4, row->sockets[state]);
    }
}

static void write_listeners(struct metric_writer *writer, const struct snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_listener_sockets", METRIC_GAUGE,
                 "Connections of the busiest listeners in each state at the last detail sample, "
                 "and the sum of all others.");
    for (size_t i = 0; i < snapshot->listener_count; i++) {
        const struct listener_row *row = &snapshot->listeners[i];
        struct endpoint_text text = format_endpoint(row->family, &row->address, row->port);
        write_connections(writer, text.address, text.port, row);
    }
    write_connections(writer, "other", "other", &snapshot->other_listeners);
}

void exposition_write_listeners(struct metric_writer *writer, const struct snapshot *snapshot)
{
    if (snapshot->has_counts)
        write_queues(writer, snapshot->queues, snapshot->queue_count);
    if (snapshot->has_detail && snapshot->listeners_collected)
        write_listeners(writer, snapshot);
}
