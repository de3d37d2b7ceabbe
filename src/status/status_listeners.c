// SPDX-License-Identifier: Apache-2.0
#include "format.h"
#include "html_writer.h"
#include "measure/top.h"
#include "status_cards.h"
#include "verdict.h"

static uint64_t count_connections(const struct listener_row *row)
{
    uint64_t sum = 0;
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        sum += row->sockets[state];
    return sum;
}

/* The listener with the most connections comes first. */
static int compare_connections(const void *left, const void *right)
{
    uint64_t a = count_connections(left), b = count_connections(right);
    return (a < b) - (a > b);
}

/* Choose the most urgent of `count` rows; returns how many. They are ordered by the level of the
 * queue, then by the number of connections. */
static size_t choose_rows(const struct listener_row *rows, size_t count,
                          struct candidate chosen[static STATUS_TABLE_ROWS])
{
    struct top list = {
        .candidates = chosen, .limit = STATUS_TABLE_ROWS, .compare = compare_connections};
    for (size_t i = 0; i < count; i++)
        top_offer(&list, judge_queue(&rows[i]), &rows[i]);
    return list.count;
}

static void write_connections(const struct status_view *view, const uint64_t sockets[TCP_STATES])
{
    bool known = view->snapshot->has_detail;
    buffer_append_format(view->out, "<td>%s</td><td>%s</td><td>%s</td></tr>\n",
                         format_known(known, sockets[TCP_STATE_ESTABLISHED]).text,
                         format_known(known, sockets[TCP_STATE_CLOSE_WAIT]).text,
                         format_known(known, sockets[TCP_STATE_TIME_WAIT]).text);
}

/* Write a length of the queue, marked if it reaches the limit. */
static void write_length(const struct status_view *view, uint64_t length, uint64_t limit)
{
    bool known = view->snapshot->has_counts;
    buffer_append_format(view->out, "<td>%s%s</td>", format_known(known, length).text,
                         known && length > 0 && length >= limit ? " full" : "");
}

static void write_listener(const struct status_view *view, const struct listener_row *row)
{
    bool known = view->snapshot->has_counts;
    html_open_row(view->out, alert_level_names[known ? judge_queue(row) : LEVEL_UNKNOWN],
                  name_listener(row).text);
    write_length(view, row->queue_length, row->queue_limit);
    write_length(view, row->queue_peak, row->queue_limit);
    buffer_append_format(view->out, "<td>%s</td><td class=\"%s\">%s</td>",
                         format_known(known, row->queue_limit).text,
                         known && row->dropping ? "Warning dropping" : "",
                         format_known(known, row->drops).text);
    write_connections(view, row->sockets);
}

/* Write the connections of the listeners that are not shown: all minus those that are. */
static void write_others(const struct status_view *view, const struct candidate *chosen,
                         size_t count)
{
    const struct snapshot *snapshot = view->snapshot;
    uint64_t others[TCP_STATES];
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        others[state] = snapshot->other_listeners.sockets[state];
        for (size_t i = 0; i < snapshot->listener_count; i++)
            others[state] += snapshot->listeners[i].sockets[state];
        for (size_t i = 0; i < count; i++)
            others[state] -= ((const struct listener_row *)chosen[i].entry)->sockets[state];
    }
    html_open_row(view->out, "soft", "others");
    buffer_append_string(view->out, "<td></td><td></td><td></td><td></td>");
    write_connections(view, others);
}

void status_write_listeners(const struct status_view *view)
{
    struct buffer *out = view->out;
    const struct snapshot *snapshot = view->snapshot;
    /* `queues` includes all rows of `listeners`. */
    const struct listener_row *rows = snapshot->has_counts ? snapshot->queues : snapshot->listeners;
    size_t named = snapshot->has_counts ? snapshot->queue_count : snapshot->listener_count;
    struct candidate chosen[STATUS_TABLE_ROWS];
    size_t count = choose_rows(rows, named, chosen);
    html_open_table(out, "places listeners", "Listener", "Waiting", "Peak", "Limit", "Dropped",
                    "Estab.", "Close wait", "Time wait");
    for (size_t i = 0; i < count; i++)
        write_listener(view, chosen[i].entry);
    write_others(view, chosen, count);
    html_close_table(out);
    buffer_append_string(out, "<p class=\"note\">");
    if (named > count) {
        buffer_append_format(out, "%zu more at ", named - count);
        html_write_link(out, view->self->telemetry_path);
        buffer_append_string(out, ". ");
    }
    buffer_append_string(out,
                         "Waiting: for accept(), in the fullest queue if sockets share the "
                         "port. Dropped: since the exporter's start; coloured if recent.</p>\n");
}
