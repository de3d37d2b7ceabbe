// SPDX-License-Identifier: Apache-2.0
#include "endpoint_text.h"
#include "exposition_parts.h"

static void write_row(struct metric_writer *writer, const struct udp_socket_row *row,
                      uint64_t number)
{
    write_local_endpoint(writer, row->family, &row->address, row->port, row->interface_name, NULL,
                         number);
}

static void write_rows(struct metric_writer *writer, const struct udp_socket_row *rows,
                       size_t count)
{
    metric_begin(writer, "sockdiag_udp_socket_receive_queue_bytes", METRIC_GAUGE,
                 "Memory of unread datagrams in the fullest socket on this address and port, for "
                 "the worst UDP sockets at the last ports sample.");
    for (size_t i = 0; i < count; i++)
        write_row(writer, &rows[i], rows[i].receive_queue);

    /* Not METRIC_COUNTER, which has a start time: a reader would take the first value of a new
     * series as an increase since then, and count those drops twice that were among the others
     * before. */
    metric_begin(writer, "sockdiag_udp_socket_drops", METRIC_FOREIGN_COUNTER,
                 "Datagrams that the sockets on this address and port dropped since the exporter "
                 "started, mostly for lack of room in the receive buffer, of the worst UDP "
                 "sockets.");
    for (size_t i = 0; i < count; i++)
        write_row(writer, &rows[i], rows[i].drops);
}

void exposition_write_udp(struct metric_writer *writer, const struct snapshot *snapshot)
{
    if (!snapshot->has_udp)
        return;
    metric_begin(writer, "sockdiag_udp_sockets", METRIC_GAUGE,
                 "UDP sockets with a port at the last ports sample.");
    metric_write_integer(writer, NULL, 0, snapshot->udp.sockets);

    write_rows(writer, snapshot->udp_rows, snapshot->udp_row_count);

    metric_begin(writer, "sockdiag_udp_other_drops", METRIC_COUNTER,
                 "Datagrams that UDP sockets dropped while they were not named in "
                 "sockdiag_udp_socket_drops_total.");
    metric_write_integer(writer, NULL, 0, snapshot->udp.other_drops);
}
