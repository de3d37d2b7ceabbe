// SPDX-License-Identifier: Apache-2.0
#include "figure.h"
#include "status_parts.h"

/* One figure of a kind of sample. */
typedef struct figure report_figure(const struct status_view *view,
                                    const struct sample_report *report);

static struct figure age(const struct status_view *view, const struct sample_report *report)
{
    return report->successes > 0 ? figure_age(view->now - report->last_success)
                                 : (struct figure){"none yet"};
}

static struct figure interval(const struct status_view *view, const struct sample_report *report)
{
    (void)view;
    return figure_duration(report->interval_seconds);
}

static struct figure duration(const struct status_view *view, const struct sample_report *report)
{
    (void)view;
    return figure_duration(report->duration_seconds);
}

static struct figure sockets(const struct status_view *view, const struct sample_report *report)
{
    (void)view;
    return figure_count((uint64_t)report->sockets_read);
}

static struct figure cpu(const struct status_view *view, const struct sample_report *report)
{
    double elapsed = view->now - view->self->start_time_seconds;
    return elapsed >= 1 ? figure_share(report->cpu_seconds / elapsed)
                        : (struct figure){"not known"};
}

static struct figure successes(const struct status_view *view, const struct sample_report *report)
{
    (void)view;
    return figure_count(report->successes);
}

static struct figure failures(const struct status_view *view, const struct sample_report *report)
{
    (void)view;
    return figure_count(report->failures);
}

static void write_errors(const struct status_view *view)
{
    bool any = false;
    for (enum fault_reason reason = 0; reason < FAULT_REASONS; reason++) {
        uint64_t count = view->snapshot->errors[reason];
        if (count == 0)
            continue;
        buffer_append_string(view->out, any ? ", " : "<p class=\"note\">Errors, by reason: ");
        buffer_append_format(view->out, "%s <b>%s</b>", fault_reason_name(reason),
                             figure_count(count).text);
        any = true;
    }
    if (any)
        buffer_append_string(view->out, "; the log has the details.</p>\n");
}

void status_write_sampling(const struct status_view *view)
{
    static const struct {
        const char *name;
        report_figure *figure;
    } rows[] = {
        {"age", age},
        {"interval", interval},
        {"took", duration},
        {"sockets listed", sockets},
        {"share of one CPU", cpu},
        {"good", successes},
        {"failed", failures},
    };
    struct buffer *out = view->out;
    buffer_append_string(out, "<section class=\"card\">\n<h2>Samples</h2>\n<table class=\"states\">"
                              "<thead><tr><td></td><th scope=\"col\">Count</th>"
                              "<th scope=\"col\">Detail</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buffer_append_format(out, "<tr><th scope=\"row\">%s</th>", rows[i].name);
        for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++)
            buffer_append_format(out, "<td>%s</td>",
                                 rows[i].figure(view, &view->snapshot->samples[kind]).text);
        buffer_append_string(out, "</tr>\n");
    }
    buffer_append_string(out, "</tbody></table>\n");
    if (!view->snapshot->derived_counts_in_use)
        buffer_append_string(out, "<p class=\"note\">The kernel's totals do not add up with its "
                                  "list: each count sample lists all sockets, at ten times the "
                                  "cost.</p>\n");
    write_errors(view);
    buffer_append_string(out, "</section>\n");
}
