// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes as the numbers and names of a snapshot, as far as the sampler could
 * have made it. Its page is valid in every format, and the formats agree.
 *
 * Covers: src/exposition src/status
 */
#include "sockdiag/exposition.h"
#include "status/status_page.h"

#include "base/printable.h"
#include "exposition_check.h"
#include "formats_check.h"
#include "html_check.h"
#include "input.h"
#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- names and measurements ---- */

/* So that it has neither "nan" nor "inf". */
static void remove_n(char *name)
{
    while ((name = strpbrk(name, "nN")))
        *name = 'm';
}

/* Printable, and not like any other of the same kind: it ends with `number`. */
static void take_name(struct input *input, char *name, size_t size, size_t number)
{
    char bytes[16], ending[8];
    size_t length = take_count(input, sizeof bytes);
    take(input, bytes, length);
    int ending_length = snprintf(ending, sizeof ending, "%zu", number % 1000);
    copy_printable(name, size - (size_t)ending_length, bytes, length);
    remove_n(name);
    strcat(name, ending);
}

static void take_address(struct input *input, enum ip_family *family, struct ip_address *address)
{
    *family = take_bool(input) ? IP_FAMILY_IPV6 : IP_FAMILY_IPV4;
    take(input, address, *family == IP_FAMILY_IPV6 ? sizeof *address : sizeof address->word[0]);
}

static struct history take_history(struct input *input, uint64_t most)
{
    struct history history = {.newest = 0};
    int64_t now = 0;
    for (size_t i = take_count(input, 8); i > 0; i--) {
        now += take_byte(input) * NANOSECONDS_PER_SECOND;
        history_observe(&history, now, take_known_number(input) % (most + 1));
    }
    return history;
}

static struct histogram take_histogram(struct input *input, int native_lowest)
{
    static const double bounds[] = {0, 0.5, 1, 10, 1e6};
    struct histogram histogram = histogram_make(bounds, 5, native_lowest);
    for (size_t i = take_count(input, 8); i > 0; i--)
        histogram_observe(&histogram, native_lowest == HISTOGRAM_OF_SHARES
                                          ? take_share(input)
                                          : (double)(uint32_t)take_known_number(input));
    return histogram;
}

/* ---- the rows, which all have another port or name ---- */

enum { ROWS = 4 };

static struct world {
    struct listener_row queues[ROWS], listeners[ROWS];
    struct destination destinations[SOCKET_PROTOCOLS][ROWS];
    struct cgroup_path destination_cgroups[SOCKET_PROTOCOLS][ROWS], queue_cgroups[ROWS];
    struct udp_socket_row udp_rows[ROWS];
    struct unix_listener_row unix_rows[ROWS];
    struct cgroup_row cgroups[ROWS];
    struct event_source_row sources[TCP_EVENTS][ROWS];
    struct namespace_row namespaces[ROWS];
    struct snapshot snapshot;
    struct self_report self;
} world;

static void take_listeners(struct input *input, struct listener_row *rows)
{
    for (uint16_t i = 0; i < ROWS; i++) {
        struct listener_row *row = &rows[i];
        take_address(input, &row->family, &row->address);
        row->port = i;
        if (take_bool(input))
            take_name(input, row->interface_name, sizeof row->interface_name, i);
        row->queue_length = take_number(input) % 65536;
        row->queue_limit = take_number(input) % 65536;
        row->queue_peak = take_number(input) % 65536;
        row->queues = take_byte(input);
        row->drops = take_known_number(input);
        row->dropping = take_bool(input);
        take_known_numbers(input, row->sockets, TCP_STATES);
    }
}

static struct destination take_destination(struct input *input, uint16_t number)
{
    struct destination row = {.remote_port = number};
    enum ip_family ignored;
    take_address(input, &row.family, &row.local_address);
    take_address(input, &ignored, &row.remote_address);
    if (take_bool(input))
        take_name(input, row.interface_name, sizeof row.interface_name, number);
    row.ports = (uint32_t)take_number(input) % 65536;
    row.preferred_ports = row.ports / 2;
    return row;
}

