// SPDX-License-Identifier: Apache-2.0
#include "status_page.h"

#include "figure.h"
#include "html_writer.h"
#include "status_parts.h"

#include <stdio.h>
#include <time.h>

/* The most urgent level there is. */
static enum alert_level level_of(const struct verdict *verdict)
{
    return verdict->count > 0 ? verdict->findings[0].level : LEVEL_OK;
}

static void write_head(const struct status_view *view, const struct verdict *verdict)
{
    struct buffer *out = view->out;
    buffer_append_string(
        out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta name=\"color-scheme\" content=\"light dark\">\n"
             "<meta http-equiv=\"refresh\" content=\"5\">\n");
    buffer_append_format(out, "<title>%s: sockdiag_exporter</title>\n<style>",
                         alert_level_name(level_of(verdict)));
    buffer_append_string(out, status_page_style);
    buffer_append_string(out, "</style>\n</head>\n");
}

static void write_age(const struct status_view *view, enum sample_kind kind)
{
    const struct sample_report *report = &view->snapshot->samples[kind];
    if (report->successes > 0)
        buffer_append_format(view->out, "<li>%s sample %s old</li>", sample_kind_name(kind),
                             figure_age(view->now - report->last_success).text);
    else
        buffer_append_format(view->out, "<li>no %s sample</li>", sample_kind_name(kind));
}

static void write_link(const struct status_view *view, const char *path)
{
    buffer_append_string(view->out, "<li>");
    html_link(view->out, path);
    buffer_append_string(view->out, "</li>");
}

static void write_time(const struct status_view *view)
{
    char text[32] = "";
    time_t now = (time_t)view->now;
    struct tm utc;
    if (gmtime_r(&now, &utc))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc);
    buffer_append_format(view->out, "<li>%s</li>", text);
}

static void write_banner(const struct status_view *view)
{
    struct buffer *out = view->out;
    const struct self_report *self = view->self;
    buffer_append_string(out, "<header>\n<h1>sockdiag_exporter <small>");
    html_text(out, self->version);
    buffer_append_string(out, "</small></h1>\n<ul class=\"facts\">");
    write_time(view);
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++)
        write_age(view, kind);
    buffer_append_format(out, "<li>up %s</li></ul>\n",
                         figure_duration(view->now - self->start_time_seconds).text);
    buffer_append_string(out, "<nav aria-label=\"Other pages\"><ul class=\"facts\">");
    write_link(view, self->telemetry_path);
    write_link(view, "/-/healthy");
    write_link(view, "/-/ready");
    buffer_append_string(out, "</ul></nav>\n</header>\n");
}

/* Is all known that could be close to a limit? */
static bool knows_all(const struct snapshot *snapshot)
{
    return snapshot->has_counts && snapshot->listeners_collected && snapshot->has_settings &&
           snapshot->ports[SOCKET_TCP].present && snapshot->ports[SOCKET_TCP].has_destinations &&
           snapshot->ports[SOCKET_UDP].present;
}

/* How far everything is from its limit, for a host where all is well. */
static void write_distances(const struct status_view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct port_snapshot *ports = &snapshot->ports[SOCKET_TCP];
    double fullest_queue = 0;
    for (size_t i = 0; snapshot->has_counts && i < snapshot->queue_count; i++) {
        double share = queue_share(snapshot->queues[i].queue_peak, snapshot->queues[i].queue_limit);
        if (share > fullest_queue)
            fullest_queue = share;
    }
    buffer_append_string(view->out, "<p>");
    if (ports->present && ports->has_destinations)
        buffer_append_format(view->out, "Ports towards the fullest destination: %s. ",
                             figure_share(ports->summary.utilization[PORT_SCOPE_DESTINATION]).text);
    if (snapshot->listeners_collected)
        buffer_append_format(view->out, "Fullest accept queue: %s. ",
                             figure_share(fullest_queue).text);
    if (snapshot->has_settings && snapshot->settings.time_wait_limit > 0)
        buffer_append_format(view->out, "TIME_WAIT: %s of its limit.",
                             figure_share((double)snapshot->sockets[TCP_STATE_TIME_WAIT] /
                                          (double)snapshot->settings.time_wait_limit)
                                 .text);
    buffer_append_string(view->out, "</p>\n");
}

static void write_finding(struct buffer *out, const struct finding *finding, const char *element)
{
    buffer_append_format(out, "<%s><span class=\"badge %s\">%s</span> ", element,
                         alert_level_class(finding->level), alert_level_name(finding->level));
    html_text(out, finding->fact);
    buffer_append_format(out, "</%s>\n<p>", element);
    html_text(out, finding->meaning);
    buffer_append_string(out, "</p>\n");
}

static void write_verdict(const struct status_view *view, const struct verdict *verdict)
{
    struct buffer *out = view->out;
    buffer_append_format(out, "<section class=\"verdict %s\">\n",
                         alert_level_class(level_of(verdict)));
    if (verdict->count == 0) {
        buffer_append_format(out,
                             "<div><h2><span class=\"badge ok\">OK</span> "
                             "Nothing %sis close to a limit</h2>\n",
                             knows_all(view->snapshot) ? "" : "that is known ");
        write_distances(view);
        buffer_append_string(out, "</div>\n");
    }
    for (size_t i = 0; i < verdict->count; i++) {
        buffer_append_string(out, "<div>");
        write_finding(out, &verdict->findings[i], i == 0 ? "h2" : "h3");
        buffer_append_string(out, "</div>\n");
    }
    buffer_append_string(out, "</section>\n");
}

void status_page_render(struct buffer *out, const struct snapshot *snapshot,
                        const struct self_report *self, double now)
{
    const struct status_view view = {
        .out = out,
        .snapshot = snapshot,
        .self = self,
        .now = now,
    };
    struct verdict verdict;
    verdict_reach(&verdict, snapshot, now);
    write_head(&view, &verdict);
    buffer_append_string(out, "<body>\n");
    write_banner(&view);
    buffer_append_string(out, "<main>\n");
    write_verdict(&view, &verdict);
    status_write_big_states(&view);
    status_write_ports(&view);
    status_write_destinations(&view);
    status_write_listeners(&view);
    buffer_append_string(out, "<div class=\"side\">\n");
    status_write_states(&view);
    status_write_kernel(&view);
    status_write_sampling(&view);
    buffer_append_string(out, "</div>\n</main>\n</body>\n</html>\n");
}
