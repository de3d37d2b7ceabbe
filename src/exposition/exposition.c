// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/exposition.h"

#include "metrics.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

struct exposition {
    struct metric_writer writer;
    const struct snapshot *snapshot;
};

static void begin(struct exposition *page, enum metric_id id)
{
    metric_writer_family(&page->writer, &metrics[id]);
}

#define for_each_namespace(name, page)                                                             \
    for (const struct namespace_snapshot *name = (page)->snapshot->namespaces;                     \
         name < (page)->snapshot->namespaces + (page)->snapshot->namespace_count; name++)

/* The ten states that the count sample knows. */
#define for_each_counted_state(state)                                                              \
    for (enum tcp_state state = 0; state < TCP_STATES; state++)                                    \
        if (state != TCP_STATE_BOUND_INACTIVE)

static void write_states(struct exposition *page)
{
    begin(page, METRIC_TCP_SOCKETS);
    for_each_namespace(ns, page) for_each_counted_state(state)
    {
        struct label label = {"state", tcp_state_name(state)};
        if (ns->has_counts)
            metric_writer_integer(&page->writer, &label, 1, ns->sockets[state]);
    }
    begin(page, METRIC_TCP_SOCKETS_PEAK);
    for_each_namespace(ns, page) for_each_counted_state(state)
    {
        struct label label = {"state", tcp_state_name(state)};
        if (ns->has_counts)
            metric_writer_integer(&page->writer, &label, 1, ns->peak_sockets[state]);
    }
    begin(page, METRIC_TCP_SAMPLED_SOCKETS);
    for_each_namespace(ns, page) for_each_counted_state(state)
    {
        struct label label = {"state", tcp_state_name(state)};
        if (ns->has_counts)
            metric_writer_histogram(&page->writer, &label, 1, &ns->sampled_sockets[state]);
    }
}

static void write_families(struct exposition *page)
{
    begin(page, METRIC_TCP_FAMILY_SOCKETS);
    for_each_namespace(ns, page)
    {
        if (!ns->has_detail)
            continue;
        for (enum ip_family family = 0; family < IP_FAMILIES; family++) {
            for (enum tcp_state state = 0; state < TCP_STATES; state++) {
                struct label labels[] = {{"family", ip_family_name(family)},
                                         {"state", tcp_state_name(state)}};
                if (state != TCP_STATE_BOUND_INACTIVE || ns->has_bound_inactive)
                    metric_writer_integer(&page->writer, labels, 2,
                                          ns->detail.sockets[family][state]);
            }
        }
    }
}

/* A family with one whole number for each namespace `ns` in which `present` holds. */
#define write_numbers(page, id, ns, present, value)                                                \
    do {                                                                                           \
        begin(page, id);                                                                           \
        for_each_namespace(ns, page) if (present)                                                  \
            metric_writer_integer(&(page)->writer, NULL, 0, value);                                \
    } while (0)

static void write_counters(struct exposition *page)
{
    write_numbers(page, METRIC_TCP_TIME_WAIT_STARTED, ns,
                  ns->time_wait_collected && ns->has_counters, ns->counters.time_wait_started);
    write_numbers(page, METRIC_TCP_TIME_WAIT_REUSED, ns,
                  ns->time_wait_collected && ns->has_counters, ns->counters.time_wait_reused);
    write_numbers(page, METRIC_TCP_TIME_WAIT_OVERFLOWS, ns,
                  ns->time_wait_collected && ns->has_counters, ns->counters.time_wait_overflows);
    write_numbers(page, METRIC_TCP_TIME_WAIT_LIMIT, ns, ns->time_wait_collected && ns->has_settings,
                  ns->settings.time_wait_limit);
    write_numbers(page, METRIC_TCP_TW_REUSE, ns, ns->time_wait_collected && ns->has_settings,
                  ns->settings.tw_reuse);
    write_numbers(page, METRIC_TCP_LISTEN_OVERFLOWS, ns, ns->has_counters,
                  ns->counters.listen_overflows);
    write_numbers(page, METRIC_TCP_LISTEN_DROPS, ns, ns->has_counters, ns->counters.listen_drops);
}

/* Room for an address and a port as label values. */
struct endpoint_text {
    char address[INET6_ADDRSTRLEN];
    char port[sizeof "65535"];
};

