// SPDX-License-Identifier: Apache-2.0
#include "format.h"
#include "html_writer.h"
#include "status_cards.h"
#include "verdict.h"

#include <math.h>

static const char *const protocol_names[SOCKET_PROTOCOLS] = {
    [SOCKET_TCP] = "TCP",
    [SOCKET_UDP] = "UDP",
};

static size_t count_named(const struct port_snapshot *ports)
{
    return knows_destinations(ports) ? ports->destination_count : 0;
}

/* The share of the usable ports that the destination at `place` in the list uses; below 0 if there
 * is none. */
static double compute_destination_share(const struct port_snapshot *ports, size_t place)
{
    if (place >= count_named(ports))
        return -1;
    uint64_t used = ports->destinations[place].ports, usable = ports->summary.usable;
    return used >= usable ? 1 : (double)used / (double)usable;
}

/* The destinations of both protocols, which are sorted, as one list. */
static void write_table(const struct status_view *view, size_t rows)
{
    const struct port_snapshot *ports = view->snapshot->ports;
    size_t shown[SOCKET_PROTOCOLS] = {0};
    html_open_table(view->out, "places destinations", "To", "From", "Protocol", "Ports",
                    "Of usable");
    for (size_t i = 0; i < rows; i++) {
        double tcp = compute_destination_share(&ports[SOCKET_TCP], shown[SOCKET_TCP]);
        double udp = compute_destination_share(&ports[SOCKET_UDP], shown[SOCKET_UDP]);
        enum socket_protocol fuller = tcp >= udp ? SOCKET_TCP : SOCKET_UDP;
        const struct destination *row = &ports[fuller].destinations[shown[fuller]++];
        html_write_row(
            view->out, "",
            format_address_port(row->family, &row->remote_address, row->remote_port).text,
            format_address(row->family, &row->local_address).text, protocol_names[fuller],
            format_count(row->ports).text, format_share(fmax(tcp, udp)).text);
    }
    html_close_table(view->out);
}

static void write_total(const struct status_view *view, enum socket_protocol protocol)
{
    const struct port_snapshot *ports = &view->snapshot->ports[protocol];
    bool known = knows_destinations(ports);
    uint64_t total = ports->summary.destinations;
    uint64_t error_bound = known ? ports->summary.destination_error_bound : 0;
    buffer_append_format(view->out, "%s destinations: %s%s%s. ", protocol_names[protocol],
                         error_bound > 0 ? "at most " : "", format_known(known, total).text,
                         known && total > 0 && ports->destination_count == 0
                             ? ", none listed: --collector.destinations.top is 0"
                             : "");
    if (error_bound > 0)
        buffer_append_format(view->out, "Up to %s ports of each are not counted. ",
                             format_count(error_bound).text);
}

void status_write_destinations(const struct status_view *view)
{
    const struct port_snapshot *ports = view->snapshot->ports;
    size_t named = count_named(&ports[SOCKET_TCP]) + count_named(&ports[SOCKET_UDP]);
    size_t rows = named < STATUS_TABLE_ROWS ? named : STATUS_TABLE_ROWS;
    if (rows > 0)
        write_table(view, rows);
    buffer_append_string(view->out, "<p class=\"note\">");
    html_write_hidden(view->out, named - rows, view->self->telemetry_path);
    write_total(view, SOCKET_TCP);
    write_total(view, SOCKET_UDP);
    buffer_append_string(view->out, "</p>\n");
}
