// SPDX-License-Identifier: Apache-2.0
#include "format.h"
#include "html_writer.h"
#include "status_cards.h"

#include <stdio.h>

static void write_udp_socket(struct buffer *out, const struct udp_socket_row *row)
{
    char name[sizeof(struct formatted) + INTERFACE_NAME_SIZE + 8];
    snprintf(name, sizeof name, "%s%s%s",
             format_address_port(row->family, &row->address, row->port).text,
             row->interface_name[0] ? " on " : "", row->interface_name);
    html_write_row(out, "", name, format_bytes(row->receive_queue).text,
                   format_count(row->drops).text);
}

void status_write_udp_sockets(const struct status_view *view)
{
    struct buffer *out = view->out;
    const struct snapshot *snapshot = view->snapshot;
    if (snapshot->udp_row_count > 0) {
        html_open_table(out, "places udp", "Socket", "Not read", "Dropped");
        for (size_t i = 0; i < snapshot->udp_row_count; i++)
            write_udp_socket(out, &snapshot->udp_rows[i]);
        html_close_table(out);
    }
    buffer_append_format(out,
                         "<p class=\"note\">%s. Dropped since the exporter's start by those not "
                         "named: %s.</p>\n",
                         format_plural(snapshot->udp.sockets, "UDP socket").text,
                         format_count(snapshot->udp.other_drops).text);
}

static void write_unix_listener(struct buffer *out, const struct unix_listener_row *row)
{
    bool full = row->queue_peak > 0 && row->queue_peak >= row->queue_limit;
    html_write_row(out, full ? "Warning" : "", row->path, format_count(row->queue_length).text,
                   format_count(row->queue_peak).text, format_count(row->queue_limit).text);
}

void status_write_unix_listeners(const struct status_view *view)
{
    struct buffer *out = view->out;
    const struct snapshot *snapshot = view->snapshot;
    if (snapshot->unix_row_count > 0) {
        html_open_table(out, "places unix", "UNIX listener", "Waiting", "Peak", "Limit");
        for (size_t i = 0; i < snapshot->unix_row_count; i++)
            write_unix_listener(out, &snapshot->unix_rows[i]);
        html_close_table(out);
    }
    buffer_append_format(out, "<p class=\"note\">Waiting at listeners not named: %s.</p>\n",
                         format_count(snapshot->unix_sockets.other_queue_length).text);
}