static struct endpoint_text format_endpoint(enum ip_family family, const struct ip_address *address,
                                            uint16_t port)
{
    struct endpoint_text text;
    inet_ntop(family == IP_FAMILY_IPV4 ? AF_INET : AF_INET6, address, text.address,
              sizeof text.address);
    snprintf(text.port, sizeof text.port, "%" PRIu16, port);
    return text;
}

/* One of the numbers of each accept queue, `offset` bytes into its row. */
static void write_queue_numbers(struct exposition *page, enum metric_id id, size_t offset)
{
    begin(page, id);
    for_each_namespace(ns, page)
    {
        for (size_t i = 0; ns->has_counts && i < ns->queue_count; i++) {
            const struct listener_row *row = &ns->queues[i];
            struct endpoint_text text = format_endpoint(row->family, &row->address, row->port);
            struct label labels[] = {{"address", text.address}, {"port", text.port}};
            metric_writer_integer(&page->writer, labels, 2,
                                  *(const uint64_t *)(const void *)((const char *)row + offset));
        }
    }
}

static void write_queues(struct exposition *page)
{
    write_queue_numbers(page, METRIC_ACCEPT_QUEUE_LENGTH,
                        offsetof(struct listener_row, queue_length));
    write_queue_numbers(page, METRIC_ACCEPT_QUEUE_LIMIT,
                        offsetof(struct listener_row, queue_limit));
    write_queue_numbers(page, METRIC_ACCEPT_QUEUE_PEAK, offsetof(struct listener_row, queue_peak));
    write_queue_numbers(page, METRIC_ACCEPT_QUEUES, offsetof(struct listener_row, queues));
}

/* The connections of one listener, or of a sum of them, in the nine states of a connection. */
static void write_listener_states(struct exposition *page, const char *address, const char *port,
                                  const struct listener_row *row)
{
    for_each_counted_state(state)
    {
        struct label labels[] = {
            {"address", address}, {"port", port}, {"state", tcp_state_name(state)}};
        if (state != TCP_STATE_LISTEN)
            metric_writer_integer(&page->writer, labels, 3, row->sockets[state]);
    }
}

static void write_listeners(struct exposition *page)
{
    begin(page, METRIC_LISTENER_SOCKETS);
    for_each_namespace(ns, page)
    {
        if (!ns->has_detail || !ns->listeners_collected)
            continue;
        for (size_t i = 0; i < ns->listener_count; i++) {
            const struct listener_row *row = &ns->listeners[i];
            struct endpoint_text text = format_endpoint(row->family, &row->address, row->port);
            write_listener_states(page, text.address, text.port, row);
        }
        write_listener_states(page, "other", "other", &ns->other_listeners);
    }
}

static void write_time_wait_roles(struct exposition *page)
{
    begin(page, METRIC_TCP_TIME_WAIT_SOCKETS);
    for_each_namespace(ns, page)
    {
        for (enum time_wait_role role = 0; role < TIME_WAIT_ROLES; role++) {
            struct label label = {"role", time_wait_role_name(role)};
            if (ns->has_detail && ns->time_wait_collected)
                metric_writer_integer(&page->writer, &label, 1, ns->time_wait[role]);
        }
    }
}

/* A family with one of the numbers of each protocol, `offset` bytes into its summary.
 * `of_destinations`: only where destinations are kept. */
static void write_port_numbers(struct exposition *page, enum metric_id id, size_t offset,
                               bool of_destinations)
{
    begin(page, id);
    for_each_namespace(ns, page)
    {
        for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
            const struct port_snapshot *ports = &ns->ports[protocol];
            const void *number = (const char *)&ports->summary + offset;
            struct label label = {"protocol", socket_protocol_name(protocol)};
            if (ports->present && (ports->has_destinations || !of_destinations))
                metric_writer_integer(&page->writer, &label, 1, *(const uint64_t *)number);
        }
    }
}

static void write_port_counts(struct exposition *page)
{
    write_port_numbers(page, METRIC_PORTS_RANGE, offsetof(struct port_summary, range), false);
    write_port_numbers(page, METRIC_PORTS_RESERVED, offsetof(struct port_summary, reserved), false);
    write_port_numbers(page, METRIC_PORTS_OWNED, offsetof(struct port_summary, owned), false);
    write_port_numbers(page, METRIC_PORTS_USABLE, offsetof(struct port_summary, usable), false);
    write_port_numbers(page, METRIC_PORTS_USED, offsetof(struct port_summary, used), false);
}

/* Is this scope measured? */
static bool has_scope(const struct port_snapshot *ports, enum port_scope scope)
{
    return ports->present && (ports->has_destinations || scope != PORT_SCOPE_DESTINATION);
}

