// SPDX-License-Identifier: Apache-2.0
#include "namespaces_private.h"

#include <stdlib.h>

struct namespaces *namespaces_create(const struct namespaces_options *options,
                                     const struct namespaces_roots *roots,
                                     const struct clock *clock)
{
    struct fault fault;
    struct namespaces *namespaces = calloc(1, sizeof *namespaces);
    if (!namespaces)
        return NULL;
    *namespaces = (struct namespaces){
        .options = *options,
        .roots = *roots,
        .clock = clock,
        .table.max = options->max,
        .plan = reading_plan_make(options->cpu_share),
        .rows = calloc(options->max, sizeof *namespaces->rows),
    };
    bool filtered = name_filter_init(&namespaces->table.filter, options->include, options->exclude);
    if (!namespaces->rows || !filtered ||
        !netns_proc_open(&namespaces->proc, roots->proc, &fault)) {
        namespace_table_release(&namespaces->table);
        free(namespaces->rows);
        free(namespaces);
        return NULL;
    }
    netns_names_open(&namespaces->names, roots->names);
    netns_events_open(&namespaces->events, roots->names);
    return namespaces;
}

void namespaces_destroy(struct namespaces *namespaces)
{
    if (!namespaces)
        return;
    netns_events_close(&namespaces->events);
    netns_names_close(&namespaces->names);
    netns_proc_close(&namespaces->proc);
    namespaces_end_walks(namespaces);
    process_table_release(&namespaces->processes);
    namespace_table_release(&namespaces->table);
    free(namespaces->rows);
    free(namespaces);
}

int64_t namespaces_step(struct namespaces *namespaces, int64_t now, bool *failed,
                        struct fault *fault)
{
    struct step_faults faults = {.last = fault};
    int64_t interval = namespaces->plan.intervals[NETNS_SOCKSTAT];
    *failed = false;
    if (now + interval / 2 < namespaces->next_tick)
        return namespaces->next_tick;
    int64_t cpu = namespaces->clock->thread_cpu(namespaces->clock->context);
    namespaces_discover(namespaces, now, &faults);
    namespaces_read_files(namespaces, now, &faults);
    cpu = namespaces->clock->thread_cpu(namespaces->clock->context) - cpu;
    if (namespaces->walker)
        walker_spend(namespaces->walker, cpu);
    *failed = faults.failed;
    /* One interval after the last tick, so that a call that is a little early causes no drift; but
     * ticks that were missed are skipped. */
    interval = namespaces->plan.intervals[NETNS_SOCKSTAT];
    namespaces->next_tick =
        namespaces->next_tick + interval > now ? namespaces->next_tick + interval : now + interval;
    return namespaces->next_tick;
}

double namespaces_load(const struct namespaces *namespaces)
{
    return reading_plan_load(&namespaces->plan, namespaces->table.admitted);
}
