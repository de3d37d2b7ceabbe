// SPDX-License-Identifier: Apache-2.0
#include "namespaces_private.h"

#include "base/log.h"

#include <inttypes.h>
#include <unistd.h>

static void add_process(void *context, uint32_t pid)
{
    process_table_add(context, pid);
}

/* Set the place of each process that has left its namespace to unknown. */
static void check_places(struct namespaces *namespaces)
{
    struct process_list *list = &namespaces->processes.now;
    for (size_t i = 0; i < list->count; i++) {
        struct process *process = &list->processes[i];
        if (process->place >= NAMESPACES_CAPACITY ||
            netns_of_process(&namespaces->proc, process->pid) !=
                namespaces->table.places[process->place]->inode)
            process->place = PLACE_UNKNOWN;
    }
}

/* Choose the process through which each namespace is read: the lowest pid, which is often its
 * first. A namespace with neither a process nor a name is gone: remove it. */
static void settle_namespaces(struct namespaces *namespaces)
{
    uint32_t first[NAMESPACES_CAPACITY] = {0};
    const struct process_list *list = &namespaces->processes.now;
    for (size_t i = list->count; i-- > 0;) {
        if (list->processes[i].place < NAMESPACES_CAPACITY)
            first[list->processes[i].place] = list->processes[i].pid;
    }
    for (size_t i = 0; i < namespaces->table.used; i++) {
        struct namespace *entry = namespaces->table.places[i];
        if (!entry)
            continue;
        entry->pid = first[i];
        if (first[i] == 0 && entry->file_inode == 0)
            namespace_table_remove(&namespaces->table, (int)i);
    }
}

/* The place of the namespace that a process is in; a new namespace gets one. If only a name was
 * known of the namespace with this inode, and no process, it is taken for a new one: the old one
 * may be gone and its inode reused. */
static uint16_t find_place(struct namespaces *namespaces, uint32_t pid)
{
    uint64_t inode = netns_of_process(&namespaces->proc, pid);
    if (inode == 0)
        return PLACE_NONE;
    int place = namespace_table_find(&namespaces->table, inode);
    if (place >= 0 && namespaces->table.places[place]->pid == 0) {
        namespace_table_remove(&namespaces->table, place);
        place = -1;
    }
    if (place < 0)
        place = namespace_table_add(&namespaces->table, inode, pid);
    return place < 0 ? PLACE_NONE : (uint16_t)place;
}

/* Find the namespace of each process whose place is unknown. */
static void place_processes(struct namespaces *namespaces)
{
    struct process_list *list = &namespaces->processes.now;
    for (size_t i = 0; i < list->count; i++) {
        struct process *process = &list->processes[i];
        if (process->place != PLACE_UNKNOWN)
            continue;
        process->place = find_place(namespaces, process->pid);
        if (process->place == PLACE_NONE)
            continue;
        struct namespace *entry = namespaces->table.places[process->place];
        entry->is_host |= process->pid == 1;
        namespaces_read_owner(namespaces, entry, process->pid);
    }
}

/* Does /proc show only the exporter itself, or not show process 1? */
static bool hides_processes(const struct namespaces *namespaces)
{
    const struct process_list *list = &namespaces->processes.now;
    size_t visible = 0;
    for (size_t i = 0; i < list->count; i++)
        visible += list->processes[i].place != PLACE_NONE;
    bool sees_first =
        list->count > 0 && list->processes[0].pid == 1 && list->processes[0].place != PLACE_NONE;
    return visible <= 1 || !sees_first;
}

static void log_limits(struct namespaces *namespaces)
{
    uint64_t untracked = namespaces->processes.untracked;
    if (namespaces->hidden && !namespaces->hidden_logged)
        log_warn("netns", "/proc hides processes of other users, so their network namespaces "
                          "cannot be found: /proc is mounted with hidepid=, the unit has "
                          "ProtectProc=, or the exporter is in its own PID namespace");
    if (untracked > 0 && !namespaces->untracked_logged)
        log_warn("netns", "%" PRIu64 " processes exceed the limit of %d", untracked,
                 PROCESSES_CAPACITY);
    namespaces->hidden_logged = namespaces->hidden;
    namespaces->untracked_logged = untracked > 0;
}

/* Read the port range, which the kernel shows only of the calling thread's own namespace. */
static void read_own(struct namespaces *namespaces, struct step_faults *faults)
{
    namespaces->own_inode = netns_of_caller(&namespaces->proc);
    namespaces->has_own_settings =
        procfs_read_port_settings(namespaces->roots.proc, &namespaces->own_settings, faults->last);
    faults->failed |= !namespaces->has_own_settings;
}

static void make_pass(struct namespaces *namespaces, enum namespace_pass pass,
                      struct step_faults *faults)
{
    struct process_table *processes = &namespaces->processes;
    process_table_begin(processes);
    if (!netns_list_processes(&namespaces->proc, add_process, processes, faults->last)) {
        faults->failed = true;
        return;
    }
    process_table_end(processes);
    if (pass == PASS_ALL) {
        check_places(namespaces);
        namespaces->names_changed = true; /* the event of a name comes before its mount */
    }
    /* Namespaces that are gone must be removed first: the kernel gives their inodes to new ones. A
     * namespace in which all processes are new is then taken for a new one. */
    settle_namespaces(namespaces);
    place_processes(namespaces);
    namespaces_name(namespaces);
    namespaces->hidden = hides_processes(namespaces);
    if (pass == PASS_ALL || !namespaces->has_own_settings)
        read_own(namespaces, faults);
    log_limits(namespaces);
}

/* Is a pass due at `now`? */
static bool is_due(const struct namespaces *namespaces, enum namespace_pass pass, int64_t now)
{
    int64_t passed = namespaces->passed[pass];
    int64_t pause = reading_plan_pause(&namespaces->plan, pass, namespaces->hurry[pass]);
    return passed == 0 || now - passed >= pause;
}

void namespaces_discover(struct namespaces *namespaces, int64_t now, struct step_faults *faults)
{
    if (netns_events_take(&namespaces->events))
        namespaces->hurry[PASS_ALL] = namespaces->names_changed = true;
    bool all = is_due(namespaces, PASS_ALL, now);
    if (!all && !is_due(namespaces, PASS_NAMES, now))
        return;
    enum namespace_pass pass = all ? PASS_ALL : PASS_NAMES;
    int64_t cpu = namespaces->clock->thread_cpu(namespaces->clock->context);
    make_pass(namespaces, pass, faults);
    cpu = namespaces->clock->thread_cpu(namespaces->clock->context) - cpu;
    reading_plan_book_pass(&namespaces->plan, pass, cpu);
    /* A full pass includes all that a pass over the names does. */
    for (enum namespace_pass done = PASS_NAMES; done <= pass; done++) {
        namespaces->passed[done] = now;
        namespaces->hurry[done] = false;
    }
}
