// SPDX-License-Identifier: Apache-2.0
#include "endpoint_text.h"
#include "exposition_parts.h"

/* Each failure is sampled (the period is 1): a sample is one event, not an estimate of several. */
static void write_failures(struct metric_writer *writer, const struct event_snapshot *events)
{
    const struct event_report *report = &events->report;
    metric_begin(writer, "sockdiag_tcp_connect_port_failures", METRIC_COUNTER,
                 "connect() calls that failed because no ephemeral port was free (EADDRNOTAVAIL), "
                 "in all network namespaces of the host, since the exporter's start.");
    metric_write_integer(writer, NULL, 0, report->total);

    metric_begin(writer, "sockdiag_tcp_connect_port_failures_sampled", METRIC_COUNTER,
                 "Sampled connect() calls that failed because no ephemeral port was free, by "
                 "program, cgroup and destination: fewer than all when many fail at a time. "
                 "program is empty if it ended within a second.");
    for (size_t i = 0; i < report->row_count; i++) {
        const struct event_source_row *row = &report->rows[i];
        const struct event_source *source = &row->source;
        struct endpoint_text remote = {"", ""}; /* several destinations */
        if (source->remote_port != 0)
            remote = format_endpoint((enum ip_family)source->family, &source->remote_address,
                                     source->remote_port);
        struct label labels[] = {{"program", source->program},
                                 {"cgroup", row->cgroup.text},
                                 {"remote_address", remote.address},
                                 {"remote_port", remote.port}};
        if (row->cgroup.text[0])
            metric_write_integer(writer, labels, 4, row->samples);
    }
    struct label other[] = {
        {"program", "other"}, {"cgroup", ""}, {"remote_address", ""}, {"remote_port", ""}};
    metric_write_integer(writer, other, 4, report->other_samples);
}

static void write_closers(struct metric_writer *writer, const struct event_snapshot *events)
{
    const struct event_report *report = &events->report;
    metric_begin(writer, "sockdiag_tcp_closed_first", METRIC_COUNTER,
                 "TCP connections that a process of this host closed first, so that TIME_WAIT "
                 "follows, in all network namespaces, since the exporter's start.");
    metric_write_integer(writer, NULL, 0, report->total);

    metric_begin(writer, "sockdiag_tcp_closed_first_estimated", METRIC_COUNTER,
                 "Estimate of the TCP connections that a process of this host closed first, by "
                 "program and cgroup: one in sockdiag_exporter_event_sample_period is sampled and "
                 "counts for all of them. program is empty if it ended within a second.");
    for (size_t i = 0; i < report->row_count; i++) {
        const struct event_source_row *row = &report->rows[i];
        struct label labels[] = {{"program", row->source.program}, {"cgroup", row->cgroup.text}};
        if (row->cgroup.text[0])
            metric_write_integer(writer, labels, 2, row->samples * events->period);
    }
    struct label other[] = {{"program", "other"}, {"cgroup", ""}};
    metric_write_integer(writer, other, 2, report->other_samples * events->period);
}

/* Write the number of an event, if this event is counted. */
static void write_number(struct metric_writer *writer, const struct event_snapshot *events,
                         enum tcp_event event, uint64_t number)
{
    if (events[event].present)
        metric_write_integer(writer, &(struct label){"event", tcp_event_name(event)}, 1, number);
}

static void write_sampling(struct metric_writer *writer, const struct event_snapshot *events)
{
    metric_begin(writer, "sockdiag_exporter_event_sample_period", METRIC_GAUGE,
                 "Number of events from one sample to the next, on each CPU.");
    for (enum tcp_event event = 0; event < TCP_EVENTS; event++)
        write_number(writer, events, event, events[event].period);
    metric_begin(writer, "sockdiag_exporter_event_samples_lost", METRIC_COUNTER,
                 "Samples lost because events came too fast; the totals include these events.");
    for (enum tcp_event event = 0; event < TCP_EVENTS; event++)
        write_number(writer, events, event, events[event].lost_samples);
    metric_begin(writer, "sockdiag_exporter_event_uncounted_cpus", METRIC_GAUGE,
                 "CPUs that came online after the exporter's start, where events are not counted.");
    for (enum tcp_event event = 0; event < TCP_EVENTS; event++)
        write_number(writer, events, event, events[event].uncounted_cpus);
}

void exposition_write_events(struct metric_writer *writer, const struct snapshot *snapshot)
{
    const struct event_snapshot *events = snapshot->events;
    if (events[TCP_EVENT_PORT_FAILURE].present)
        write_failures(writer, &events[TCP_EVENT_PORT_FAILURE]);
    if (events[TCP_EVENT_CLOSED_FIRST].present)
        write_closers(writer, &events[TCP_EVENT_CLOSED_FIRST]);
    write_sampling(writer, events);
}
