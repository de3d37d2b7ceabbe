// SPDX-License-Identifier: Apache-2.0
#include "format.h"
#include "html_writer.h"
#include "status_cards.h"

static void write_count(const struct status_view *view, const char *name, bool known,
                        uint64_t count)
{
    html_write_row(view->out, "", name,
                   count == PROCFS_UNLIMITED
                       ? "none"
                       : format_known(known && count != PROCFS_ABSENT, count).text);
}

void status_write_kernel(const struct status_view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct tcp_counters *counters = &snapshot->counters;
    static const char *const reuse[] = {"off", "on", "loopback only"};
    uint64_t tw_reuse = snapshot->settings.tw_reuse;
    bool counted = snapshot->has_counters;
    buffer_append_string(view->out, "<table class=\"states\"><tbody>\n");
    if (snapshot->time_wait_collected) {
        write_count(view, "tcp_max_tw_buckets", snapshot->has_settings,
                    snapshot->settings.time_wait_limit);
        html_write_row(view->out, "", "tcp_tw_reuse",
                       snapshot->has_settings && tw_reuse < 3 ? reuse[tw_reuse] : "?");
        write_count(view, "TIME_WAITs started", counted, counters->time_wait_started);
        write_count(view, "reused by connect()", counted, counters->time_wait_reused);
        write_count(view, "skipped at the limit", counted, counters->time_wait_overflows);
    }
    write_count(view, "dropped by listeners", counted, counters->listen_drops);
    write_count(view, "of these at full queues", counted, counters->listen_overflows);
    html_close_table(view->out);
    if (!counted || (snapshot->time_wait_collected && !snapshot->has_settings))
        buffer_append_string(view->out, "<p class=\"note\">?: /proc could not be read within three "
                                        "intervals.</p>\n");
}