/* The utilization in each scope: as it is, or as the histogram of what it was. */
static void write_utilization(struct exposition *page, enum metric_id id)
{
    begin(page, id);
    for_each_namespace(ns, page)
    {
        for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
            const struct port_snapshot *ports = &ns->ports[protocol];
            for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++) {
                struct label labels[] = {{"protocol", socket_protocol_name(protocol)},
                                         {"scope", port_scope_name(scope)}};
                if (!has_scope(ports, scope))
                    continue;
                if (id == METRIC_PORT_UTILIZATION)
                    metric_writer_real(&page->writer, labels, 2, ports->summary.utilization[scope]);
                else
                    metric_writer_histogram(&page->writer, labels, 2,
                                            &ports->sampled_utilization[scope]);
            }
        }
    }
}

/* Of TCP alone: UDP does not go by parity. */
static void write_preferred_utilization(struct exposition *page)
{
    begin(page, METRIC_PORT_PREFERRED_UTILIZATION);
    for_each_namespace(ns, page)
    {
        const struct port_snapshot *ports = &ns->ports[SOCKET_TCP];
        struct label label = {"protocol", socket_protocol_name(SOCKET_TCP)};
        if (has_scope(ports, PORT_SCOPE_DESTINATION))
            metric_writer_real(&page->writer, &label, 1, ports->summary.preferred_utilization);
    }
}

static void write_destination(struct exposition *page, enum socket_protocol protocol,
                              const struct destination *row)
{
    struct endpoint_text local = format_endpoint(row->family, &row->local_address, 0);
    struct endpoint_text remote =
        format_endpoint(row->family, &row->remote_address, row->remote_port);
    struct label labels[] = {{"protocol", socket_protocol_name(protocol)},
                             {"local_address", local.address},
                             {"remote_address", remote.address},
                             {"remote_port", remote.port}};
    metric_writer_integer(&page->writer, labels, 4, row->ports);
}

static void write_destinations(struct exposition *page)
{
    begin(page, METRIC_DESTINATION_PORTS_USED);
    for_each_namespace(ns, page)
    {
        for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
            const struct port_snapshot *ports = &ns->ports[protocol];
            for (size_t i = 0; ports->present && i < ports->destination_count; i++)
                write_destination(page, protocol, &ports->destinations[i]);
        }
    }
    write_port_numbers(page, METRIC_DESTINATIONS, offsetof(struct port_summary, destinations),
                       true);
    write_port_numbers(page, METRIC_DESTINATION_COUNT_ERROR_BOUND,
                       offsetof(struct port_summary, destination_error_bound), true);
}

static void write_ports(struct exposition *page)
{
    write_port_counts(page);
    write_utilization(page, METRIC_PORT_UTILIZATION);
    write_utilization(page, METRIC_PORT_SAMPLED_UTILIZATION);
    write_preferred_utilization(page);
    write_destinations(page);
}

static void write_sample_results(struct exposition *page)
{
    begin(page, METRIC_SAMPLES);
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++) {
        const struct sample_report *report = &page->snapshot->samples[kind];
        struct label labels[] = {{"sample", sample_kind_name(kind)}, {"result", "success"}};
        metric_writer_integer(&page->writer, labels, 2, report->successes);
        labels[1].value = "error";
        metric_writer_integer(&page->writer, labels, 2, report->errors);
    }
}

/* One of the real numbers of each kind of sample, `offset` bytes into its report. */
static void write_sample_numbers(struct exposition *page, enum metric_id id, size_t offset)
{
    begin(page, id);
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++) {
        const struct sample_report *report = &page->snapshot->samples[kind];
        struct label label = {"sample", sample_kind_name(kind)};
        metric_writer_real(&page->writer, &label, 1,
                           *(const double *)(const void *)((const char *)report + offset));
    }
}

/* Absent before the first success: a zero would be an age of half a century. */
static void write_sample_timestamps(struct exposition *page)
{
    begin(page, METRIC_LAST_SAMPLE_TIMESTAMP);
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++) {
        const struct sample_report *report = &page->snapshot->samples[kind];
        struct label label = {"sample", sample_kind_name(kind)};
        if (report->successes > 0)
            metric_writer_real(&page->writer, &label, 1, report->last_success);
    }
}

