// SPDX-License-Identifier: Apache-2.0
#include "exposition_parts.h"

#include <stdio.h>

static void write_build_info(struct metric_writer *writer, const struct self_report *self)
{
    struct label labels[] = {{"version", self->version}, {"revision", self->revision}};
    metric_begin(writer, "sockdiag_exporter_build", METRIC_INFO,
                 "Version and revision of the exporter, as labels of a constant 1.");
    metric_write_integer(writer, labels, 2, 1);
}

static void write_log_lines(struct metric_writer *writer, const struct self_report *self)
{
    metric_begin(writer, "sockdiag_exporter_log_lines_dropped", METRIC_COUNTER,
                 "Log lines dropped because standard error was full.");
    metric_write_integer(writer, NULL, 0, self->log_lines_dropped);
}

static void write_http(struct metric_writer *writer, const struct self_report *self)
{
    metric_begin(writer, "sockdiag_exporter_http_requests", METRIC_COUNTER,
                 "HTTP requests answered up to the last sample, by path and status code.");
    for (size_t i = 0; i < self->request_count; i++) {
        char code[16];
        snprintf(code, sizeof code, "%u", self->requests[i].code);
        struct label labels[] = {{"handler", self->requests[i].handler}, {"code", code}};
        metric_write_integer(writer, labels, 2, self->requests[i].requests);
    }
    metric_begin(writer, "sockdiag_exporter_http_connections_rejected", METRIC_COUNTER,
                 "Connections closed because their client had too many.");
    if (self->request_count > 0)
        metric_write_integer(writer, NULL, 0, self->connections_rejected);
}

static void write_web_config(struct metric_writer *writer, const struct self_report *self)
{
    metric_begin(writer, "sockdiag_exporter_web_config_last_reload_successful", METRIC_GAUGE,
                 "1 if the last reload of the web configuration succeeded, 0 if it failed and the "
                 "previous configuration stays in force.");
    metric_write_integer(writer, NULL, 0, !self->web_config_refused);

    metric_begin(writer, "sockdiag_exporter_web_config_last_reload_success_timestamp_seconds",
                 METRIC_GAUGE, "Unix time when the web configuration in force was read.");
    metric_write_real(writer, NULL, 0, self->web_config_seconds);
}

static void write_walks(struct metric_writer *writer, const struct self_report *self)
{
    metric_begin(writer, "sockdiag_exporter_netns_walks_enabled", METRIC_GAUGE,
                 "1 if other network namespaces are walked, 0 if --collector.netns.walk was given "
                 "without the capabilities for it.");
    metric_write_integer(writer, NULL, 0, self->walks_enabled);
}

static void write_events(struct metric_writer *writer, const struct self_report *self)
{
    metric_begin(writer, "sockdiag_exporter_events_enabled", METRIC_GAUGE,
                 "1 if the event is counted, 0 if its collector is on but the kernel or missing "
                 "capabilities did not allow it at the start.");
    for (enum tcp_event event = 0; event < TCP_EVENTS; event++) {
        if (self->events_asked_for[event])
            metric_write_integer(writer, &(struct label){"event", tcp_event_name(event)}, 1,
                                 self->events_enabled[event]);
    }
}

/* These have the names that all Prometheus client libraries use. */
static void write_process(struct metric_writer *writer, const struct self_report *self)
{
    metric_begin(writer, "process_cpu_seconds", METRIC_COUNTER,
                 "CPU time of the exporter, user and system.");
    metric_write_real(writer, NULL, 0, self->process.cpu_seconds);

    metric_begin(writer, "process_resident_memory_bytes", METRIC_GAUGE,
                 "Resident memory of the exporter.");
    metric_write_integer(writer, NULL, 0, self->process.resident_bytes);

    metric_begin(writer, "process_virtual_memory_bytes", METRIC_GAUGE,
                 "Virtual memory of the exporter.");
    metric_write_integer(writer, NULL, 0, self->process.virtual_bytes);

    metric_begin(writer, "process_open_fds", METRIC_GAUGE,
                 "Open file descriptors of the exporter.");
    metric_write_integer(writer, NULL, 0, self->process.open_descriptors);

    metric_begin(writer, "process_max_fds", METRIC_GAUGE,
                 "Maximum number of open file descriptors of the exporter.");
    metric_write_integer(writer, NULL, 0, self->process.max_descriptors);

    metric_begin(writer, "process_start_time_seconds", METRIC_GAUGE,
                 "Unix time of the exporter's start.");
    metric_write_real(writer, NULL, 0, self->start_time_seconds);
}

void exposition_write_self(struct metric_writer *writer, const struct self_report *self)
{
    write_build_info(writer, self);
    write_log_lines(writer, self);
    write_http(writer, self);
    if (self->has_web_config)
        write_web_config(writer, self);
    if (self->walks_asked_for)
        write_walks(writer, self);
    write_events(writer, self);
    if (self->has_process)
        write_process(writer, self);
}
