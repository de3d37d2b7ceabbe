// SPDX-License-Identifier: Apache-2.0
#include "format.h"
#include "html_writer.h"
#include "status_cards.h"

struct event {
    const char *name;
    uint64_t count;
};

static void write_events(const struct status_view *view, const struct event events[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool known = view->snapshot->has_counters && procfs_is_number(events[i].count);
        html_write_figure(view->out, known && events[i].count == 0 ? "soft" : "", events[i].name,
                          format_known(known, events[i].count).text);
    }
}

static uint64_t pick_lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void status_write_events(const struct status_view *view)
{
    const struct tcp_counters *recent = &view->snapshot->recent;
    const struct event events[] = {
        {"connect()", recent->active_opens},
        {"accepted", recent->passive_opens},
        {"failed to connect", recent->failed_attempts},
        {"reset", recent->established_resets},
        {"resets sent", recent->resets_sent},
        {"dropped by listeners", recent->listen_drops},
        {"at full queues", pick_lesser(recent->listen_overflows, recent->listen_drops)},
        {"at full SYN queues", recent->syn_queue_full_drops},
        {"SYN cookies sent", recent->syncookies_sent},
    };
    const struct event time_waits[] = {
        {"TIME_WAITs", recent->time_wait_started},
        {"reused", recent->time_wait_reused},
        {"skipped at the limit", recent->time_wait_overflows},
    };
    buffer_append_string(view->out, "<dl>");
    write_events(view, events, sizeof events / sizeof events[0]);
    if (view->snapshot->time_wait_collected)
        write_events(view, time_waits, sizeof time_waits / sizeof time_waits[0]);
    buffer_append_string(view->out, "</dl>\n");
}

static struct formatted format_limit(bool known, uint64_t limit)
{
    if (known && limit == PROCFS_UNLIMITED)
        return (struct formatted){"no limit"};
    return format_known(known && procfs_is_number(limit), limit);
}

static struct formatted format_memory(bool known, uint64_t bytes)
{
    return known && procfs_is_number(bytes) ? format_bytes(bytes) : format_limit(known, bytes);
}

static void write_time_wait(const struct status_view *view)
{
    static const char *const reuse[] = {"off", "on", "loopback only"};
    const struct snapshot *snapshot = view->snapshot;
    uint64_t tw_reuse = snapshot->settings.tw_reuse;
    html_write_part(view->out, "TIME_WAIT",
                    format_known(snapshot->has_counts, snapshot->sockets[TCP_STATE_TIME_WAIT]).text,
                    format_limit(snapshot->has_settings, snapshot->settings.time_wait_limit).text);
    html_write_figure(view->out, "", "tcp_tw_reuse",
                      snapshot->has_settings && tw_reuse < 3 ? reuse[tw_reuse] : "?");
}

void status_write_limits(const struct status_view *view)
{
    const struct snapshot *snapshot = view->snapshot;
    const struct tcp_pressure *pressure = &snapshot->pressure;
    bool known = snapshot->has_pressure;
    buffer_append_string(view->out, "<dl>");
    html_write_part(view->out, "TCP memory of the host",
                    format_memory(known, pressure->memory_bytes).text,
                    format_memory(known, pressure->memory_limit_bytes[TCP_MEMORY_HIGH]).text);
    html_write_part(view->out, "orphans of the host", format_limit(known, pressure->orphans).text,
                    format_limit(known, pressure->orphan_limit).text);
    if (snapshot->time_wait_collected)
        write_time_wait(view);
    html_write_part(
        view->out, "FIN_WAIT2 without a process",
        format_known(snapshot->has_counts, snapshot->fin_wait2_minisockets).text,
        format_known(snapshot->has_counts, snapshot->sockets[TCP_STATE_FIN_WAIT2]).text);
    buffer_append_string(view->out, "</dl>\n");
}
