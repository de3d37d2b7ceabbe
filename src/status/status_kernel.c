// SPDX-License-Identifier: Apache-2.0
#include "figure.h"
#include "status_parts.h"

static void write_row(const struct status_view *view, const char *name, const char *value)
{
    buffer_append_format(view->out, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", name, value);
}

static void write_count(const struct status_view *view, const char *name, bool known,
                        uint64_t value)
{
    write_row(view, name, known ? figure_count(value).text : "not known");
}

static const char *reuse_name(const struct snapshot *snapshot)
{
    static const char *const names[] = {"off", "on", "loopback only"};
    enum { NAMES = sizeof names / sizeof names[0] };
    return snapshot->has_settings && snapshot->settings.tw_reuse < NAMES
               ? names[snapshot->settings.tw_reuse]
               : "not known";
}

void status_write_kernel(const struct status_view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct tcp_counters *counters = &snapshot->counters;
    buffer_append_string(view->out, "<section class=\"card\">\n<h2>Settings and counters</h2>\n"
                                    "<table class=\"states\"><tbody>\n");
    if (snapshot->time_wait_collected) {
        write_count(view, "tcp_max_tw_buckets", snapshot->has_settings,
                    snapshot->settings.time_wait_limit);
        write_row(view, "tcp_tw_reuse", reuse_name(snapshot));
        write_count(view, "TIME_WAITs started", snapshot->has_counters,
                    counters->time_wait_started);
        write_count(view, "reused by connect()", snapshot->has_counters,
                    counters->time_wait_reused);
        write_count(view, "skipped at the limit", snapshot->has_counters,
                    counters->time_wait_overflows);
    }
    write_count(view, "dropped by listeners", snapshot->has_counters, counters->listen_drops);
    write_count(view, "of these at full queues", snapshot->has_counters,
                counters->listen_overflows);
    buffer_append_string(view->out, "</tbody></table>\n");
    if (!snapshot->has_counters || (snapshot->time_wait_collected && !snapshot->has_settings))
        buffer_append_string(view->out,
                             "<p class=\"note\">Not known: /proc could not be read within "
                             "three intervals.</p>\n");
    buffer_append_string(view->out, "</section>\n");
}
