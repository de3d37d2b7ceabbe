// SPDX-License-Identifier: Apache-2.0
#include "format.h"
#include "html_writer.h"
#include "status_cards.h"
#include "verdict.h"

static const char *const scope_names[PORT_SCOPES] = {
    [PORT_SCOPE_DESTINATION] = "fullest destination",
    [PORT_SCOPE_LOCAL_ADDRESS] = "fullest local address",
    [PORT_SCOPE_HOST] = "whole host",
};

/* The scope that runs out first: with TCP, the ports towards one destination, for connect(); with
 * UDP, the ports of the host, for any socket. */
static const struct {
    enum port_scope scope;
    const char *name, *middle, *end;
} main_scopes[SOCKET_PROTOCOLS] = {
    [SOCKET_TCP] = {PORT_SCOPE_DESTINATION, "towards the fullest destination",
                    "50 %: connect() gets slow", "100 %: it fails"},
    [SOCKET_UDP] = {PORT_SCOPE_HOST, "of this host", "", "100 %: no new socket"},
};

static void write_main_scope(const struct status_view *view, enum socket_protocol protocol)
{
    const struct port_snapshot *ports = &view->snapshot->ports[protocol];
    enum port_scope scope = main_scopes[protocol].scope;
    double share = ports->summary.utilization[scope];
    buffer_append_format(view->out,
                         "<p class=\"big\">%s <small>of the ports %s</small></p>\n"
                         "<div class=\"gauge %s\">",
                         format_share(share).text, main_scopes[protocol].name,
                         alert_level_names[judge_ports(ports, protocol, scope)]);
    html_write_meter(view->out, scope_names[scope], share, protocol == SOCKET_TCP);
    buffer_append_format(
        view->out,
        "<div class=\"scale\"><span>0</span><span>%s</span><span>%s</span></div></div>\n",
        main_scopes[protocol].middle, main_scopes[protocol].end);
}

static void write_share(const struct status_view *view, const char *name, double share,
                        enum alert_level level)
{
    html_open_row(view->out, alert_level_names[level], name);
    buffer_append_string(view->out, "<td class=\"wide\">");
    html_write_meter(view->out, name, share, false);
    buffer_append_format(view->out, "</td><td>%s</td></tr>\n", format_share(share).text);
}

/* The other scopes and, for TCP only, the ports that connect() tries first. */
static void write_other_scopes(const struct status_view *view, enum socket_protocol protocol)
{
    const struct port_snapshot *ports = &view->snapshot->ports[protocol];
    buffer_append_string(view->out, "<table class=\"shares\"><tbody>\n");
    if (protocol == SOCKET_TCP && ports->has_destinations)
        write_share(view, "half that connect() tries first", ports->summary.preferred_utilization,
                    judge_ports(ports, protocol, PORT_SCOPE_DESTINATION));
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++) {
        if (scope != main_scopes[protocol].scope &&
            (scope != PORT_SCOPE_DESTINATION || ports->has_destinations))
            write_share(view, scope_names[scope], ports->summary.utilization[scope],
                        judge_ports(ports, protocol, scope));
    }
    html_close_table(view->out);
}

static void write_ports(const struct status_view *view, enum socket_protocol protocol)
{
    const struct port_snapshot *ports = &view->snapshot->ports[protocol];
    const struct port_summary *summary = &ports->summary;
    if (protocol == SOCKET_TCP && !ports->has_destinations)
        html_write_unknown(view->out,
                           "Destinations are not collected: --no-collector.destinations");
    else
        write_main_scope(view, protocol);
    write_other_scopes(view, protocol);
    buffer_append_format(view->out,
                         "<p class=\"note\"><b>%s</b> used of <b>%s</b> usable: "
                         "range <b>%s</b>, reserved <b>%s</b>, owned <b>%s</b></p>\n",
                         format_count(summary->used).text, format_count(summary->usable).text,
                         format_count(summary->range).text, format_count(summary->reserved).text,
                         format_count(summary->owned).text);
}

void status_write_tcp_ports(const struct status_view *view)
{
    write_ports(view, SOCKET_TCP);
}

void status_write_udp_ports(const struct status_view *view)
{
    write_ports(view, SOCKET_UDP);
}
