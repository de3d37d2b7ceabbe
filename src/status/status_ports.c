// SPDX-License-Identifier: Apache-2.0
#include "format.h"
#include "html_writer.h"
#include "status_cards.h"
#include "verdict.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const scope_names[PORT_SCOPES] = {
    [PORT_SCOPE_DESTINATION] = "fullest destination",
    [PORT_SCOPE_LOCAL_ADDRESS] = "fullest local address",
    [PORT_SCOPE_HOST] = "whole host",
};

/* Texts for the scope that runs out first. */
static const struct {
    const char *name, *middle, *end;
} main_scopes[SOCKET_PROTOCOLS] = {
    [SOCKET_TCP] = {"towards the fullest destination", "50 %: connect() gets slow",
                    "100 %: it fails"},
    [SOCKET_UDP] = {"of this host", "", "100 %: no new socket"},
};

/* Write the share at the last sample, at the peak and, if the bound is higher, at most now. */
static void write_main_scope(const struct status_view *view, enum socket_protocol protocol)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct port_snapshot *ports = &snapshot->ports[protocol];
    enum port_scope scope = port_main_scope(protocol);
    double share = ports->summary.utilization[scope];
    struct formatted exact = format_share(share);
    struct formatted bound = format_share(fmax(snapshot->bound_utilization, share));
    buffer_append_format(view->out,
                         "<div class=\"lead\"><p class=\"big\">%s <small>%s</small></p>\n<dl>",
                         exact.text, main_scopes[protocol].name);
    html_write_figure(view->out, "", "peak", format_share(ports->peak_utilization[scope]).text);
    if (protocol == SOCKET_TCP && snapshot->has_bound && strcmp(bound.text, exact.text) != 0)
        html_write_figure(view->out, "", "now at most", bound.text);
    buffer_append_format(view->out, "</dl></div>\n<div class=\"gauge %s\">",
                         alert_level_names[judge_ports(ports, protocol, scope)]);
    html_write_meter(view->out, scope_names[scope], share, protocol == SOCKET_TCP);
    buffer_append_format(
        view->out,
        "<div class=\"scale\"><span>0</span><span>%s</span><span>%s</span></div></div>\n",
        main_scopes[protocol].middle, main_scopes[protocol].end);
    const struct chart chart = {scope_names[scope], &ports->port_history,
                                snapshot->samples[SAMPLE_PORTS].interval_seconds,
                                PORT_HISTORY_WHOLE};
    html_write_chart(view->out, &chart);
}

/* Write the other scopes and, for TCP only, the ports that connect() tries first. */
static void write_other_scopes(const struct status_view *view, enum socket_protocol protocol)
{
    const struct port_snapshot *ports = &view->snapshot->ports[protocol];
    buffer_append_string(view->out, "<dl class=\"scopes\">");
    if (protocol == SOCKET_TCP && ports->has_destinations)
        html_write_figure(view->out,
                          alert_level_names[judge_ports(ports, protocol, PORT_SCOPE_DESTINATION)],
                          "half that connect() tries first",
                          format_share(ports->summary.preferred_utilization).text);
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++) {
        if (scope != port_main_scope(protocol) &&
            (scope != PORT_SCOPE_DESTINATION || ports->has_destinations))
            html_write_figure(view->out, alert_level_names[judge_ports(ports, protocol, scope)],
                              scope_names[scope],
                              format_share(ports->summary.utilization[scope]).text);
    }
    buffer_append_string(view->out, "</dl>\n");
}

/* Write which ports connect() loses to bind() and to listeners within the range. */
static void write_losses(struct buffer *out, const struct port_summary *summary)
{
    if (summary->has_bound_before_connect && summary->bound_before_connect > 0)
        buffer_append_format(out, " About %s taken by bind() before connect().",
                             format_plural(summary->bound_before_connect, "port").text);
    if (summary->unreserved_listeners == 0)
        return;
    buffer_append_format(out, " Listeners hold %s that ip_local_reserved_ports lacks:",
                         format_plural(summary->unreserved_listeners, "port").text);
    for (size_t i = 0; i < summary->unreserved_named; i++)
        buffer_append_format(out, "%s %" PRIu16, i > 0 ? "," : "", summary->unreserved_ports[i]);
    buffer_append_string(out,
                         summary->unreserved_named < summary->unreserved_listeners ? ", ..." : ".");
}

static void write_sizes(const struct status_view *view, enum socket_protocol protocol)
{
    struct buffer *out = view->out;
    const struct port_summary *summary = &view->snapshot->ports[protocol].summary;
    buffer_append_format(out,
                         "<p class=\"note\"><b>%s</b> used, <b>%s</b> usable: range <b>%s</b>, "
                         "reserved <b>%s</b>, owned <b>%s</b>.",
                         format_count(summary->used).text, format_count(summary->usable).text,
                         format_count(summary->range).text, format_count(summary->reserved).text,
                         format_count(summary->owned).text);
    if (protocol == SOCKET_TCP)
        write_losses(out, summary);
    buffer_append_string(out, "</p>\n");
}

static void write_ports(const struct status_view *view, enum socket_protocol protocol)
{
    const struct port_snapshot *ports = &view->snapshot->ports[protocol];
    if (protocol == SOCKET_TCP && !ports->has_destinations)
        html_write_unknown(view->out,
                           "Destinations are not collected: --no-collector.destinations");
    else
        write_main_scope(view, protocol);
    write_other_scopes(view, protocol);
    write_sizes(view, protocol);
}

void status_write_tcp_ports(const struct status_view *view)
{
    write_ports(view, SOCKET_TCP);
}

void status_write_udp_ports(const struct status_view *view)
{
    write_ports(view, SOCKET_UDP);
}
