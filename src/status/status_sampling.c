// SPDX-License-Identifier: Apache-2.0
#include "format.h"
#include "html_writer.h"
#include "status_cards.h"

static void write_errors(const struct status_view *view)
{
    const char *before = "<p class=\"note\">Errors by reason: ", *end = "";
    for (enum fault_reason reason = 0; reason < FAULT_REASONS; reason++) {
        uint64_t count = view->snapshot->errors[reason];
        if (count == 0)
            continue;
        buffer_append_format(view->out, "%s%s <b>%s</b>", before, fault_reason_name(reason),
                             format_count(count).text);
        before = ", ";
        end = "; the log has the details.</p>\n";
    }
    buffer_append_string(view->out, end);
}

void status_write_sampling(const struct status_view *view)
{
    struct buffer *out = view->out;
    double uptime = view->now - view->self->start_time_seconds;
    html_open_table(out, "places samples", "Sample", "Taken", "Interval", "Duration", "Sockets",
                    "Of one CPU", "Good", "Failed");
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++) {
        const struct sample_report *report = &view->snapshot->samples[kind];
        html_write_row(out, "", sample_kind_name(kind),
                       format_ago(view->now, report->last_success).text,
                       format_duration(report->interval_seconds).text,
                       format_duration(report->duration_seconds).text,
                       format_count((uint64_t)report->sockets_read).text,
                       format_share(uptime >= 1 ? report->cpu_seconds / uptime : -1).text,
                       format_count(report->successes).text, format_count(report->failures).text);
    }
    html_close_table(out);
    if (!view->snapshot->derived_counts_in_use)
        buffer_append_string(out, "<p class=\"note\">The kernel's totals differ from its list of "
                                  "sockets: each count sample reads the whole list, at ten times "
                                  "the cost.</p>\n");
    write_errors(view);
}
