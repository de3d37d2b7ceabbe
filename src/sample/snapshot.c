// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/snapshot.h"

#include <stdlib.h>
#include <string.h>

const char *sample_kind_name(enum sample_kind kind)
{
    static const char *const names[] = {
        [SAMPLE_COUNT] = "count", [SAMPLE_PORTS] = "ports", [SAMPLE_DETAIL] = "detail"};
    return names[kind];
}

const char *time_wait_role_name(enum time_wait_role role)
{
    static const char *const names[] = {
        [TIME_WAIT_SERVER] = "server", [TIME_WAIT_CLIENT] = "client"};
    return names[role];
}

const char *socket_protocol_name(enum socket_protocol protocol)
{
    static const char *const names[] = {[SOCKET_TCP] = "tcp", [SOCKET_UDP] = "udp"};
    return names[protocol];
}

enum port_scope port_main_scope(enum socket_protocol protocol)
{
    return protocol == SOCKET_TCP ? PORT_SCOPE_DESTINATION : PORT_SCOPE_HOST;
}

/* Copy `size` bytes of `data` to `*end` and advance it. Returns the copy, or NULL if `size` is 0.
 */
static void *append(char **end, const void *data, size_t size)
{
    char *copy = *end;
    *end += size;
    return size > 0 ? memcpy(copy, data, size) : NULL;
}

/* The size of all rows that a snapshot points to. */
static size_t measure_rows(const struct snapshot *snapshot)
{
    size_t listeners = snapshot->queue_count + snapshot->listener_count;
    size_t destinations = 0;
    for (int i = 0; i < SOCKET_PROTOCOLS; i++)
        destinations += snapshot->ports[i].destination_count;
    size_t sources = 0;
    for (int i = 0; i < TCP_EVENTS; i++)
        sources += snapshot->events[i].report.row_count;
    size_t paths = snapshot->has_cgroups ? snapshot->queue_count + destinations : 0;
    return listeners * sizeof *snapshot->queues +
           snapshot->udp_row_count * sizeof *snapshot->udp_rows +
           snapshot->unix_row_count * sizeof *snapshot->unix_rows +
           destinations * sizeof *snapshot->ports->destinations +
           snapshot->cgroup_count * sizeof *snapshot->cgroups +
           paths * sizeof *snapshot->queue_cgroups +
           sources * sizeof *snapshot->events->report.rows +
           snapshot->namespaces.count * sizeof *snapshot->namespaces.rows;
}

struct snapshot *snapshot_copy(const struct snapshot *snapshot)
{
    struct snapshot *copy = malloc(sizeof *copy + measure_rows(snapshot));
    if (!copy)
        return NULL;
    *copy = *snapshot;
    char *end = (char *)(copy + 1);
    size_t path_size = copy->has_cgroups ? sizeof *copy->queue_cgroups : 0;
    copy->queues = append(&end, copy->queues, copy->queue_count * sizeof *copy->queues);
    copy->listeners = append(&end, copy->listeners, copy->listener_count * sizeof *copy->listeners);
    copy->udp_rows = append(&end, copy->udp_rows, copy->udp_row_count * sizeof *copy->udp_rows);
    copy->unix_rows = append(&end, copy->unix_rows, copy->unix_row_count * sizeof *copy->unix_rows);
    copy->cgroups = append(&end, copy->cgroups, copy->cgroup_count * sizeof *copy->cgroups);
    copy->namespaces.rows =
        append(&end, copy->namespaces.rows, copy->namespaces.count * sizeof *copy->namespaces.rows);
    for (int i = 0; i < TCP_EVENTS; i++) {
        struct event_report *report = &copy->events[i].report;
        report->rows = append(&end, report->rows, report->row_count * sizeof *report->rows);
    }
    for (int i = 0; i < SOCKET_PROTOCOLS; i++) {
        struct port_snapshot *ports = &copy->ports[i];
        size_t count = ports->destination_count;
        ports->destinations =
            append(&end, ports->destinations, count * sizeof *ports->destinations);
        ports->destination_cgroups = append(&end, ports->destination_cgroups, count * path_size);
    }
    copy->queue_cgroups = append(&end, copy->queue_cgroups, copy->queue_count * path_size);
    return copy;
}
