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
    const struct sample_report *count = &view->snapshot->samples[SAMPLE_COUNT];
    const struct sample_report *detail = &view->snapshot->samples[SAMPLE_DETAIL];
    double uptime = view->now - view->self->start_time_seconds;
    html_open_table(out, "states", "Sample", "Count", "Detail");
    html_write_row(out, "", "taken", format_ago(view->now, count->last_success).text,
                   format_ago(view->now, detail->last_success).text);
    html_write_row(out, "", "interval", format_duration(count->interval_seconds).text,
                   format_duration(detail->interval_seconds).text);
    html_write_row(out, "", "duration", format_duration(count->duration_seconds).text,
                   format_duration(detail->duration_seconds).text);
    html_write_row(out, "", "sockets read", format_count((uint64_t)count->sockets_read).text,
                   format_count((uint64_t)detail->sockets_read).text);
    html_write_row(out, "", "share of one CPU",
                   format_share(uptime >= 1 ? count->cpu_seconds / uptime : -1).text,
                   format_share(uptime >= 1 ? detail->cpu_seconds / uptime : -1).text);
    html_write_row(out, "", "succeeded", format_count(count->successes).text,
                   format_count(detail->successes).text);
    html_write_row(out, "", "failed", format_count(count->failures).text,
                   format_count(detail->failures).text);
    html_close_table(out);
    if (!view->snapshot->derived_counts_in_use)
        buffer_append_string(out, "<p class=\"note\">The kernel's totals differ from its list of "
                                  "sockets: each count sample reads the whole list, at ten times "
                                  "the cost.</p>\n");
    write_errors(view);
}
