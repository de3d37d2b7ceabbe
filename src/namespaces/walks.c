// SPDX-License-Identifier: Apache-2.0
/* Offers namespaces to the walker, and describes what it found. */
#include "namespaces_private.h"

#include <stdlib.h>
#include <string.h>

bool namespaces_start_walks(struct namespaces *namespaces, struct netns_helper *helper,
                            const struct walker_options *options)
{
    size_t max = namespaces->options.max;
    namespaces->helper = helper;
    namespaces->walker = walker_create(helper, namespaces->clock, options);
    namespaces->targets = calloc(max, sizeof *namespaces->targets);
    namespaces->walked = calloc(max, sizeof *namespaces->walked);
    return namespaces->walker && namespaces->targets && namespaces->walked;
}

void namespaces_end_walks(struct namespaces *namespaces)
{
    walker_destroy(namespaces->walker);
    free(namespaces->targets);
    free(namespaces->walked);
}

/* ActiveOpens when it was read, plus the growth of the sockets since. */
static uint64_t estimate_opens(const struct namespace *entry)
{
    uint64_t sockets = namespace_all_sockets(entry);
    uint64_t more = sockets > entry->sockets_at_opens ? sockets - entry->sockets_at_opens : 0;
    return entry->numbers.counters.active_opens + more;
}

static uint64_t find_bound(const struct namespace *entry)
{
    return namespace_walk_bound(entry->walk, namespace_tcp_bound(entry), estimate_opens(entry));
}

/* Prepare a namespace for its first walk. False if it is not walked: the exporter's own one, for
 * instance, has samples of its own. */
static bool prepare_walk(const struct namespaces *namespaces, struct namespace *entry)
{
    if (!entry || !entry->listed || entry->inode == namespaces->own_inode)
        return false;
    if (entry->pid == 0 && entry->file_inode == 0)
        return false;
    if (!entry->walk)
        entry->walk = calloc(1, sizeof *entry->walk);
    return entry->walk;
}

static struct netns_target find_target(const struct namespace *entry)
{
    return entry->pid > 0 ? netns_target_of_process((int32_t)entry->pid, entry->inode, 0)
                          : netns_target_of_name(entry->file_name, entry->file_inode, 0);
}

static size_t offer(struct namespaces *namespaces)
{
    size_t count = 0;
    for (size_t i = 0; i < namespaces->table.used; i++) {
        struct namespace *entry = namespaces->table.places[i];
        if (!prepare_walk(namespaces, entry))
            continue;
        namespaces->targets[count] = find_target(entry);
        namespaces->walked[count] = (struct walked_namespace){
            .target = &namespaces->targets[count],
            .sockets = namespace_all_sockets(entry),
            .opens = entry->numbers.counters.active_opens,
            .bound = namespace_walk_bound_ratio(entry->walk, find_bound(entry)),
            .walk = entry->walk,
        };
        count++;
    }
    return count;
}

int64_t namespaces_walk(struct namespaces *namespaces, int64_t now)
{
    static const int64_t pause_length = NANOSECONDS_PER_SECOND;
    size_t count = offer(namespaces);
    return count > 0 ? walker_step(namespaces->walker, namespaces->walked, count)
                     : now + pause_length;
}

void namespaces_walk_all(struct namespaces *namespaces)
{
    walker_walk_all(namespaces->walker, namespaces->walked, offer(namespaces));
}

void namespaces_describe_walk(const struct namespace *entry, struct namespace_row *row)
{
    const struct namespace_walk *walk = entry->walk;
    if (!walk)
        return;
    row->has_queue = walk->has_queue && walk->queue.present;
    row->queue = walk->queue;
    row->has_walk = walk->walked > 0;
    if (!row->has_walk)
        return;
    row->walked_at = walk->walked_at;
    row->has_usable = true;
    row->usable = walk->result.ports.usable;
    row->tcp_bound = find_bound(entry);
    row->has_time_wait_limit = walk->result.has_time_wait_limit;
    row->time_wait_limit = walk->result.time_wait_limit;
    memcpy(row->sockets, walk->result.sockets, sizeof row->sockets);
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++) {
        row->utilization[scope] = walk->result.ports.utilization[scope];
        row->peak_utilization[scope] = peak_window_read(&walk->peaks[scope]);
    }
}

/* The row of the namespace with this inode. It exists: only listed namespaces have destinations. */
static size_t find_row(const struct namespaces_snapshot *snapshot, uint64_t inode)
{
    size_t row = 0;
    while (row < snapshot->count && snapshot->rows[row].labels.inode != inode)
        row++;
    return row;
}

void namespaces_describe_walks(const struct namespaces *namespaces,
                               struct namespaces_snapshot *snapshot)
{
    struct walked_destination top[WALK_DESTINATIONS];
    if (!namespaces->walker)
        return;
    snapshot->walking = true;
    snapshot->walks = walker_get_report(namespaces->walker);
    size_t count = 0;
    for (size_t i = 0; i < namespaces->table.used; i++) {
        const struct namespace *entry = namespaces->table.places[i];
        if (!entry || !entry->listed || !entry->walk)
            continue;
        namespaces->targets[count].inode = entry->inode;
        namespaces->walked[count++] = (struct walked_namespace){.walk = entry->walk};
    }
    count = walker_pick_top(namespaces->walked, count, top, WALK_DESTINATIONS);
    for (size_t i = 0; i < count; i++)
        snapshot->destinations[i] = (struct namespace_destination){
            .row = find_row(snapshot, namespaces->targets[top[i].place].inode),
            .destination = *top[i].destination};
    snapshot->destination_count = count;
}
