// SPDX-License-Identifier: Apache-2.0
#include "figure.h"
#include "html_writer.h"
#include "status_chart.h"
#include "status_parts.h"

/* What is measured by each figure, in the words of the page. */
static const char *const protocol_titles[SOCKET_PROTOCOLS] = {
    [SOCKET_TCP] = "TCP",
    [SOCKET_UDP] = "UDP",
};
static const char *const scope_titles[PORT_SCOPES] = {
    [PORT_SCOPE_DESTINATION] = "fullest destination",
    [PORT_SCOPE_LOCAL_ADDRESS] = "fullest local address",
    [PORT_SCOPE_HOST] = "whole host",
};

/* What a program runs out of first: with TCP, connect() does of ports towards one destination; with
 * UDP any socket does of ports that are free everywhere. */
static const enum port_scope main_scopes[SOCKET_PROTOCOLS] = {
    [SOCKET_TCP] = PORT_SCOPE_DESTINATION,
    [SOCKET_UDP] = PORT_SCOPE_HOST,
};

static void write_main_scope(const struct status_view *view, enum socket_protocol protocol)
{
    struct buffer *out = view->out;
    const struct port_snapshot *ports = &view->snapshot->ports[protocol];
    enum port_scope scope = main_scopes[protocol];
    if (scope == PORT_SCOPE_DESTINATION && !ports->has_destinations) {
        status_write_unknown(view, "Destinations are not watched: --no-collector.destinations");
        return;
    }
    double share = ports->summary.utilization[scope];
    bool knee = protocol == SOCKET_TCP;
    buffer_append_format(out, "<p class=\"big\">%s <small>of the %s</small></p>\n",
                         figure_share(share).text,
                         knee ? "ports towards the fullest destination" : "ports of this host");
    buffer_append_format(out, "<div class=\"gauge %s\">",
                         alert_level_class(judge_ports(ports, protocol, scope)));
    status_chart_meter(out, scope_titles[scope], share, knee);
    buffer_append_format(out,
                         "<div class=\"scale\"><span>0</span><span>%s</span>"
                         "<span>%s</span></div></div>\n",
                         knee ? "50 %: connect() gets slow" : "",
                         knee ? "100 %: it fails" : "100 %: no new socket");
}

static void write_share(const struct status_view *view, const char *name, double share,
                        enum alert_level level)
{
    buffer_append_format(view->out, "<tr class=\"%s\"><th scope=\"row\">%s</th><td class=\"wide\">",
                         alert_level_class(level), name);
    status_chart_meter(view->out, name, share, false);
    buffer_append_format(view->out, "</td><td>%s</td></tr>\n", figure_share(share).text);
}

/* The scopes besides the main one and, of TCP alone, the ports that connect() tries first. */
static void write_other_scopes(const struct status_view *view, enum socket_protocol protocol)
{
    const struct port_snapshot *ports = &view->snapshot->ports[protocol];
    buffer_append_string(view->out, "<table class=\"shares\"><tbody>\n");
    if (protocol == SOCKET_TCP && ports->has_destinations)
        write_share(view, "half that connect() tries first", ports->summary.preferred_utilization,
                    judge_ports(ports, protocol, PORT_SCOPE_DESTINATION));
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++) {
        if (scope == main_scopes[protocol] ||
            (scope == PORT_SCOPE_DESTINATION && !ports->has_destinations))
            continue;
        write_share(view, scope_titles[scope], ports->summary.utilization[scope],
                    judge_ports(ports, protocol, scope));
    }
    buffer_append_string(view->out, "</tbody></table>\n");
}

static void write_port_counts(const struct status_view *view, const struct port_summary *summary)
{
    struct buffer *out = view->out;
    buffer_append_format(out,
                         "<p class=\"note\"><b>%s</b> used of <b>%s</b> usable: "
                         "range <b>%s</b>, ",
                         figure_count(summary->used).text, figure_count(summary->usable).text,
                         figure_count(summary->range).text);
    buffer_append_format(out, "reserved <b>%s</b>, owned <b>%s</b></p>\n",
                         figure_count(summary->reserved).text, figure_count(summary->owned).text);
}

void status_write_ports(const struct status_view *view)
{
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        const struct port_snapshot *ports = &view->snapshot->ports[protocol];
        buffer_append_format(view->out,
                             "<section class=\"card\">\n<h2>%s ephemeral ports in use</h2>\n",
                             protocol_titles[protocol]);
        if (ports->present) {
            write_main_scope(view, protocol);
            write_other_scopes(view, protocol);
            write_port_counts(view, &ports->summary);
        } else if (view->snapshot->has_detail) {
            status_write_unknown(view, "Either they are not watched (--no-collector.ports) or they "
                                       "could not be read: see the errors of sampling");
        } else {
            status_write_no_sample(view, SAMPLE_DETAIL);
        }
        buffer_append_string(view->out, "</section>\n");
    }
}

static double share_of(const struct port_snapshot *ports, uint64_t used)
{
    uint64_t usable = ports->summary.usable;
    return used >= usable ? 1 : (double)used / (double)usable;
}

