// SPDX-License-Identifier: Apache-2.0
#include "namespaces_private.h"

#include <string.h>

/* The numbers of a file are shown if it was read since this time (monotonic). */
struct freshness {
    int64_t since[NETNS_FILES];
};

static bool is_fresh(const struct namespace *entry, enum netns_file file,
                     const struct freshness *fresh)
{
    return entry->read[file] > 0 && entry->read[file] >= fresh->since[file];
}

static struct namespace_labels describe_labels(const struct namespace *entry)
{
    struct namespace_labels labels = {
        .inode = entry->inode, .runtime = entry->owner.runtime, .pod = entry->pod};
    memcpy(labels.name, entry->name, sizeof labels.name);
    memcpy(labels.container_id, entry->owner.container_id, sizeof labels.container_id);
    memcpy(labels.pod.uid, entry->owner.pod_uid, sizeof labels.pod.uid);
    return labels;
}

static void describe_numbers(const struct namespace *entry, const struct freshness *fresh,
                             struct namespace_row *row)
{
    row->has_sockets =
        is_fresh(entry, NETNS_SOCKSTAT, fresh) && is_fresh(entry, NETNS_SOCKSTAT6, fresh);
    row->full_sockets = namespace_full_sockets(entry);
    row->minisockets = entry->numbers.minisockets;
    row->minisockets_peak = (uint64_t)peak_window_read(&entry->minisockets_peak);
    row->udp_sockets = entry->numbers.udp[0] + entry->numbers.udp[1];
    row->has_opens = is_fresh(entry, NETNS_SNMP, fresh);
    row->has_counters = is_fresh(entry, NETNS_NETSTAT, fresh);
    row->counters = entry->numbers.counters;
    row->has_bound = row->has_sockets && row->has_opens;
    row->tcp_bound = namespace_tcp_bound(entry);
}

static void describe_range(const struct namespaces *namespaces, struct namespace_row *row)
{
    const struct port_settings *settings = &namespaces->own_settings;
    struct port_set range = {{0}};
    row->has_usable = namespaces->has_own_settings && row->labels.inode == namespaces->own_inode;
    if (!row->has_usable)
        return;
    port_set_add_range(&range, settings->low, settings->high);
    port_set_subtract(&range, &settings->reserved);
    row->usable = port_set_count(&range);
}

/* Add what is known of `row` to the sum. The bound is the highest of all, not a sum: it is about
 * the ports of one namespace. */
static void add_to_others(struct namespace_row *sum, const struct namespace_row *row)
{
    if (row->has_sockets) {
        sum->full_sockets += row->full_sockets;
        sum->minisockets += row->minisockets;
        sum->minisockets_peak += row->minisockets_peak;
        sum->udp_sockets += row->udp_sockets;
    }
    sum->has_bound |= row->has_bound;
    if (row->has_bound && row->tcp_bound > sum->tcp_bound)
        sum->tcp_bound = row->tcp_bound;
}

static void describe_others(const struct namespaces *namespaces, const struct freshness *fresh,
                            struct namespaces_snapshot *snapshot)
{
    const struct namespace_table *table = &namespaces->table;
    struct namespace_row *others = &snapshot->others;
    *others = (struct namespace_row){.labels = {.name = NAMESPACES_OTHER, .runtime = ""}};
    for (size_t i = 0; i < table->used; i++) {
        struct namespace_row row = {0};
        if (!table->places[i] || !table->places[i]->admitted || table->places[i]->listed)
            continue;
        describe_numbers(table->places[i], fresh, &row);
        add_to_others(others, &row);
        snapshot->other_count++;
    }
    others->has_sockets = others->has_opens = others->has_counters = true;
    others->counters = namespaces->other_counters;
}

static void describe_listed(struct namespaces *namespaces, const struct freshness *fresh,
                            struct namespaces_snapshot *snapshot)
{
    const struct namespace_table *table = &namespaces->table;
    for (size_t i = 0; i < table->used; i++) {
        const struct namespace *entry = table->places[i];
        if (!entry || !entry->listed)
            continue;
        struct namespace_row *row = &namespaces->rows[snapshot->count++];
        *row = (struct namespace_row){.labels = describe_labels(entry), .pid = entry->pid};
        describe_numbers(entry, fresh, row);
        describe_range(namespaces, row);
        namespaces_describe_walk(entry, row);
    }
}

/* When `file` was last read in the namespace that has waited longest for it: unix time; 0 if it was
 * never read. */
static double find_oldest(const struct namespaces *namespaces, enum netns_file file, int64_t now)
{
    const struct namespace_table *table = &namespaces->table;
    int64_t oldest = INT64_MAX;
    for (size_t i = 0; i < table->used; i++) {
        const struct namespace *entry = table->places[i];
        if (entry && entry->read[file] > 0 && entry->read[file] < oldest)
            oldest = entry->read[file];
    }
    return oldest == INT64_MAX ? 0
                               : clock_unix_seconds(namespaces->clock) -
                                     (double)(now - oldest) / (double)NANOSECONDS_PER_SECOND;
}

void namespaces_describe(struct namespaces *namespaces, int64_t now, int64_t busy,
                         struct namespaces_snapshot *snapshot)
{
    static const int64_t intervals_shown = 3;
    const struct namespace_table *table = &namespaces->table;
    struct freshness fresh;
    *snapshot = (struct namespaces_snapshot){
        .collected = true,
        .rows = namespaces->rows,
        .excluded_count = table->count - table->admitted,
        .processes_hidden = namespaces->hidden,
    };
    for (enum netns_file file = 0; file < NETNS_FILES; file++) {
        int64_t interval = namespaces->plan.intervals[file];
        fresh.since[file] = now - intervals_shown * interval - busy;
        snapshot->interval_seconds[file] = (double)interval / (double)NANOSECONDS_PER_SECOND;
        snapshot->oldest_reading[file] = find_oldest(namespaces, file, now);
    }
    describe_listed(namespaces, &fresh, snapshot);
    describe_others(namespaces, &fresh, snapshot);
    namespaces_describe_walks(namespaces, snapshot);
}
