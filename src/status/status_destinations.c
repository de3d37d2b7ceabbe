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

/* The share of the usable ports that the destination at `place` of the list uses; below 0 if the
 * list ends before. */
static double compute_destination_share(const struct port_snapshot *ports, size_t place)
{
    if (place >= count_named(ports))
        return -1;
    uint64_t used = ports->destinations[place].ports, usable = ports->summary.usable;
    return used >= usable ? 1 : (double)used / (double)usable;
}

/* Write the destinations of both protocols as one table. Each list is sorted: merge them. */
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

/* Write how many destinations there are, and how many of them this table and the metrics name. */
static void write_total(const struct status_view *view, size_t rows, size_t named)
{
    const struct port_snapshot *ports = view->snapshot->ports;
    uint64_t total = 0, error_bound = 0;
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        const struct port_summary *summary = &ports[protocol].summary;
        if (!knows_destinations(&ports[protocol]))
            continue;
        total += summary->destinations;
        if (summary->destination_error_bound > error_bound)
            error_bound = summary->destination_error_bound;
    }
    if (rows > 0 && total > rows)
        buffer_append_format(view->out, "The top %zu of ", rows);
    buffer_append_format(view->out, "%s%s", error_bound > 0 ? "at most " : "",
                         format_plural(total, "destination").text);
    if (named > rows) {
        buffer_append_format(view->out, "; the top %zu of %s at ", named, format_count(total).text);
        html_write_link(view->out, view->self->telemetry_path);
    }
    buffer_append_string(view->out, ".");
    if (error_bound > 0)
        buffer_append_format(view->out, " Each may have up to %s more.",
                             format_plural(error_bound, "port").text);
}

/* Write why destinations of a protocol are missing. */
static void write_gaps(const struct status_view *view, size_t named)
{
    const struct port_snapshot *ports = view->snapshot->ports;
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        if (!knows_destinations(&ports[protocol]))
            buffer_append_format(view->out, " %s: unknown.", protocol_names[protocol]);
        else if (named == 0 && ports[protocol].summary.destinations > 0)
            buffer_append_format(view->out,
                                 " %s: none is named, because --collector.destinations.top is 0.",
                                 protocol_names[protocol]);
    }
}

void status_write_destinations(const struct status_view *view)
{
    const struct port_snapshot *ports = view->snapshot->ports;
    size_t named = count_named(&ports[SOCKET_TCP]) + count_named(&ports[SOCKET_UDP]);
    size_t rows = named < STATUS_TABLE_ROWS ? named : STATUS_TABLE_ROWS;
    if (rows > 0)
        write_table(view, rows);
    buffer_append_string(view->out, "<p class=\"note\">");
    write_total(view, rows, named);
    write_gaps(view, named);
    buffer_append_string(view->out, "</p>\n");
}
