// SPDX-License-Identifier: Apache-2.0
#include "figure.h"
#include "status_chart.h"
#include "status_parts.h"

/* A name and a figure beside the big one. */
static void write_fact(const struct status_view *view, const char *name, uint64_t value)
{
    buffer_append_format(view->out, "<div><dt>%s</dt><dd>%s</dd></div>", name,
                         figure_count(value).text);
}

static void write_families(const struct status_view *view)
{
    const struct state_counts *detail = &view->snapshot->detail;
    if (!view->snapshot->has_detail)
        return;
    write_fact(view, "IPv4", detail->sockets[IP_FAMILY_IPV4][TCP_STATE_ESTABLISHED]);
    write_fact(view, "IPv6", detail->sockets[IP_FAMILY_IPV6][TCP_STATE_ESTABLISHED]);
}

static void write_roles(const struct status_view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    if (!snapshot->has_detail || !snapshot->time_wait_collected)
        return;
    write_fact(view, "client: hold a port", snapshot->time_wait[TIME_WAIT_CLIENT]);
    write_fact(view, "server: memory only", snapshot->time_wait[TIME_WAIT_SERVER]);
}

/* The card of one state: its number, that of its `parts`, and its history. */
static void write_big_state(const struct status_view *view, enum tcp_state state,
                            const char *heading, const struct history *history,
                            void (*write_parts)(const struct status_view *view))
{
    struct buffer *out = view->out;
    const struct snapshot *snapshot = view->snapshot;
    buffer_append_format(out, "<section class=\"card\">\n<h2>%s</h2>\n", heading);
    if (snapshot->has_counts) {
        buffer_append_format(out, "<div class=\"lead\"><p class=\"big\">%s</p>\n<dl>",
                             figure_count(snapshot->sockets[state]).text);
        write_fact(view, "peak", snapshot->peak_sockets[state]);
        write_parts(view);
        buffer_append_string(out, "</dl></div>\n");
        status_chart_history(out, heading, history,
                             view->snapshot->samples[SAMPLE_COUNT].interval_seconds);
    } else {
        status_write_no_sample(view, SAMPLE_COUNT);
    }
    buffer_append_string(out, "</section>\n");
}

void status_write_big_states(const struct status_view *view)
{
    write_big_state(view, TCP_STATE_ESTABLISHED, "Established",
                    &view->snapshot->established_history, write_families);
    write_big_state(view, TCP_STATE_TIME_WAIT, "Time wait", &view->snapshot->time_wait_history,
                    write_roles);
}

static void write_state(const struct status_view *view, enum tcp_state state)
{
    struct buffer *out = view->out;
    const struct snapshot *snapshot = view->snapshot;
    uint64_t count = snapshot->sockets[state], peak = snapshot->peak_sockets[state];
    buffer_append_format(out, "<tr%s><th scope=\"row\">%s</th>", peak == 0 ? " class=\"none\"" : "",
                         tcp_state_name(state));
    buffer_append_format(out, "<td>%s</td><td>%s</td></tr>\n", figure_count(count).text,
                         figure_count(peak).text);
}

/* Of the detail sample, which keeps no peaks. */
static void write_bound_inactive(const struct status_view *view)
{
    uint64_t count = state_counts_sum(&view->snapshot->detail, TCP_STATE_BOUND_INACTIVE);
    buffer_append_format(view->out,
                         "<tr%s><th scope=\"row\">%s</th><td>%s</td><td>not kept</td></tr>\n",
                         count == 0 ? " class=\"none\"" : "",
                         tcp_state_name(TCP_STATE_BOUND_INACTIVE), figure_count(count).text);
}

void status_write_states(const struct status_view *view)
{
    struct buffer *out = view->out;
    const struct snapshot *snapshot = view->snapshot;
    buffer_append_string(out, "<section class=\"card\">\n<h2>TCP sockets by state</h2>\n");
    if (!snapshot->has_counts) {
        status_write_no_sample(view, SAMPLE_COUNT);
        buffer_append_string(out, "</section>\n");
        return;
    }
    buffer_append_string(out, "<table class=\"states\"><thead><tr><th scope=\"col\">State</th>"
                              "<th scope=\"col\">Now</th><th scope=\"col\">Peak</th></tr></thead>\n"
                              "<tbody>\n");
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        if (state != TCP_STATE_BOUND_INACTIVE)
            write_state(view, state);
    }
    if (snapshot->has_detail && snapshot->has_bound_inactive)
        write_bound_inactive(view);
    buffer_append_string(out, "</tbody></table>\n<p class=\"note\">Peak: within "
                              "--sample.peak-window.</p>\n</section>\n");
}