static struct port_summary take_summary(struct input *input)
{
    struct port_summary summary = {.range = take_number(input) % 65536};
    summary.reserved = summary.range / 4;
    summary.owned = take_byte(input);
    summary.usable = summary.range - summary.reserved;
    summary.used = take_byte(input);
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++)
        summary.utilization[scope] = take_share(input);
    summary.preferred_utilization = take_share(input);
    summary.fullest = take_number(input) % 65536;
    summary.destinations = take_known_number(input);
    summary.destination_error_bound = take_byte(input);
    summary.unreserved_named = take_count(input, PORT_USAGE_NAMED_PORTS);
    summary.unreserved_listeners = summary.unreserved_named + take_byte(input);
    take(input, summary.unreserved_ports, sizeof summary.unreserved_ports);
    summary.has_bound_before_connect = take_bool(input);
    summary.bound_before_connect = take_byte(input);
    return summary;
}

static void take_ports(struct input *input, enum socket_protocol protocol)
{
    struct port_snapshot *ports = &world.snapshot.ports[protocol];
    *ports = (struct port_snapshot){.present = take_bool(input),
                                    .has_destinations = take_bool(input),
                                    .summary = take_summary(input),
                                    .destinations = world.destinations[protocol],
                                    .destination_count = take_count(input, ROWS),
                                    .destination_cgroups = world.destination_cgroups[protocol],
                                    .port_history = take_history(input, PORT_HISTORY_WHOLE)};
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++) {
        ports->sampled_utilization[scope] = take_histogram(input, HISTOGRAM_OF_SHARES);
        ports->peak_utilization[scope] = take_share(input);
    }
    for (uint16_t i = 0; i < ROWS; i++) {
        struct cgroup_path *cgroup = &world.destination_cgroups[protocol][i];
        world.destinations[protocol][i] = take_destination(input, i);
        if (take_bool(input))
            take_name(input, cgroup->text, sizeof cgroup->text, i);
    }
}

static void take_names(struct input *input)
{
    for (uint16_t i = 0; i < ROWS; i++) {
        struct udp_socket_row *udp = &world.udp_rows[i];
        struct unix_listener_row *row = &world.unix_rows[i];
        char name[16];
        take_address(input, &udp->family, &udp->address);
        udp->port = i;
        udp->receive_queue = take_known_number(input);
        udp->drops = take_known_number(input);
        take(input, name, sizeof name);
        name[0] = (char)('a' + i);
        unix_path_write(row->path, name, take_count(input, sizeof name - 1) + 1);
        remove_n(row->path);
        row->queue_length = take_known_number(input);
        row->queue_limit = take_known_number(input);
        row->queue_peak = take_known_number(input);
        take_name(input, world.cgroups[i].path.text, CGROUP_PATH_SIZE, i);
        take_known_numbers(input, world.cgroups[i].sockets, TCP_STATES);
        if (take_bool(input))
            take_name(input, world.queue_cgroups[i].text, CGROUP_PATH_SIZE, i);
    }
}

static void take_events(struct input *input, enum tcp_event event)
{
    world.snapshot.events[event] =
        (struct event_snapshot){.present = take_bool(input),
                                .period = take_byte(input) + UINT64_C(1),
                                .lost_samples = take_known_number(input),
                                .uncounted_cpus = take_byte(input),
                                .report = {.total = take_known_number(input),
                                           .recent = take_known_number(input),
                                           .recent_seconds = take_seconds(input),
                                           .rows = world.sources[event],
                                           .row_count = take_count(input, ROWS),
                                           .other_samples = take_byte(input)}};
    for (uint16_t i = 0; i < ROWS; i++) {
        struct event_source_row *row = &world.sources[event][i];
        enum ip_family family = IP_FAMILY_IPV4;
        if (take_bool(input))
            take_name(input, row->source.program, sizeof row->source.program, i);
        if (take_bool(input))
            take_name(input, row->cgroup.text, sizeof row->cgroup.text, i);
        if (event == TCP_EVENT_PORT_FAILURE)
            take_address(input, &family, &row->source.remote_address);
        row->source.family = family;
        row->source.remote_port = event == TCP_EVENT_PORT_FAILURE ? i : 0;
        row->samples = take_number(input) % 65536;
        row->recent = take_number(input) % 65536;
    }
}