static void write_destination(const struct status_view *view, enum socket_protocol protocol,
                              const struct destination *row)
{
    struct buffer *out = view->out;
    buffer_append_string(out, "<tr><th scope=\"row\">");
    html_breakable(out, figure_endpoint(row->family, &row->remote_address, row->remote_port).text);
    buffer_append_string(out, "</th><td>");
    html_breakable(out, figure_address(row->family, &row->local_address).text);
    buffer_append_string(out, "</td>");
    buffer_append_format(out, "<td>%s</td><td>%s</td><td>%s</td></tr>\n", protocol_titles[protocol],
                         figure_count(row->ports).text,
                         figure_share(share_of(&view->snapshot->ports[protocol], row->ports)).text);
}

/* Are the destinations of a protocol known? */
static bool knows_destinations(const struct port_snapshot *ports)
{
    return ports->present && ports->has_destinations;
}

/* The next destination to be told: the fuller one of those that come first of each protocol.
 * `told` counts them. */
static enum socket_protocol fuller(const struct port_snapshot ports[static SOCKET_PROTOCOLS],
                                   const size_t told[static SOCKET_PROTOCOLS])
{
    double shares[SOCKET_PROTOCOLS];
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        const struct port_snapshot *of = &ports[protocol];
        shares[protocol] = knows_destinations(of) && told[protocol] < of->destination_count
                               ? share_of(of, of->destinations[told[protocol]].ports)
                               : -1;
    }
    return shares[SOCKET_TCP] >= shares[SOCKET_UDP] ? SOCKET_TCP : SOCKET_UDP;
}

static void write_fullest(const struct status_view *view, size_t rows)
{
    size_t told[SOCKET_PROTOCOLS] = {0};
    buffer_append_string(view->out,
                         "<table class=\"places destinations\"><thead><tr><th scope=\"col\">To</th>"
                         "<th scope=\"col\">From</th><th scope=\"col\">Protocol</th>"
                         "<th scope=\"col\">Ports</th><th scope=\"col\">Of usable</th>"
                         "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < rows; i++) {
        enum socket_protocol protocol = fuller(view->snapshot->ports, told);
        const struct port_snapshot *ports = &view->snapshot->ports[protocol];
        write_destination(view, protocol, &ports->destinations[told[protocol]++]);
    }
    buffer_append_string(view->out, "</tbody></table>\n");
}

/* How many destinations there are, of how many the names are known, and how exact that is: of the
 * protocols whose destinations are known. */
struct destination_totals {
    size_t protocols;
    uint64_t seen;
    size_t named;
    uint64_t error_bound;
};

static struct destination_totals total(const struct snapshot *snapshot)
{
    struct destination_totals totals = {0};
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        const struct port_snapshot *ports = &snapshot->ports[protocol];
        if (!knows_destinations(ports))
            continue;
        totals.protocols++;
        totals.seen += ports->summary.destinations;
        totals.named += ports->destination_count;
        if (ports->summary.destination_error_bound > totals.error_bound)
            totals.error_bound = ports->summary.destination_error_bound;
    }
    return totals;
}

static void write_destination_notes(const struct status_view *view,
                                    const struct destination_totals *totals, size_t rows)
{
    struct buffer *out = view->out;
    bool complete = totals->protocols == SOCKET_PROTOCOLS;
    buffer_append_string(out, "<p class=\"note\">");
    status_write_hidden(view, totals->named - rows);
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        if (!knows_destinations(&view->snapshot->ports[protocol]))
            buffer_append_format(out, "Those of %s are not known. ", protocol_titles[protocol]);
    }
    if (totals->seen == 0)
        buffer_append_string(out, complete ? "No port is held towards anybody."
                                           : "There are no others.");
    else if (totals->named == 0)
        buffer_append_string(out, "None is named: --collector.destinations.top is 0. ");
    if (totals->seen > 0)
        buffer_append_format(out, "%s%s destinations %s.",
                             totals->error_bound > 0 ? "At most " : "",
                             figure_count(totals->seen).text, complete ? "in all" : "besides");
    if (totals->error_bound > 0)
        buffer_append_format(out, " Their ports may be counted too low, by %s.",
                             figure_count(totals->error_bound).text);
    buffer_append_string(out, "</p>\n");
}

void status_write_destinations(const struct status_view *view)
{
    const struct port_snapshot *ports = view->snapshot->ports;
    bool has_ports = ports[SOCKET_TCP].present || ports[SOCKET_UDP].present;
    struct destination_totals totals = total(view->snapshot);
    size_t rows = totals.named < STATUS_TABLE_ROWS ? totals.named : STATUS_TABLE_ROWS;
    buffer_append_string(view->out,
                         "<section class=\"card table\">\n<h2>Fullest destinations</h2>\n");
    if (!view->snapshot->has_detail) {
        status_write_no_sample(view, SAMPLE_DETAIL);
    } else if (totals.protocols == 0) {
        status_write_unknown(view, has_ports ? "They are not watched: --no-collector.destinations"
                                             : "The ports are not");
    } else {
        if (rows > 0)
            write_fullest(view, rows);
        write_destination_notes(view, &totals, rows);
    }
    buffer_append_string(view->out, "</section>\n");
}
