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

struct snapshot *snapshot_copy(const struct snapshot *snapshot)
{
    size_t rows = snapshot->queue_count + snapshot->listener_count;
    size_t udp_size = snapshot->udp_row_count * sizeof *snapshot->udp_rows;
    size_t unix_size = snapshot->unix_row_count * sizeof *snapshot->unix_rows;
    size_t destinations = 0;
    for (int i = 0; i < SOCKET_PROTOCOLS; i++)
        destinations += snapshot->ports[i].destination_count;
    size_t namespaces_size = snapshot->namespaces.count * sizeof *snapshot->namespaces.rows;
    struct snapshot *copy =
        malloc(sizeof *copy + rows * sizeof *copy->queues + udp_size + unix_size +
               destinations * sizeof *copy->ports->destinations + namespaces_size);
    if (!copy)
        return NULL;
    *copy = *snapshot;
    char *end = (char *)(copy + 1);
    copy->queues = append(&end, copy->queues, copy->queue_count * sizeof *copy->queues);
    copy->listeners = append(&end, copy->listeners, copy->listener_count * sizeof *copy->listeners);
    copy->udp_rows = append(&end, copy->udp_rows, udp_size);
    copy->unix_rows = append(&end, copy->unix_rows, unix_size);
    copy->namespaces.rows = append(&end, copy->namespaces.rows, namespaces_size);
    for (int i = 0; i < SOCKET_PROTOCOLS; i++) {
        struct port_snapshot *ports = &copy->ports[i];
        ports->destinations = append(&end, ports->destinations,
                                     ports->destination_count * sizeof *ports->destinations);
    }
    return copy;
}
