// SPDX-License-Identifier: Apache-2.0
#include "format.h"
#include "html_writer.h"
#include "measure/top.h"
#include "status_cards.h"
#include "verdict.h"

/* Choose the fullest namespaces, ordered by level and then by numbers. Returns how many. */
static size_t choose_rows(const struct namespaces_snapshot *namespaces,
                          struct candidate chosen[static STATUS_TABLE_ROWS])
{
    struct top list = {
        .candidates = chosen, .limit = STATUS_TABLE_ROWS, .compare = compare_namespaces};
    for (size_t i = 0; i < namespaces->count; i++)
        top_offer(&list, judge_namespace(&namespaces->rows[i]), &namespaces->rows[i]);
    return list.count;
}

static void write_namespace(struct buffer *out, const struct namespace_row *row)
{
    enum port_scope scope = PORT_SCOPE_DESTINATION;
    html_write_row(out, alert_level_names[judge_namespace(row)], row->labels.name,
                   format_share(row->has_walk ? row->utilization[scope] : -1).text,
                   format_share(row->has_walk ? row->peak_utilization[scope] : -1).text,
                   format_known(row->has_bound, row->tcp_bound).text,
                   format_known(row->has_sockets, row->minisockets).text,
                   format_known(row->has_sockets, row->full_sockets).text,
                   row->has_queue ? format_count(row->queue.length).text : "",
                   row->has_queue ? format_count(row->queue.limit).text : "");
}

static void write_total(const struct status_view *view, size_t rows)
{
    struct buffer *out = view->out;
    const struct namespaces_snapshot *namespaces = &view->snapshot->namespaces;
    size_t total = namespaces->count + namespaces->other_count;
    buffer_append_string(out, "<p class=\"note\">");
    if (rows < total)
        buffer_append_format(out, "The top %zu of ", rows);
    buffer_append_format(out, "%s", format_plural(total, "network namespace").text);
    if (rows < namespaces->count) {
        buffer_append_format(out, "; %zu of them at ", namespaces->count);
        html_write_link(out, view->self->telemetry_path);
    }
    buffer_append_string(out, ".");
    if (namespaces->excluded_count > 0)
        buffer_append_format(out, " Excluded: %zu.", namespaces->excluded_count);
    if (!namespaces->walking)
        buffer_append_string(out, " Ports in use: not known without --collector.netns.walk.");
    buffer_append_string(out, "</p>\n");
}

void status_write_namespaces(const struct status_view *view)
{
    struct candidate chosen[STATUS_TABLE_ROWS];
    size_t count = choose_rows(&view->snapshot->namespaces, chosen);
    if (count > 0) {
        html_open_table(view->out, "places namespaces", "Network namespace", "Ports to fullest",
                        "Peak", "Ports at most", "Time wait", "Other sockets", "Waiting", "Limit");
        for (size_t i = 0; i < count; i++)
            write_namespace(view->out, chosen[i].entry);
        html_close_table(view->out);
    }
    write_total(view, count);
}
