// SPDX-License-Identifier: Apache-2.0
#include "format.h"
#include "html_writer.h"
#include "measure/top.h"
#include "status_cards.h"
#include "verdict.h"

enum { CLOSERS_SHOWN = 3 };

/* A part of the sockets in a state. Part and whole are from one sample, which may be older than the
 * count of the state. */
struct part {
    const char *name;
    uint64_t count, whole;
};

/* Write one state: its count, `part` unless that is NULL, and its history. */
static void write_state(const struct status_view *view, enum tcp_state state, const char *heading,
                        const struct history *history, const struct part *part)
{
    struct buffer *out = view->out;
    const struct snapshot *snapshot = view->snapshot;
    buffer_append_format(out, "<div class=\"lead\"><p class=\"big\">%s</p>\n<dl>",
                         format_count(snapshot->sockets[state]).text);
    html_write_figure(out, "", "peak", format_count(snapshot->peak_sockets[state]).text);
    if (part)
        html_write_part(out, part->name, format_count(part->count).text,
                        format_count(part->whole).text);
    buffer_append_string(out, "</dl></div>\n");
    const struct chart chart = {heading, history, snapshot->samples[SAMPLE_COUNT].interval_seconds,
                                0};
    html_write_chart(out, &chart);
}

void status_write_established(const struct status_view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct part ipv6 = {"IPv6",
                              snapshot->detail.sockets[IP_FAMILY_IPV6][TCP_STATE_ESTABLISHED],
                              state_counts_sum(&snapshot->detail, TCP_STATE_ESTABLISHED)};
    write_state(view, TCP_STATE_ESTABLISHED, "Established", &snapshot->established_history,
                snapshot->has_detail ? &ipv6 : NULL);
}

/* Choose the rows with the most samples in the recent period, in order; returns how many. */
static size_t choose_closers(const struct event_report *report,
                             struct candidate chosen[static CLOSERS_SHOWN])
{
    struct top list = {.candidates = chosen, .limit = CLOSERS_SHOWN};
    for (size_t i = 0; i < report->row_count; i++) {
        const struct event_source_row *row = &report->rows[i];
        if (row->recent > 0 && row->cgroup.text[0])
            top_offer(&list, (double)row->recent, row);
    }
    return list.count;
}

/* Write who closes first, and so leaves TIME_WAIT: shares of the samples of all rows, also of those
 * that are not shown. */
static void write_closers(const struct status_view *view)
{
    const struct event_snapshot *events = &view->snapshot->events[TCP_EVENT_CLOSED_FIRST];
    struct candidate chosen[CLOSERS_SHOWN];
    if (!events->present)
        return;
    size_t count = choose_closers(&events->report, chosen);
    uint64_t seen = 0;
    for (size_t i = 0; i < events->report.row_count; i++)
        seen += events->report.rows[i].recent;
    buffer_append_format(view->out, "<p class=\"note\">Closed first in the last %s: <b>%s</b>",
                         format_period(events->report.recent_seconds).text,
                         format_count(events->report.recent).text);
    for (size_t i = 0; i < count; i++) {
        buffer_append_format(view->out, "%s %s by ", i == 0 ? ", about" : ",",
                             format_share(chosen[i].rank / (double)seen).text);
        html_write_text(view->out, format_source(chosen[i].entry).text);
    }
    buffer_append_string(view->out, ".</p>\n");
}

void status_write_time_wait(const struct status_view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    uint64_t client = snapshot->time_wait[TIME_WAIT_CLIENT];
    const struct part clients = {"clients: hold ports", client,
                                 client + snapshot->time_wait[TIME_WAIT_SERVER]};
    write_state(view, TCP_STATE_TIME_WAIT, "Time wait", &snapshot->time_wait_history,
                snapshot->has_time_wait_roles && snapshot->time_wait_collected ? &clients : NULL);
    write_closers(view);
}

void status_write_states(const struct status_view *view)
{
    struct buffer *out = view->out;
    const struct snapshot *snapshot = view->snapshot;
    html_open_table(out, "states", "State", "Now", "Peak");
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        if (state != TCP_STATE_BOUND_INACTIVE)
            html_write_row(out, snapshot->peak_sockets[state] == 0 ? "soft" : "",
                           tcp_state_name(state), format_count(snapshot->sockets[state]).text,
                           format_count(snapshot->peak_sockets[state]).text);
    }
    if (snapshot->has_detail && snapshot->has_bound_inactive) {
        uint64_t count = state_counts_sum(&snapshot->detail, TCP_STATE_BOUND_INACTIVE);
        html_write_row(out, count == 0 ? "soft" : "", tcp_state_name(TCP_STATE_BOUND_INACTIVE),
                       format_count(count).text, "not kept");
    }
    html_close_table(out);
    buffer_append_format(out, "<p class=\"note\">Peak: within the last %s.</p>\n",
                         format_period(snapshot->peak_window_seconds).text);
}
