// SPDX-License-Identifier: Apache-2.0
#include "namespace_table.h"

#include "base/log.h"
#include "base/printable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_entry(struct namespace *entry)
{
    if (entry)
        free(entry->walk);
    free(entry);
}

void namespace_table_release(struct namespace_table *table)
{
    for (size_t i = 0; i < table->used; i++)
        free_entry(table->places[i]);
    name_filter_release(&table->filter);
}

int namespace_table_find(const struct namespace_table *table, uint64_t inode)
{
    for (size_t i = 0; i < table->used; i++) {
        if (table->places[i] && table->places[i]->inode == inode)
            return (int)i;
    }
    return -1;
}

static int find_free_place(const struct namespace_table *table)
{
    for (int i = 0; i < NAMESPACES_CAPACITY; i++) {
        if (!table->places[i])
            return i;
    }
    return -1;
}

int namespace_table_add(struct namespace_table *table, uint64_t inode, uint32_t pid)
{
    int place = find_free_place(table);
    struct namespace *entry = place < 0 ? NULL : calloc(1, sizeof *entry);
    if (!entry) {
        if (!table->full_logged)
            log_warn("netns", "no room for more than %zu network namespaces", table->count);
        table->full_logged = true;
        return -1;
    }
    entry->inode = inode;
    entry->pid = pid;
    entry->arrival = table->arrivals++;
    entry->owner.runtime = "";
    table->places[place] = entry;
    table->count++;
    if ((size_t)place >= table->used)
        table->used = (size_t)place + 1;
    return place;
}

/* If there is room, list one more namespace: of those that are not listed, the first to arrive. */
static void list_next(struct namespace_table *table)
{
    struct namespace *next = NULL;
    for (size_t i = 0; i < table->used && table->listed < table->max; i++) {
        struct namespace *entry = table->places[i];
        if (entry && entry->admitted && !entry->listed && (!next || entry->arrival < next->arrival))
            next = entry;
    }
    if (next) {
        next->listed = true;
        table->listed++;
    }
}

static void set_admitted(struct namespace_table *table, struct namespace *entry, bool admitted)
{
    if (entry->admitted == admitted)
        return;
    entry->admitted = admitted;
    table->admitted += admitted ? 1 : (size_t)-1;
    if (!admitted && entry->listed) {
        entry->listed = false;
        table->listed--;
    }
    list_next(table);
}

void namespace_table_remove(struct namespace_table *table, int place)
{
    struct namespace *entry = table->places[place];
    set_admitted(table, entry, false);
    table->places[place] = NULL;
    table->count--;
    table->full_logged = false;
    free_entry(entry);
}

/* ---- names ---- */

/* The best name, or "" if there is none. The name of a container is better than the one in
 * /run/netns, which runtimes choose at random. That one is better than the name of a unit, which
 * may only be where someone called `ip netns exec`. */
static void choose_name(const struct namespace *entry, char name[static NAMESPACE_NAME_SIZE])
{
    const struct cgroup_name *owner = &entry->owner;
    name[0] = '\0';
    if (entry->is_host)
        snprintf(name, NAMESPACE_NAME_SIZE, "host");
    else if (entry->pod.namespace[0])
        snprintf(name, NAMESPACE_NAME_SIZE, "%s/%s", entry->pod.namespace, entry->pod.pod);
    else if (owner->pod_uid[0])
        snprintf(name, NAMESPACE_NAME_SIZE, "pod-%s", owner->pod_uid);
    else if (owner->container_id[0])
        snprintf(name, NAMESPACE_NAME_SIZE, "%s/%.12s", owner->runtime, owner->container_id);
    else if (owner->owner == OWNER_CONTAINER)
        snprintf(name, NAMESPACE_NAME_SIZE, "%s/%s", owner->runtime, owner->unit);
    else if (entry->file_name[0])
        copy_printable(name, NAMESPACE_NAME_SIZE, entry->file_name, strlen(entry->file_name));
    else
        snprintf(name, NAMESPACE_NAME_SIZE, "%s", owner->unit);
}

/* Is it of the form netns-INODE, the name of a namespace without a better one? */
static bool is_makeshift(const char *name)
{
    static const char prefix[] = "netns-";
    size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 &&
           name[length + strspn(name + length, "0123456789")] == '\0';
}

/* Does another namespace have this name, or is it reserved? */
static bool is_taken(const struct namespace_table *table, const struct namespace *entry,
                     const char *name)
{
    if (strcmp(name, NAMESPACES_OTHER) == 0 || is_makeshift(name))
        return true;
    for (size_t i = 0; i < table->used; i++) {
        if (table->places[i] && table->places[i] != entry &&
            strcmp(table->places[i]->name, name) == 0)
            return true;
    }
    return false;
}

/* Does the namespace already have this name, or the one that make_unique() makes of it? */
static bool has_name(const struct namespace *entry, const char *name)
{
    char longer[NAMESPACE_NAME_SIZE + 21];
    snprintf(longer, sizeof longer, "%s-%" PRIu64, name[0] ? name : "netns", entry->inode);
    return entry->name[0] && (strcmp(entry->name, name) == 0 || strcmp(entry->name, longer) == 0);
}

/* Make `name` unique: append the inode, or if that is not enough, use netns-INODE. */
static void make_unique(const struct namespace_table *table, const struct namespace *entry,
                        char name[static NAMESPACE_NAME_SIZE])
{
    size_t length = strlen(name);
    if (length > 0 && is_taken(table, entry, name))
        snprintf(name + length, NAMESPACE_NAME_SIZE - length, "-%" PRIu64, entry->inode);
    if (length == 0 || is_taken(table, entry, name))
        snprintf(name, NAMESPACE_NAME_SIZE, "netns-%" PRIu64, entry->inode);
}

void namespace_table_name(struct namespace_table *table, struct namespace *entry)
{
    char name[NAMESPACE_NAME_SIZE];
    choose_name(entry, name);
    if (has_name(entry, name))
        return;
    make_unique(table, entry, name);
    log_debug("netns", "the namespace %" PRIu64 " of process %" PRIu32 " is %s", entry->inode,
              entry->pid, name);
    memcpy(entry->name, name, sizeof entry->name);
    set_admitted(table, entry, name_filter_admits(&table->filter, name));
}

/* ---- numbers ---- */

uint64_t namespace_full_sockets(const struct namespace *entry)
{
    return entry->numbers.tcp[0] + entry->numbers.tcp[1];
}

uint64_t namespace_all_sockets(const struct namespace *entry)
{
    return namespace_full_sockets(entry) + entry->numbers.minisockets;
}

static uint64_t subtract(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

uint64_t namespace_tcp_bound(const struct namespace *entry)
{
    const struct tcp_counters *counters = &entry->numbers.counters;
    uint64_t sockets = namespace_all_sockets(entry);
    uint64_t unexplained = subtract(entry->sockets_at_opens, counters->passive_opens);
    uint64_t opened = counters->active_opens > unexplained ? counters->active_opens : unexplained;
    uint64_t grown = subtract(sockets, entry->sockets_at_opens);
    return opened < sockets - grown ? opened + grown : sockets;
}
