// SPDX-License-Identifier: Apache-2.0
#include "format.h"
#include "html_writer.h"
#include "status_cards.h"

/* One state: its count, its parts unless `counts` is NULL, and its history. */
static void write_state(const struct status_view *view, enum tcp_state state, const char *heading,
                        const struct history *history, const char *const names[2],
                        const uint64_t *counts)
{
    struct buffer *out = view->out;
    const struct snapshot *snapshot = view->snapshot;
    buffer_append_format(out,
                         "<div class=\"lead\"><p class=\"big\">%s</p>\n"
                         "<dl><div><dt>peak</dt><dd>%s</dd></div>",
                         format_count(snapshot->sockets[state]).text,
                         format_count(snapshot->peak_sockets[state]).text);
    for (size_t i = 0; counts && i < 2; i++)
        buffer_append_format(out, "<div><dt>%s</dt><dd>%s</dd></div>", names[i],
                             format_count(counts[i]).text);
    buffer_append_string(out, "</dl></div>\n");
    html_write_chart(out, heading, history, snapshot->samples[SAMPLE_COUNT].interval_seconds);
}

void status_write_established(const struct status_view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const uint64_t counts[] = {
        snapshot->detail.sockets[IP_FAMILY_IPV4][TCP_STATE_ESTABLISHED],
        snapshot->detail.sockets[IP_FAMILY_IPV6][TCP_STATE_ESTABLISHED],
    };
    write_state(view, TCP_STATE_ESTABLISHED, "Established", &snapshot->established_history,
                (const char *const[]){"IPv4", "IPv6"}, snapshot->has_detail ? counts : NULL);
}

void status_write_time_wait(const struct status_view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const uint64_t counts[] = {snapshot->time_wait[TIME_WAIT_CLIENT],
                               snapshot->time_wait[TIME_WAIT_SERVER]};
    write_state(view, TCP_STATE_TIME_WAIT, "Time wait", &snapshot->time_wait_history,
                (const char *const[]){"client: holds a port", "server: memory only"},
                snapshot->has_time_wait_roles && snapshot->time_wait_collected ? counts : NULL);
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
    buffer_append_string(out, "<p class=\"note\">Peak: within --sample.peak-window.</p>\n");
}
