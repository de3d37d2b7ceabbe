// SPDX-License-Identifier: Apache-2.0
#include "namespaces_private.h"

#include <stdio.h>
#include <string.h>

/* The longest lines of cgroups have a few hundred bytes, and there is one for each hierarchy. */
enum { CGROUP_FILE_SIZE = 8192 };

/* A container's first process says whose it is. Others are asked as well, for someone may have
 * entered from outside; but not every one of a namespace with thousands and without container. */
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

/* Is there nothing better than a name in /run/netns? */
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

/* The handles of the namespaces that may have a name in /run/netns. */
struct file_names {
    struct namespace_table *table;
    struct netns_handle handles[NAMESPACES_CAPACITY];
};

/* Take the first of several names in the order of the alphabet, so that it stays the same. */
static void take_file_name(void *context, const char *name, const struct netns_handle *handle)
{
    struct file_names *names = context;
    for (size_t i = 0; i < names->table->used; i++) {
        struct namespace *entry = names->table->places[i];
        if (!entry || !needs_file_name(entry) || !netns_handle_equal(&names->handles[i], handle))
            continue;
        char printable[sizeof entry->file_name];
        copy_printable(printable, sizeof printable, name, strlen(name));
        if (!entry->file_name[0] || strcmp(printable, entry->file_name) < 0)
            memcpy(entry->file_name, printable, sizeof printable);
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
    if (namespaces->names_changed)
        read_file_names(namespaces);
    namespaces->names_changed = false;
    for (size_t i = 0; i < table->used; i++) {
        if (table->places[i])
            namespace_table_name(table, table->places[i]);
    }
}
