// SPDX-License-Identifier: Apache-2.0
/*
 * One walk over the TCP sockets of a network namespace, through a door that the helper opened: its
 * states, ports and destinations, exactly. All walks share one scratch.
 */
#ifndef SOCKDIAG_NAMESPACES_WALK_H
#define SOCKDIAG_NAMESPACES_WALK_H

#include "base/fault.h"
#include "kernel/netns_helper.h"
#include "measure/port_usage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The destinations that a walk names. */
enum { WALK_DESTINATIONS = 10 };

struct walk_result {
    /* BOUND_INACTIVE is not listed: the kernel would look at the bound ports of the whole host.
     * Ports that such sockets own count as usable. */
    uint64_t sockets[TCP_STATES];
    struct port_summary ports;
    struct destination destinations[WALK_DESTINATIONS]; /* the fullest */
    size_t destination_count;
    bool has_time_wait_limit; /* false: none, or unknown */
    uint64_t time_wait_limit; /* tcp_max_tw_buckets */
};

/* The accept queue with the largest share of its limit in use. */
struct walk_queue {
    bool present; /* there is a listener */
    enum ip_family family;
    struct ip_address address;
    uint16_t port;
    uint32_t interface; /* the index of the one that it is bound to, or 0 */
    char interface_name[INTERFACE_NAME_SIZE];
    uint32_t length; /* connections */
    uint32_t limit;
};

/* Walk through `door`, which has the settings. All walks share `scratch`, which has a table of
 * destinations: 1.8 MiB once it was filled. False with `fault` filled when the result is
 * incomplete.
 */
bool walk_sockets(struct port_usage *scratch, const struct netns_door *door,
                  struct walk_result *result, struct fault *fault);

/* Look at the listeners alone: cheap in any namespace. */
bool walk_listeners(const struct netns_door *door, struct walk_queue *queue, struct fault *fault);

#endif
