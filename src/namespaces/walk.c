// SPDX-License-Identifier: Apache-2.0
#include "walk.h"

#include "kernel/interface_name.h"
#include "sockdiag/sock_diag.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Duplicate the door's socket, because the dump closes the one that it gets. */
static int open_through_door(void *context)
{
    const struct netns_door *door = context;
    int fd = fcntl(door->descriptors[NETNS_SOCKET], F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

static bool list_sockets(const struct netns_door *door, tcp_state_set states,
                         socket_record_consumer *consume, void *context, struct fault *fault)
{
    const struct kernel_access kernel = {.open_sock_diag = open_through_door,
                                         .opener_context = (void *)door};
    const struct sock_diag_query query = {.states = states};
    uint64_t rows;
    return sock_diag_dump_tcp(&kernel, &query, consume, context, &rows, fault);
}

struct walk {
    struct port_usage *usage;
    struct walk_result *result;
};

/* The kernel lists listeners first, so their ports are known when connections come: port_usage does
 * not count a connection at a listener's port as one of a client. */
static void take_record(void *context, const struct socket_record *record)
{
    struct walk *walk = context;
    walk->result->sockets[record->state]++;
    if (record->state == TCP_STATE_LISTEN)
        port_usage_add_owner(walk->usage, record);
    else if (record->state != TCP_STATE_SYN_RECV)
        port_usage_add_holder(walk->usage, record);
}

/* Read tcp_max_tw_buckets: a number such as 262144; below 0 there is no limit. */
static void read_time_wait_limit(const struct netns_door *door, struct walk_result *result)
{
    char text[32], *end;
    ssize_t length = read(door->descriptors[NETNS_TIME_WAIT_LIMIT], text, sizeof text - 1);
    if (length <= 0)
        return;
    text[length] = '\0';
    long long limit = strtoll(text, &end, 10);
    result->has_time_wait_limit = end != text && limit >= 0;
    result->time_wait_limit = result->has_time_wait_limit ? (uint64_t)limit : 0;
}

bool walk_sockets(struct port_usage *scratch, const struct netns_door *door,
                  struct walk_result *result, struct fault *fault)
{
    struct port_settings settings;
    memset(result, 0, sizeof *result);
    struct walk walk = {scratch, result};
    if (!procfs_read_open_port_settings(door->descriptors[NETNS_PORT_RANGE],
                                        door->descriptors[NETNS_RESERVED_PORTS], &settings, fault))
        return false;
    read_time_wait_limit(door, result);
    port_usage_forget(scratch);
    port_usage_begin(scratch, &settings);
    if (!list_sockets(door, TCP_STATE_SET_ALL & ~tcp_state_bit(TCP_STATE_BOUND_INACTIVE),
                      take_record, &walk, fault))
        return false;
    result->ports = port_usage_summarize(scratch);
    result->destination_count =
        port_usage_pick_top(scratch, result->destinations, WALK_DESTINATIONS);
    for (size_t i = 0; i < result->destination_count; i++)
        interface_name_read_through(door->descriptors[NETNS_SOCKET],
                                    result->destinations[i].interface,
                                    result->destinations[i].interface_name);
    return true;
}

static double compute_fill(uint64_t length, uint64_t limit)
{
    return (double)length / (double)(limit > 0 ? limit : 1);
}

static void take_listener(void *context, const struct socket_record *record)
{
    struct walk_queue *queue = context;
    if (queue->present && compute_fill(record->receive_queue, record->send_queue) <=
                              compute_fill(queue->length, queue->limit))
        return;
    *queue = (struct walk_queue){
        .present = true,
        .family = record->family,
        .address = record->local_address,
        .port = record->local_port,
        .interface = record->interface,
        .length = record->receive_queue,
        .limit = record->send_queue,
    };
}

bool walk_listeners(const struct netns_door *door, struct walk_queue *queue, struct fault *fault)
{
    *queue = (struct walk_queue){0};
    bool whole = list_sockets(door, tcp_state_bit(TCP_STATE_LISTEN), take_listener, queue, fault);
    interface_name_read_through(door->descriptors[NETNS_SOCKET], queue->interface,
                                queue->interface_name);
    return whole;
}
