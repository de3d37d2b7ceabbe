// SPDX-License-Identifier: Apache-2.0
#include "namespaces_private.h"

#include <stdio.h>
#include <string.h>

/* For /proc/PID/cgroup: a line for each hierarchy, of a few hundred bytes at most. */
enum { CGROUP_FILE_SIZE = 8192 };

/* How many processes of a namespace are looked at to find its container. The first may not be in
 * it: a process can enter a namespace from outside. But a namespace without a container can have
 * thousands of processes. */
enum { OWNERS_READ_MAX = 16 };

void namespaces_read_owner(struct namespaces *namespaces, struct namespace *entry, uint32_t pid)
{
    char text[CGROUP_FILE_SIZE];
    if (entry->is_host || entry->owner.owner >= OWNER_POD || entry->owners_read >= OWNERS_READ_MAX)
        return;
    entry->owners_read++;
    netns_read_cgroup(&namespaces->proc, pid, text, sizeof text);
    struct cgroup_name owner = cgroup_name_read_file(text);
    if (owner.owner > entry->owner.owner)
        entry->owner = owner;
}

static bool needs_pod(const struct namespace *entry)
{
    return entry->owner.pod_uid[0] && !entry->pod.namespace[0];
}

/* Would a name in /run/netns be the best one? */
static bool needs_file_name(const struct namespace *entry)
{
    return !entry->is_host && entry->owner.owner < OWNER_POD;
}

static void take_pod_name(void *context, const struct pod_name *name)
{
    struct namespace_table *table = context;
    for (size_t i = 0; i < table->used; i++) {
        struct namespace *entry = table->places[i];
        if (entry && needs_pod(entry) && strcmp(entry->owner.pod_uid, name->uid) == 0)
            entry->pod = *name;
    }
}

/* The context of take_file_name(). */
struct file_names {
    struct namespace_table *table;
    struct netns_handle handles[NAMESPACES_CAPACITY]; /* by place, where a name is needed */
};

/* Of several names keep the alphabetically first, so that it stays the same. */
static void keep_file_name(struct namespace *entry, const char *name)
{
    if (!entry->file_name[0] || strcmp(name, entry->file_name) < 0)
        snprintf(entry->file_name, sizeof entry->file_name, "%s", name);
}

static void take_file_name(void *context, const char *name, const struct netns_handle *handle)
{
    struct file_names *names = context;
    for (size_t i = 0; i < names->table->used; i++) {
        struct namespace *entry = names->table->places[i];
        if (entry && needs_file_name(entry) && netns_handle_equal(&names->handles[i], handle))
            keep_file_name(entry, name);
    }
}

static void read_file_names(struct namespaces *namespaces)
{
    struct file_names names = {.table = &namespaces->table};
    bool needed = false;
    for (size_t i = 0; i < names.table->used; i++) {
        struct namespace *entry = names.table->places[i];
        names.handles[i] = (struct netns_handle){.number = -1};
        if (!entry || !needs_file_name(entry))
            continue;
        needed = true;
        entry->file_name[0] = '\0';
        names.handles[i] =
            netns_names_of_process(&namespaces->names, &namespaces->proc, entry->pid);
    }
    if (needed)
        netns_names_read(&namespaces->names, take_file_name, &names);
}

/* Enter the namespace of a name. One without a process may not be in the table yet: add it. */
static void enter_file_name(void *context, const char *name, const struct netns_handle *handle)
{
    struct namespaces *namespaces = context;
    struct namespace_table *table = &namespaces->table;
    struct netns_target target = netns_target_of_name(name, handle->inode, 0);
    struct netns_door door;
    if (handle->inode == 0 || netns_helper_enter(namespaces->helper, &target, false, &door) != 0)
        return;
    netns_door_close(&door);
    int place = namespace_table_find(table, door.inode);
    if (place < 0)
        place = namespace_table_add(table, door.inode, 0);
    if (place < 0)
        return;
    keep_file_name(table->places[place], name);
    table->places[place]->file_inode = handle->inode;
}

/* Find out which namespace each name stands for by entering it. A namespace with neither a process
 * nor a name is gone: remove it. */
static void enter_file_names(struct namespaces *namespaces)
{
    struct namespace_table *table = &namespaces->table;
    for (size_t i = 0; i < table->used; i++) {
        if (table->places[i]) {
            table->places[i]->file_name[0] = '\0';
            table->places[i]->file_inode = 0;
        }
    }
    netns_names_read(&namespaces->names, enter_file_name, namespaces);
    for (size_t i = 0; i < table->used; i++) {
        if (table->places[i] && table->places[i]->pid == 0 && table->places[i]->file_inode == 0)
            namespace_table_remove(table, (int)i);
    }
}

void namespaces_name(struct namespaces *namespaces)
{
    struct namespace_table *table = &namespaces->table;
    bool pods = false;
    for (size_t i = 0; i < table->used; i++) {
        const struct namespace *entry = table->places[i];
        pods |= entry && needs_pod(entry);
        namespaces->names_changed |= entry && !entry->name[0] && needs_file_name(entry);
    }
    if (pods)
        pod_names_read(namespaces->roots.pod_logs, take_pod_name, table);
    if (namespaces->names_changed && namespaces->helper)
        enter_file_names(namespaces);
    else if (namespaces->names_changed)
        read_file_names(namespaces);
    namespaces->names_changed = false;
    for (size_t i = 0; i < table->used; i++) {
        if (table->places[i])
            namespace_table_name(table, table->places[i]);
    }
}