static void write_sampling(struct exposition *page)
{
    write_sample_results(page);
    write_sample_numbers(page, METRIC_SAMPLE_CPU_SECONDS,
                         offsetof(struct sample_report, cpu_seconds));
    write_sample_numbers(page, METRIC_SAMPLE_DURATION,
                         offsetof(struct sample_report, duration_seconds));
    write_sample_numbers(page, METRIC_SAMPLE_INTERVAL,
                         offsetof(struct sample_report, interval_seconds));
    write_sample_numbers(page, METRIC_SAMPLE_SOCKETS, offsetof(struct sample_report, sockets_read));
    write_sample_timestamps(page);
}

static void write_derived_counts(struct exposition *page)
{
    write_numbers(page, METRIC_DERIVED_COUNTS, ns, true, ns->derived_counts_in_use);
    begin(page, METRIC_DERIVED_DRIFT);
    for_each_namespace(ns, page)
    {
        if (!ns->has_detail)
            continue;
        struct label label = {"state", tcp_state_name(TCP_STATE_ESTABLISHED)};
        metric_writer_integer(&page->writer, &label, 1, ns->derived_drift.established);
        label.value = tcp_state_name(TCP_STATE_TIME_WAIT);
        metric_writer_integer(&page->writer, &label, 1, ns->derived_drift.time_wait);
    }
}

static void write_errors(struct exposition *page)
{
    begin(page, METRIC_ERRORS);
    for (enum fault_reason reason = 0; reason < FAULT_REASONS; reason++) {
        struct label label = {"reason", fault_reason_name(reason)};
        metric_writer_integer(&page->writer, &label, 1, page->snapshot->errors[reason]);
    }
}

static void write_build_info(struct exposition *page, const struct self_report *self)
{
    struct label labels[] = {{"version", self->version}, {"revision", self->revision}};
    begin(page, METRIC_BUILD_INFO);
    metric_writer_integer(&page->writer, labels, 2, 1);
}

static void write_log_lines(struct exposition *page, const struct self_report *self)
{
    begin(page, METRIC_LOG_LINES_DROPPED);
    metric_writer_integer(&page->writer, NULL, 0, self->log_lines_dropped);
}

static void write_http_requests(struct exposition *page, const struct self_report *self)
{
    begin(page, METRIC_HTTP_REQUESTS);
    for (size_t i = 0; i < self->request_count; i++) {
        char code[16];
        snprintf(code, sizeof code, "%u", self->requests[i].code);
        struct label labels[] = {{"handler", self->requests[i].handler}, {"code", code}};
        metric_writer_integer(&page->writer, labels, 2, self->requests[i].requests);
    }
}

static void write_web_config(struct exposition *page, const struct self_report *self)
{
    begin(page, METRIC_WEB_CONFIG_SUCCESSFUL);
    metric_writer_integer(&page->writer, NULL, 0, !self->web_config_refused);
    begin(page, METRIC_WEB_CONFIG_TIMESTAMP);
    metric_writer_real(&page->writer, NULL, 0, self->web_config_seconds);
}

static void write_process(struct exposition *page, const struct self_report *self)
{
    const struct process_usage *process = &self->process;
    const struct {
        enum metric_id id;
        double value;
    } numbers[] = {
        {METRIC_PROCESS_CPU_SECONDS, process->cpu_seconds},
        {METRIC_PROCESS_RESIDENT_MEMORY, (double)process->resident_bytes},
        {METRIC_PROCESS_VIRTUAL_MEMORY, (double)process->virtual_bytes},
        {METRIC_PROCESS_OPEN_FDS, (double)process->open_descriptors},
        {METRIC_PROCESS_MAX_FDS, (double)process->max_descriptors},
        {METRIC_PROCESS_START_TIME, self->start_time_seconds},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        begin(page, numbers[i].id);
        metric_writer_real(&page->writer, NULL, 0, numbers[i].value);
    }
}

void exposition_render(struct buffer *out, enum metric_format format,
                       const struct snapshot *snapshot, const struct self_report *self)
{
    struct exposition page = {.writer = metric_writer_start(out, format), .snapshot = snapshot};
    write_states(&page);
    write_families(&page);
    write_time_wait_roles(&page);
    write_counters(&page);
    write_queues(&page);
    write_listeners(&page);
    write_ports(&page);
    write_build_info(&page, self);
    write_sampling(&page);
    write_derived_counts(&page);
    write_errors(&page);
    write_log_lines(&page, self);
    write_http_requests(&page, self);
    if (self->has_web_config)
        write_web_config(&page, self);
    if (self->has_process)
        write_process(&page, self);
    metric_writer_finish(&page.writer);
}
