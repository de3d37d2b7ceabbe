// SPDX-License-Identifier: Apache-2.0
#include "exposition_parts.h"

/* Datagram sockets never listen. */
static void write_sockets(struct metric_writer *writer, const struct unix_summary *summary)
{
    metric_begin(writer, "sockdiag_unix_sockets", METRIC_GAUGE,
                 "UNIX sockets of each type in each state at the last detail sample.");
    for (enum unix_socket_type type = 0; type < UNIX_SOCKET_TYPES; type++) {
        for (enum unix_socket_state state = 0; state < UNIX_SOCKET_STATES; state++) {
            struct label labels[] = {{"type", unix_socket_type_name(type)},
                                     {"state", unix_socket_state_name(state)}};
            if (type != UNIX_SOCKET_DATAGRAM || state != UNIX_SOCKET_LISTEN)
                metric_write_integer(writer, labels, 2, summary->sockets[type][state]);
        }
    }
}

static void write_row(struct metric_writer *writer, const struct unix_listener_row *row,
                      uint64_t number)
{
    struct label label = {"path", row->path};
    metric_write_integer(writer, &label, 1, number);
}

static void write_queues(struct metric_writer *writer, const struct unix_listener_row *rows,
                         size_t count)
{
    metric_begin(writer, "sockdiag_unix_listener_accept_queue_length", METRIC_GAUGE,
                 "Connections that wait for accept() at the last detail sample, in the fullest "
                 "accept queues of UNIX sockets.");
    for (size_t i = 0; i < count; i++)
        write_row(writer, &rows[i], rows[i].queue_length);

    metric_begin(writer, "sockdiag_unix_listener_accept_queue_limit", METRIC_GAUGE,
                 "Maximum length of the same queue before connect() waits or fails with EAGAIN: "
                 "the smaller of listen()'s backlog and net.core.somaxconn.");
    for (size_t i = 0; i < count; i++)
        write_row(writer, &rows[i], rows[i].queue_limit);

    metric_begin(writer, "sockdiag_unix_listener_accept_queue_peak", METRIC_GAUGE,
                 "Highest number of connections that waited in the same queue at a detail sample "
                 "within --sample.peak-window.");
    for (size_t i = 0; i < count; i++)
        write_row(writer, &rows[i], rows[i].queue_peak);
}

void exposition_write_unix(struct metric_writer *writer, const struct snapshot *snapshot)
{
    if (!snapshot->has_unix)
        return;
    write_sockets(writer, &snapshot->unix_sockets);
    write_queues(writer, snapshot->unix_rows, snapshot->unix_row_count);

    metric_begin(writer, "sockdiag_unix_other_accept_queue_length", METRIC_GAUGE,
                 "Connections that wait for accept() at the last detail sample at all UNIX "
                 "listeners that are not named.");
    metric_write_integer(writer, NULL, 0, snapshot->unix_sockets.other_queue_length);
}
