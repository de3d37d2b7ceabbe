// SPDX-License-Identifier: Apache-2.0
#include "status_page.h"

#include "format.h"
#include "html_writer.h"
#include "status_cards.h"
#include "verdict.h"

#include <time.h>

static void write_head(const struct status_view *view, const struct verdict *verdict)
{
    buffer_append_format(
        view->out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<meta http-equiv=\"refresh\" content=\"5\">\n"
        "<title>%s: sockdiag_exporter</title>\n<style>",
        alert_level_names[verdict->findings[0].level]);
    buffer_append_string(view->out, status_page_style);
    buffer_append_string(view->out, "</style>\n</head>\n");
}

static void write_banner(const struct status_view *view)
{
    struct buffer *out = view->out;
    const char *const paths[] = {view->self->telemetry_path, "/-/healthy", "/-/ready"};
    time_t now = (time_t)view->now;
    struct tm utc;
    char text[32] = "";
    if (gmtime_r(&now, &utc))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc);
    buffer_append_string(out, "<header>\n<h1>sockdiag_exporter <small>");
    html_write_text(out, view->self->version);
    buffer_append_format(out, "</small></h1>\n<ul class=\"facts\"><li>%s</li>", text);
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++)
        buffer_append_format(
            out, "<li>%s sample: %s</li>", sample_kind_name(kind),
            format_ago(view->now, view->snapshot->samples[kind].last_success).text);
    buffer_append_format(out,
                         "<li>up %s</li></ul>\n"
                         "<nav aria-label=\"Other pages\"><ul class=\"facts\">",
                         format_duration(view->now - view->self->start_time_seconds).text);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        buffer_append_string(out, "<li>");
        html_write_link(out, paths[i]);
        buffer_append_string(out, "</li>");
    }
    buffer_append_string(out, "</ul></nav>\n</header>\n");
}

static void write_verdict(const struct status_view *view, const struct verdict *verdict)
{
    buffer_append_format(view->out, "<section class=\"verdict %s\">\n",
                         alert_level_names[verdict->findings[0].level]);
    for (size_t i = 0; i < verdict->count; i++) {
        const struct finding *finding = &verdict->findings[i];
        const char *element = i == 0 ? "h2" : "h3";
        buffer_append_format(
            view->out, "<div><%s><span class=\"badge %s\">%s</span> %s</%s>\n<p>%s</p></div>\n",
            element, alert_level_names[finding->level], alert_level_names[finding->level],
            finding->fact, element, finding->meaning);
    }
    buffer_append_string(view->out, "</section>\n");
}

/* A card. If its numbers are unknown, `why` replaces the content; otherwise it is NULL. */
static void write_card(const struct status_view *view, const char *class, const char *heading,
                       const char *why, void (*write_content)(const struct status_view *view))
{
    buffer_append_format(view->out, "<section class=\"card%s\">\n<h2>%s</h2>\n", class, heading);
    if (why)
        html_write_unknown(view->out, why);
    else
        write_content(view);
    buffer_append_string(view->out, "</section>\n");
}

static const char *explain_ports(const struct snapshot *snapshot, enum socket_protocol protocol)
{
    if (snapshot->ports[protocol].present)
        return NULL;
    return snapshot->has_detail ? "Not collected (--no-collector.ports) or not readable: see the "
                                  "errors below the samples"
                                : "No current detail sample";
}

static void write_cards(const struct status_view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const char *no_counts = snapshot->has_counts ? NULL : "No current count sample";
    const char *no_tcp = explain_ports(snapshot, SOCKET_TCP);
    const char *no_udp = explain_ports(snapshot, SOCKET_UDP);
    bool named = knows_destinations(&snapshot->ports[SOCKET_TCP]) ||
                 knows_destinations(&snapshot->ports[SOCKET_UDP]);
    const char *no_destinations = named              ? NULL
                                  : no_tcp && no_udp ? no_tcp
                                                     : "Not collected: --no-collector.destinations";
    const char *no_listeners = snapshot->listeners_collected
                                   ? (snapshot->has_detail ? NULL : no_counts)
                                   : "Not collected: --no-collector.listeners";
    write_card(view, "", "Established", no_counts, status_write_established);
    write_card(view, "", "Time wait", no_counts, status_write_time_wait);
    write_card(view, "", "TCP ephemeral ports in use", no_tcp, status_write_tcp_ports);
    write_card(view, "", "UDP ephemeral ports in use", no_udp, status_write_udp_ports);
    write_card(view, " table", "Fullest destinations", no_destinations, status_write_destinations);
    write_card(view, " table", "Busiest listeners", no_listeners, status_write_listeners);
    buffer_append_string(view->out, "<div class=\"side\">\n");
    write_card(view, "", "TCP sockets by state", no_counts, status_write_states);
    write_card(view, "", "Settings and counters", NULL, status_write_kernel);
    write_card(view, "", "Samples", NULL, status_write_sampling);
    buffer_append_string(view->out, "</div>\n");
}

void status_page_render(struct buffer *out, const struct snapshot *snapshot,
                        const struct self_report *self, double now)
{
    const struct status_view view = {out, snapshot, self, now};
    struct verdict verdict;
    verdict_reach(&verdict, snapshot, now);
    write_head(&view, &verdict);
    buffer_append_string(out, "<body>\n");
    write_banner(&view);
    buffer_append_string(out, "<main>\n");
    write_verdict(&view, &verdict);
    write_cards(&view);
    buffer_append_string(out, "</main>\n</body>\n</html>\n");
}