static void take_namespace(struct input *input, struct namespace_row *row, size_t number)
{
    static const char *const runtimes[] = {"", "containerd", "kubernetes", "systemd"};
    struct namespace_labels *labels = &row->labels;
    take_name(input, labels->name, sizeof labels->name, number);
    labels->inode = take_known_number(input);
    labels->runtime = runtimes[take_count(input, 3)];
    if (take_bool(input))
        take_name(input, labels->pod.pod, sizeof labels->pod.pod, number);
    row->pid = take_byte(input);
    row->has_sockets = take_bool(input);
    take_known_numbers(input, &row->full_sockets, 4);
    row->has_opens = take_bool(input);
    row->has_counters = take_bool(input);
    take_numbers(input, &row->counters, sizeof row->counters);
    row->has_bound = take_bool(input);
    row->tcp_bound = take_number(input) % 65536;
    row->has_usable = take_bool(input);
    row->usable = take_number(input) % 65536;
    row->has_walk = take_bool(input);
    row->walked_at = take_seconds(input);
    take_known_numbers(input, row->sockets, TCP_STATES);
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++) {
        row->utilization[scope] = take_share(input);
        row->peak_utilization[scope] = take_share(input);
    }
    row->has_time_wait_limit = take_bool(input);
    row->time_wait_limit = take_known_number(input);
    row->has_queue = take_bool(input);
    take_address(input, &row->queue.family, &row->queue.address);
    row->queue.present = row->has_queue;
    row->queue.length = take_byte(input);
    row->queue.limit = take_byte(input);
}

static void take_namespaces(struct input *input)
{
    struct namespaces_snapshot *all = &world.snapshot.namespaces;
    for (size_t i = 0; i < ROWS; i++)
        take_namespace(input, &world.namespaces[i], i);
    *all = (struct namespaces_snapshot){.collected = take_bool(input),
                                        .rows = world.namespaces,
                                        .count = take_count(input, ROWS),
                                        .other_count = take_byte(input),
                                        .excluded_count = take_byte(input),
                                        .processes_hidden = take_bool(input),
                                        .cpu_seconds = take_seconds(input),
                                        .walking = take_bool(input)};
    take_namespace(input, &all->others, 0);
    snprintf(all->others.labels.name, sizeof all->others.labels.name, "other");
    all->destination_count = all->count > 0 ? take_count(input, WALK_DESTINATIONS) : 0;
    for (uint16_t i = 0; i < all->destination_count; i++)
        all->destinations[i] = (struct namespace_destination){take_byte(input) % all->count,
                                                              take_destination(input, i)};
    for (enum netns_file file = 0; file < NETNS_FILES; file++) {
        all->interval_seconds[file] = take_seconds(input);
        all->oldest_reading[file] = take_seconds(input);
    }
}

static void take_counts(struct input *input)
{
    struct snapshot *snapshot = &world.snapshot;
    snapshot->has_counts = take_bool(input);
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        snapshot->sockets[state] = take_known_number(input);
        snapshot->peak_sockets[state] = take_known_number(input);
        snapshot->sampled_sockets[state] = take_histogram(input, HISTOGRAM_OF_COUNTS);
    }
    snapshot->fin_wait2_minisockets = take_known_number(input);
    snapshot->established_history = take_history(input, UINT32_MAX);
    snapshot->time_wait_history = take_history(input, UINT32_MAX);
    snapshot->has_counters = take_bool(input);
    take_numbers(input, &snapshot->counters, sizeof snapshot->counters);
    take_numbers(input, &snapshot->recent, sizeof snapshot->recent);
    snapshot->recent_seconds = take_seconds(input);
    snapshot->has_settings = take_bool(input);
    take_numbers(input, &snapshot->settings, sizeof snapshot->settings);
    snapshot->has_pressure = take_bool(input);
    take_numbers(input, &snapshot->pressure, sizeof snapshot->pressure);
    snapshot->derived_counts_in_use = take_bool(input);
    snapshot->has_time_wait_roles = take_bool(input);
    take_known_numbers(input, snapshot->time_wait, TIME_WAIT_ROLES);
    snapshot->has_bound = take_bool(input);
    snapshot->bound_utilization = take_share(input);
}

