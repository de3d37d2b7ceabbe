// SPDX-License-Identifier: Apache-2.0
#include "namespaces_private.h"

/* Add the growth of each counter from `before` to `now` to `sum`. struct tcp_counters is treated as
 * an array: it has no other members. */
static void add_growth(struct tcp_counters *sum, const struct tcp_counters *now,
                       const struct tcp_counters *before)
{
    const uint64_t *new = (const uint64_t *)now, *old = (const uint64_t *)before;
    uint64_t *total = (uint64_t *)sum;
    for (size_t i = 0; i < sizeof *sum / sizeof *total; i++)
        total[i] += procfs_is_number(new[i]) && new[i] > old[i] ? new[i] - old[i] : 0;
}

static void take_numbers(struct namespaces *namespaces, struct namespace *entry,
                         enum netns_file file, const struct netns_numbers *numbers, int64_t now)
{
    if (!entry->listed && entry->read[file] > 0)
        add_growth(&namespaces->other_counters, &numbers->counters, &entry->numbers.counters);
    entry->numbers = *numbers;
    entry->read[file] = now;
    if (file == NETNS_SOCKSTAT)
        peak_window_observe(&entry->minisockets_peak, namespaces->options.peak_window, now,
                            (double)numbers->minisockets);
    if (file == NETNS_SNMP)
        entry->sockets_at_opens = namespace_all_sockets(entry);
}

/* The process of `entry` has ended or left the namespace: read through another one from now on. If
 * there is none, the namespace may be gone: the next pass finds out. */
static void choose_other_process(struct namespaces *namespaces, struct namespace *entry,
                                 uint16_t place)
{
    entry->pid = process_table_replace(&namespaces->processes, entry->pid, place);
    namespaces->hurry[PASS_NAMES] |= entry->pid == 0;
}

static void read_file(struct namespaces *namespaces, uint16_t place, enum netns_file file,
                      int64_t now, struct step_faults *faults)
{
    struct namespace *entry = namespaces->table.places[place];
    struct netns_numbers numbers = entry->numbers;
    enum netns_answer answer = NETNS_GONE;
    while (entry->pid != 0 && answer == NETNS_GONE) {
        answer =
            netns_read(&namespaces->proc, entry->pid, entry->inode, file, &numbers, faults->last);
        if (answer == NETNS_GONE)
            choose_other_process(namespaces, entry, place);
    }
    if (answer == NETNS_READ)
        take_numbers(namespaces, entry, file, &numbers, now);
    faults->failed |= answer == NETNS_FAILED;
}

/* When the file is due again: after an interval. After the first reading, files other than sockstat
 * are due after a part of it that differs between namespaces: those that were found together would
 * otherwise always be read together. */
static int64_t find_next(const struct namespace *entry, enum netns_file file, int64_t interval,
                         int64_t now)
{
    enum { PARTS = 16 };
    int64_t due = entry->due[file];
    if (due == 0 && file != NETNS_SOCKSTAT)
        return now + interval * (int64_t)(entry->arrival % PARTS + 1) / PARTS;
    return due == 0 || due + interval <= now ? now + interval : due + interval;
}

void namespaces_read_files(struct namespaces *namespaces, int64_t now, struct step_faults *faults)
{
    struct namespace_table *table = &namespaces->table;
    struct reading_plan *plan = &namespaces->plan;
    int64_t soon = now + plan->intervals[NETNS_SOCKSTAT] / 2;
    /* File by file, to measure the cost of each. sockstat comes first: it alone shows that a
     * process has moved to another namespace. */
    for (enum netns_file file = 0; file < NETNS_FILES; file++) {
        int64_t cpu = namespaces->clock->thread_cpu(namespaces->clock->context);
        size_t count = 0;
        for (size_t i = 0; i < table->used; i++) {
            struct namespace *entry = table->places[i];
            if (!entry || !entry->admitted || entry->due[file] > soon)
                continue;
            read_file(namespaces, (uint16_t)i, file, now, faults);
            entry->due[file] = find_next(entry, file, plan->intervals[file], now);
            count++;
        }
        cpu = namespaces->clock->thread_cpu(namespaces->clock->context) - cpu;
        reading_plan_book(plan, file, count, cpu);
    }
    reading_plan_stretch(plan, table->admitted);
}
