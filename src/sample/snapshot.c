// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/snapshot.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[SAMPLE_KINDS] = {
    [SAMPLE_COUNT] = "count",
    [SAMPLE_DETAIL] = "detail",
};

static const char *const role_names[TIME_WAIT_ROLES] = {
    [TIME_WAIT_SERVER] = "server",
    [TIME_WAIT_CLIENT] = "client",
};

static const char *const protocol_names[SOCKET_PROTOCOLS] = {
    [SOCKET_TCP] = "tcp",
    [SOCKET_UDP] = "udp",
};

const char *sample_kind_name(enum sample_kind kind)
{
    return kind_names[kind];
}

const char *time_wait_role_name(enum time_wait_role role)
{
    return role_names[role];
}

const char *socket_protocol_name(enum socket_protocol protocol)
{
    return protocol_names[protocol];
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

/* Pack what `ns`, itself a copy, points to, and let it point there. */
static void pack_namespace(struct packer *packer, struct namespace_snapshot *ns)
{
    ns->sampled_sockets =
        pack(packer, ns->sampled_sockets, TCP_STATES * sizeof *ns->sampled_sockets);
    ns->established_history =
        pack(packer, ns->established_history, sizeof *ns->established_history);
    ns->time_wait_history = pack(packer, ns->time_wait_history, sizeof *ns->time_wait_history);
    ns->queues = pack(packer, ns->queues, ns->queue_count * sizeof *ns->queues);
    ns->listeners = pack(packer, ns->listeners, ns->listener_count * sizeof *ns->listeners);
    for (int i = 0; i < SOCKET_PROTOCOLS; i++)
        pack_ports(packer, &ns->ports[i]);
}

static struct snapshot *pack_snapshot(struct packer *packer, const struct snapshot *snapshot)
{
    struct snapshot *copy = pack(packer, snapshot, sizeof *snapshot);
    struct namespace_snapshot *namespaces =
        pack(packer, snapshot->namespaces, snapshot->namespace_count * sizeof *namespaces);
    for (size_t i = 0; i < snapshot->namespace_count; i++) {
        struct namespace_snapshot ns = snapshot->namespaces[i];
        pack_namespace(packer, &ns);
        if (namespaces)
            namespaces[i] = ns;
    }
    if (copy)
        copy->namespaces = namespaces;
    return copy;
}

struct snapshot *snapshot_copy(const struct snapshot *snapshot)
{
    struct packer packer = {0};
    pack_snapshot(&packer, snapshot);
    packer.block = malloc(packer.used);
    packer.used = 0;
    return packer.block ? pack_snapshot(&packer, snapshot) : NULL;
}
