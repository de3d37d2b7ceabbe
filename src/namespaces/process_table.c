// SPDX-License-Identifier: Apache-2.0
#include "process_table.h"

#include <stdlib.h>

void process_table_release(struct process_table *table)
{
    free(table->now.processes);
    free(table->before.processes);
}

void process_table_begin(struct process_table *table)
{
    struct process_list before = table->before;
    table->before = table->now;
    table->now = before;
    table->now.count = 0;
    table->untracked = 0;
}

static bool reserve(struct process_list *list)
{
    if (list->count < list->capacity)
        return true;
    size_t capacity = list->capacity ? 2 * list->capacity : 1024;
    struct process *grown =
        capacity <= PROCESSES_CAPACITY ? realloc(list->processes, capacity * sizeof *grown) : NULL;
    if (!grown)
        return false;
    list->processes = grown;
    list->capacity = capacity;
    return true;
}

void process_table_add(struct process_table *table, uint32_t pid)
{
    struct process_list *now = &table->now;
    if (!reserve(now))
        table->untracked++;
    else
        now->processes[now->count++] = (struct process){pid, PLACE_UNKNOWN};
}

static int compare_pids(const void *a, const void *b)
{
    uint32_t first = ((const struct process *)a)->pid, second = ((const struct process *)b)->pid;
    return (first > second) - (first < second);
}

/* /proc lists processes in the order of their pids; another directory may not. */
static bool is_sorted(const struct process_list *list)
{
    for (size_t i = 1; i < list->count; i++) {
        if (list->processes[i - 1].pid > list->processes[i].pid)
            return false;
    }
    return true;
}

void process_table_end(struct process_table *table)
{
    struct process_list *now = &table->now;
    const struct process_list *before = &table->before;
    if (!is_sorted(now))
        qsort(now->processes, now->count, sizeof *now->processes, compare_pids);
    for (size_t i = 0, old = 0; i < now->count; i++) {
        struct process *process = &now->processes[i];
        while (old < before->count && before->processes[old].pid < process->pid)
            old++;
        if (old < before->count && before->processes[old].pid == process->pid)
            process->place = before->processes[old].place;
    }
}

uint32_t process_table_replace(struct process_table *table, uint32_t pid, uint16_t place)
{
    for (size_t i = 0; i < table->now.count; i++) {
        struct process *process = &table->now.processes[i];
        if (process->pid == pid)
            process->place = PLACE_UNKNOWN;
        else if (process->pid > pid && process->place == place)
            return process->pid;
    }
    return 0;
}