static void take_detail(struct input *input)
{
    struct snapshot *snapshot = &world.snapshot;
    snapshot->queues = world.queues;
    snapshot->queue_count = take_count(input, ROWS);
    snapshot->queue_cgroups = world.queue_cgroups;
    snapshot->has_detail = take_bool(input);
    snapshot->has_bound_inactive = take_bool(input);
    take_known_numbers(input, snapshot->detail.sockets[0], TCP_STATES);
    take_known_numbers(input, snapshot->detail.sockets[1], TCP_STATES);
    snapshot->derived_drift.established = take_known_number(input);
    snapshot->listeners = world.listeners;
    snapshot->listener_count = take_count(input, ROWS);
    take_known_numbers(input, snapshot->other_listeners.sockets, TCP_STATES);
    snapshot->has_udp = take_bool(input);
    snapshot->udp.sockets = take_known_number(input);
    snapshot->udp.other_drops = take_known_number(input);
    snapshot->udp_rows = world.udp_rows;
    snapshot->udp_row_count = take_count(input, ROWS);
    snapshot->has_unix = take_bool(input);
    take_known_numbers(input, snapshot->unix_sockets.sockets[0], UNIX_SOCKET_STATES);
    snapshot->unix_rows = world.unix_rows;
    snapshot->unix_row_count = take_count(input, ROWS);
    snapshot->has_cgroups = take_bool(input);
    snapshot->cgroups = world.cgroups;
    snapshot->cgroup_count = take_count(input, ROWS);
    take_known_numbers(input, snapshot->other_cgroups, TCP_STATES);
    snapshot->time_wait_collected = take_bool(input);
    snapshot->listeners_collected = take_bool(input);
    snapshot->peak_window_seconds = take_seconds(input);
}

static void take_self(struct input *input)
{
    world.self = (struct self_report){.version = "1",
                                      .revision = "2",
                                      .telemetry_path = "/metrics",
                                      .start_time_seconds = take_seconds(input),
                                      .has_web_config = take_bool(input),
                                      .web_config_refused = take_bool(input),
                                      .web_config_seconds = take_seconds(input),
                                      .log_lines_dropped = take_known_number(input),
                                      .walks_asked_for = take_bool(input),
                                      .walks_enabled = take_bool(input),
                                      .events_asked_for = {take_bool(input), take_bool(input)},
                                      .events_enabled = {take_bool(input), take_bool(input)},
                                      .has_process = take_bool(input),
                                      .requests = {{"/metrics", 200, take_known_number(input)}},
                                      .request_count = take_count(input, 1)};
}

/* In the order in which parts of a short input matter most. */
static void take_world(struct input *input)
{
    struct snapshot *snapshot = &world.snapshot;
    memset(&world, 0, sizeof world);
    take_detail(input);
    take_self(input);
    take_counts(input);
    take_name(input, snapshot->host_name, sizeof snapshot->host_name, 0);
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++)
        snapshot->samples[kind] = (struct sample_report){.successes = take_known_number(input),
                                                         .failures = take_known_number(input),
                                                         .cpu_seconds = take_seconds(input),
                                                         .interval_seconds = take_seconds(input),
                                                         .last_success = take_seconds(input)};
    take_known_numbers(input, snapshot->errors, FAULT_REASONS);
    take_listeners(input, world.queues);
    take_listeners(input, world.listeners);
    take_names(input);
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++)
        take_ports(input, protocol);
    for (enum tcp_event event = 0; event < TCP_EVENTS; event++)
        take_events(input, event);
    take_namespaces(input);
}

/* ---- the pages ---- */

static void complain(const char *fault)
{
    fprintf(stderr, "%s\n", fault);
    abort();
}

static void check_formats(void)
{
    static struct buffer pages[METRIC_FORMATS];
    char why[256];
    const char *fault;
    for (enum metric_format format = 0; format < METRIC_FORMATS; format++) {
        buffer_clear(&pages[format]);
        exposition_render(&pages[format], format, &world.snapshot, &world.self);
    }
    const struct buffer *text = &pages[METRIC_TEXT];
    if (!exposition_is_valid(text->data, text->length, why, sizeof why))
        complain(why);
    if ((fault = openmetrics_find_fault(text, &pages[METRIC_OPENMETRICS])) ||
        (fault = protobuf_find_fault(text, &pages[METRIC_PROTOBUF])))
        complain(fault);
}

static void check_status_page(double now)
{
    static struct buffer page;
    const char *fault;
    buffer_clear(&page);
    status_page_render(&page, &world.snapshot, &world.self, now);
    if (!utf8_is_valid(page.data, page.length))
        complain("the status page is not UTF-8");
    buffer_append(&page, "", 1);
    if ((fault = html_find_fault(page.data)))
        complain(fault);
    if (strstr(page.data, "nan") || strstr(page.data, "inf\""))
        complain("the status page has a number that is none");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    double now = take_seconds(&input);
    take_world(&input);
    check_formats();
    check_status_page(now);
    return 0;
}
