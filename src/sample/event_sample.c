// SPDX-License-Identifier: Apache-2.0
#include "event_sample.h"

#include "base/log.h"
#include "kernel/procfs.h"

#include <string.h>

/* As in cgroup_sample.c, but each event has a timer of its own. With a common timer, a search for
 * an event could delay the search of a detail sample, and new cgroups would have no name until the
 * next detail sample, which may be minutes later. */
static const int64_t search_interval = 10 * NANOSECONDS_PER_SECOND;

bool event_sample_init(struct host *host)
{
    bool good = true;
    for (enum tcp_event event = 0; event < TCP_EVENTS; event++) {
        if (!host->kernel.tcp_events[event])
            continue;
        host->events[event].sources = event_sources_create();
        good = host->events[event].sources && good;
    }
    return good;
}

void event_sample_release(struct host *host)
{
    for (enum tcp_event event = 0; event < TCP_EVENTS; event++)
        event_sources_destroy(host->events[event].sources);
}

/* The context of take_sample(). */
struct event_reading {
    struct host *host;
    enum tcp_event event;
    int64_t now;
    uint32_t process; /* of the last sample, like `program` */
    char program[PROGRAM_NAME_SIZE];
};

/* Only port failures have a destination: connections closed first would have too many. */
static void take_sample(void *context, const struct tcp_event_sample *sample)
{
    struct event_reading *reading = context;
    reading->host->events[reading->event].samples++;
    struct event_source source = {.cgroup = sample->cgroup};
    if (sample->process != reading->process)
        procfs_read_program(reading->host->kernel.proc_root, sample->process, reading->program);
    reading->process = sample->process;
    memcpy(source.program, reading->program, sizeof source.program);
    if (reading->event == TCP_EVENT_PORT_FAILURE) {
        source.family = sample->family;
        source.remote_address = sample->remote_address;
        source.remote_port = sample->remote_port;
    }
    event_sources_add(reading->host->events[reading->event].sources, &source, reading->now);
}

static void search_missing_paths(struct host *host, struct event_sample *sample, int64_t now)
{
    if (!event_sources_miss_paths(sample->sources) ||
        (sample->searched > 0 && now - sample->searched < search_interval))
        return;
    sample->searched = now;
    int hierarchy = cgroup_paths_open(host->kernel.cgroup_root);
    if (hierarchy >= 0)
        cgroup_paths_walk(hierarchy, 0, event_sources_tell_path, sample->sources);
    event_sources_end_search(sample->sources);
}

static void log_uncounted(struct event_sample *sample, unsigned cpus)
{
    if (cpus > sample->uncounted_cpus)
        log_warn("sampler",
                 "TCP events are not counted on %u CPUs, which came online later: "
                 "restart the exporter",
                 cpus);
    sample->uncounted_cpus = cpus;
}

/* Add the lost samples. The kernel reports losses late, and not those of samples that it throttles.
 * If each event is sampled (`all`), the samples missing from the total are the lost ones. */
static void count_lost(struct event_snapshot *snapshot, uint64_t reported, bool all, uint64_t total,
                       uint64_t samples)
{
    if (!all)
        snapshot->lost_samples += reported;
    else if (total > samples + snapshot->lost_samples)
        snapshot->lost_samples = total - samples;
}

void host_read_events(struct host *host, int64_t now)
{
    for (enum tcp_event event = 0; event < TCP_EVENTS; event++) {
        struct tcp_events *events = host->kernel.tcp_events[event];
        struct event_sample *sample = &host->events[event];
        struct event_snapshot *snapshot = &host->snapshot.events[event];
        if (!events)
            continue;
        uint64_t total = tcp_events_count(events);
        event_sources_advance(sample->sources, now, total);
        struct event_reading reading = {.host = host, .event = event, .now = now};
        uint64_t lost = tcp_events_read(events, take_sample, &reading);
        count_lost(snapshot, lost, tcp_events_period(events) == 1, total, sample->samples);
        search_missing_paths(host, sample, now);
        log_uncounted(sample, tcp_events_uncounted_cpus(events));
        snapshot->present = true;
        snapshot->period = tcp_events_period(events);
        snapshot->uncounted_cpus = sample->uncounted_cpus;
        snapshot->report = event_sources_report(sample->sources, now);
    }
}
