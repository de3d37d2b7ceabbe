// SPDX-License-Identifier: Apache-2.0
#include "status_page.h"

#include "advice.h"
#include "format.h"
#include "html_writer.h"
#include "status_cards.h"
#include "verdict.h"

#include <stdio.h>
#include <time.h>

static void write_head(const struct status_view *view)
{
    struct buffer *out = view->out;
    buffer_append_format(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n<title>%s: ",
        alert_level_names[view->verdict->findings[0].level]);
    html_write_text(out, view->snapshot->host_name);
    buffer_append_string(out, " - sockdiag_exporter</title>\n<style>");
    buffer_append_string(out, status_page_style);
    buffer_append_string(out, "</style>\n</head>\n");
}

static void write_time(const struct status_view *view)
{
    time_t now = (time_t)view->now;
    struct tm utc;
    char text[32] = "";
    if (gmtime_r(&now, &utc))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc);
    buffer_append_format(view->out, "<li>%s</li>", text);
}

static void write_banner(const struct status_view *view)
{
    struct buffer *out = view->out;
    const char *const paths[] = {view->self->telemetry_path, "/-/healthy", "/-/ready"};
    buffer_append_string(out, "<header>\n<h1>");
    html_write_text(out, view->snapshot->host_name);
    buffer_append_string(out, " <small>sockdiag_exporter ");
    html_write_text(out, view->self->version);
    buffer_append_string(out, "</small></h1>\n<ul class=\"facts\">");
    write_time(view);
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

static void write_finding(struct buffer *out, const struct finding *finding, const char *element)
{
    buffer_append_format(out, "<div><%s><span class=\"badge %s\">%s</span> ", element,
                         alert_level_names[finding->level], alert_level_names[finding->level]);
    html_write_text(out, finding->fact);
    buffer_append_format(out, "</%s>\n<p>", element);
    html_write_text(out, finding->meaning);
    buffer_append_string(out, "</p>");
    if (finding->level != LEVEL_OK) {
        buffer_append_string(out, "\n<p class=\"next\"><code>");
        html_write_text(out, finding->command);
        buffer_append_format(out, "</code> <a href=\"#%s\">What to do</a></p>",
                             advice_by_topic[finding->topic].anchor);
    }
    buffer_append_string(out, "</div>\n");
}

static void write_verdict(const struct status_view *view)
{
    const struct verdict *verdict = view->verdict;
    buffer_append_format(view->out, "<section class=\"verdict %s\">\n",
                         alert_level_names[verdict->findings[0].level]);
    for (size_t i = 0; i < verdict->count; i++)
        write_finding(view->out, &verdict->findings[i], i == 0 ? "h2" : "h3");
    buffer_append_string(view->out, "</section>\n");
}

/* Write a card. `why` replaces the content if its numbers are unknown; otherwise it is NULL. */
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

/* Why a snapshot has no ports of a protocol; NULL if it has them. */
static const char *explain_ports(const struct snapshot *snapshot, enum socket_protocol protocol)
{
    if (snapshot->ports[protocol].present)
        return NULL;
    if (!collects_ports(snapshot) && snapshot->has_detail)
        return "Not collected: --no-collector.ports";
    if (protocol == SOCKET_UDP && snapshot->ports[SOCKET_TCP].present)
        return "Not readable: see the errors below the samples";
    return "No current ports sample: see the errors below the samples";
}

static const char *explain_destinations(const struct snapshot *snapshot)
{
    const char *no_tcp = explain_ports(snapshot, SOCKET_TCP);
    if (knows_destinations(&snapshot->ports[SOCKET_TCP]) ||
        knows_destinations(&snapshot->ports[SOCKET_UDP]))
        return NULL;
    return no_tcp && explain_ports(snapshot, SOCKET_UDP)
               ? no_tcp
               : "Not collected: --no-collector.destinations";
}

static const char *explain_listeners(const struct snapshot *snapshot)
{
    if (!snapshot->listeners_collected)
        return "Not collected: --no-collector.listeners";
    return snapshot->has_counts || snapshot->has_detail ? NULL : "No current count sample";
}

/* Write the cards, in three columns: what limits and kills first comes first. */
static void write_cards(const struct status_view *view)
{
    static const char next_column[] = "</div>\n<div class=\"column\">\n";
    const struct snapshot *snapshot = view->snapshot;
    const char *no_counts = snapshot->has_counts ? NULL : "No current count sample";
    buffer_append_string(view->out, "<div class=\"column\">\n");
    write_card(view, "", "TCP ephemeral ports in use", explain_ports(snapshot, SOCKET_TCP),
               status_write_tcp_ports);
    write_card(view, "", "Fullest destinations", explain_destinations(snapshot),
               status_write_destinations);
    write_card(view, "", "Limits", NULL, status_write_limits);
    buffer_append_string(view->out, next_column);
    write_card(view, "", "Busiest listeners", explain_listeners(snapshot), status_write_listeners);
    write_card(view, "", "UDP ephemeral ports in use", explain_ports(snapshot, SOCKET_UDP),
               status_write_udp_ports);
    buffer_append_string(view->out, next_column);
    write_card(view, "", "Time wait", no_counts, status_write_time_wait);
    write_card(view, "", "Established", no_counts, status_write_established);
    write_card(view, "", "TCP sockets by state", no_counts, status_write_states);
    buffer_append_string(view->out, "</div>\n");
}

/* Write the cards that take the whole width. */
static void write_strips(const struct status_view *view)
{
    char events[sizeof(struct formatted) + 16];
    snprintf(events, sizeof events, "In the last %s", format_recent_period(view->snapshot).text);
    write_card(view, " strip", events, NULL, status_write_events);
    if (view->snapshot->namespaces.collected)
        write_card(view, " strip", "Fullest network namespaces", NULL, status_write_namespaces);
    if (view->snapshot->has_udp)
        write_card(view, " strip", "UDP receive queues", NULL, status_write_udp_sockets);
    if (view->snapshot->has_unix)
        write_card(view, " strip", "UNIX accept queues", NULL, status_write_unix_listeners);
    write_card(view, " strip", "Samples", NULL, status_write_sampling);
    if (view->verdict->findings[0].level != LEVEL_OK)
        write_card(view, " strip advice", "What to do", NULL, status_write_advice);
}

void status_page_render(struct buffer *out, const struct snapshot *snapshot,
                        const struct self_report *self, double now)
{
    struct verdict verdict;
    const struct status_view view = {out, snapshot, self, now, &verdict};
    verdict_reach(&verdict, snapshot, now);
    write_head(&view);
    buffer_append_string(out, "<body>\n");
    write_banner(&view);
    buffer_append_string(out, "<main>\n");
    write_verdict(&view);
    write_cards(&view);
    write_strips(&view);
    buffer_append_string(out, "</main>\n<p class=\"notice\" role=\"status\" hidden=\"\"></p>\n"
                              "<script>");
    buffer_append_string(out, status_page_script);
    buffer_append_string(out, "</script>\n</body>\n</html>\n");
}
