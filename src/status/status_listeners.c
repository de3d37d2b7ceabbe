// SPDX-License-Identifier: Apache-2.0
#include "figure.h"
#include "html_writer.h"
#include "status_parts.h"

#include <string.h>

/* The listeners to show, most urgent first, and how many there were to choose from. */
struct choice {
    const struct listener_row *rows[STATUS_TABLE_ROWS];
    size_t count;
    size_t known;
};

static uint64_t connections(const struct listener_row *row)
{
    uint64_t sum = 0;
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        sum += row->sockets[state];
    return sum;
}

/* A queue that demands attention goes before connections. */
static bool goes_before(const struct listener_row *a, const struct listener_row *b)
{
    enum alert_level level_a = judge_queue(a), level_b = judge_queue(b);
    if (level_a != level_b)
        return level_a > level_b;
    return connections(a) > connections(b);
}

static void offer(struct choice *choice, const struct listener_row *row)
{
    choice->known++;
    if (choice->count < STATUS_TABLE_ROWS)
        choice->count++;
    else if (!goes_before(row, choice->rows[STATUS_TABLE_ROWS - 1]))
        return;
    size_t place = choice->count - 1; /* whose row, if there is one, gives way */
    for (; place > 0 && goes_before(row, choice->rows[place - 1]); place--)
        choice->rows[place] = choice->rows[place - 1];
    choice->rows[place] = row;
}

/* Choose among those with the fullest queues and those with the most connections, each listener
 * once: both lists are walked as one. */
static struct choice choose(const struct snapshot *snapshot)
{
    struct choice choice = {.count = 0};
    const struct listener_row *queue = snapshot->queues, *listener = snapshot->listeners;
    const struct listener_row *queues_end = queue + snapshot->queue_count;
    const struct listener_row *listeners_end = listener + snapshot->listener_count;
    while (queue < queues_end || listener < listeners_end) {
        int order = queue == queues_end         ? 1
                    : listener == listeners_end ? -1
                                                : listener_compare_places(queue, listener);
        offer(&choice, order <= 0 ? queue : listener);
        queue += order <= 0;
        listener += order >= 0;
    }
    return choice;
}

static void write_connections(const struct status_view *view,
                              const uint64_t sockets[static TCP_STATES])
{
    static const enum tcp_state shown[] = {TCP_STATE_ESTABLISHED, TCP_STATE_CLOSE_WAIT,
                                           TCP_STATE_TIME_WAIT};
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        buffer_append_format(view->out, "<td>%s</td>",
                             view->snapshot->has_detail ? figure_count(sockets[shown[i]]).text
                                                        : "?");
}

static void write_listener(const struct status_view *view, const struct listener_row *row)
{
    struct buffer *out = view->out;
    bool known = view->snapshot->has_counts;
    bool full = known && row->queue_peak > 0 && row->queue_peak >= row->queue_limit;
    buffer_append_format(out, "<tr class=\"%s\"><th scope=\"row\">",
                         alert_level_class(known ? judge_queue(row) : LEVEL_UNKNOWN));
    html_breakable(out, figure_endpoint(row->family, &row->address, row->port).text);
    buffer_append_string(out, full ? " <strong>full</strong></th>" : "</th>");
    if (known) {
        buffer_append_format(out, "<td>%s of %s</td>", figure_count(row->queue_length).text,
                             figure_count(row->queue_limit).text);
        buffer_append_format(out, "<td>%s</td>", figure_count(row->queue_peak).text);
    } else {
        buffer_append_string(out, "<td>?</td><td>?</td>");
    }
    write_connections(view, row->sockets);
    buffer_append_string(out, "</tr>\n");
}

/* The connections of those that are not shown: all less those that are. */
static void write_others(const struct status_view *view, const struct choice *choice)
{
    const struct snapshot *snapshot = view->snapshot;
    uint64_t others[TCP_STATES];
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        others[state] = snapshot->other_listeners.sockets[state];
        for (size_t i = 0; i < snapshot->listener_count; i++)
            others[state] += snapshot->listeners[i].sockets[state];
        for (size_t i = 0; i < choice->count; i++)
            others[state] -= choice->rows[i]->sockets[state];
    }
    buffer_append_string(view->out, "<tr class=\"rest\"><th scope=\"row\">others</th>"
                                    "<td></td><td></td>");
    write_connections(view, others);
    buffer_append_string(view->out, "</tr>\n");
}

static void write_table(const struct status_view *view, const struct choice *choice)
{
    buffer_append_string(
        view->out, "<table class=\"places listeners\"><thead><tr><th scope=\"col\">Listener</th>"
                   "<th scope=\"col\">Accept queue</th><th scope=\"col\">Peak</th>"
                   "<th scope=\"col\">Established</th><th scope=\"col\">Close wait</th>"
                   "<th scope=\"col\">Time wait</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < choice->count; i++)
        write_listener(view, choice->rows[i]);
    write_others(view, choice);
    buffer_append_string(view->out, "</tbody></table>\n");
}

void status_write_listeners(const struct status_view *view)
{
    buffer_append_string(view->out, "<section class=\"card table\">\n<h2>Busiest listeners</h2>\n");
    if (!view->snapshot->listeners_collected) {
        status_write_unknown(view, "They are not watched: --no-collector.listeners");
    } else if (!view->snapshot->has_counts && !view->snapshot->has_detail) {
        status_write_no_sample(view, SAMPLE_COUNT);
    } else {
        struct choice choice = choose(view->snapshot);
        write_table(view, &choice);
        buffer_append_string(view->out, "<p class=\"note\">");
        status_write_hidden(view, choice.known - choice.count);
        buffer_append_string(view->out, "Accept queue: connections that wait for accept(), of the "
                                        "fullest where several share the port.</p>\n");
    }
    buffer_append_string(view->out, "</section>\n");
}
