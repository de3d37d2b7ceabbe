// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/snapshot.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

const char *sample_kind_name(enum sample_kind kind)
{
    static const char *const names[] = {[SAMPLE_COUNT] = "count", [SAMPLE_DETAIL] = "detail"};
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

/* Puts copies one after the other into a block; without one it only finds how large it must be. */
struct packer {
    char *block;
    size_t used;
};

static void *pack(struct packer *packer, const void *data, size_t size)
{
    if (size == 0)
        return NULL;
    char *place = packer->block ? packer->block + packer->used : NULL;
    if (place)
        memcpy(place, data, size);
    packer->used += (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    return place;
}

static void pack_ports(struct packer *packer, struct port_snapshot *ports)
{
    if (!ports->present) {
        ports->destination_count = 0;
        return;
    }
    ports->sampled_utilization =
        pack(packer, ports->sampled_utilization, PORT_SCOPES * sizeof *ports->sampled_utilization);
    ports->destinations =
        pack(packer, ports->destinations, ports->destination_count * sizeof *ports->destinations);
}

static struct snapshot *pack_snapshot(struct packer *packer, const struct snapshot *snapshot)
{
    struct snapshot *place = pack(packer, snapshot, sizeof *snapshot);
    struct snapshot copy = *snapshot;
    copy.sampled_sockets =
        pack(packer, copy.sampled_sockets, TCP_STATES * sizeof *copy.sampled_sockets);
    copy.established_history =
        pack(packer, copy.established_history, sizeof *copy.established_history);
    copy.time_wait_history = pack(packer, copy.time_wait_history, sizeof *copy.time_wait_history);
    copy.queues = pack(packer, copy.queues, copy.queue_count * sizeof *copy.queues);
    copy.listeners = pack(packer, copy.listeners, copy.listener_count * sizeof *copy.listeners);
    for (int i = 0; i < SOCKET_PROTOCOLS; i++)
        pack_ports(packer, &copy.ports[i]);
    if (place)
        *place = copy;
    return place;
}

struct snapshot *snapshot_copy(const struct snapshot *snapshot)
{
    struct packer packer = {0};
    pack_snapshot(&packer, snapshot);
    packer.block = malloc(packer.used);
    packer.used = 0;
    return packer.block ? pack_snapshot(&packer, snapshot) : NULL;
}
