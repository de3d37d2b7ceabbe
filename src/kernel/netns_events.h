// SPDX-License-Identifier: Apache-2.0
/*
 * Signs that a network namespace came or went, without privilege: the kernel reports the
 * first veth that reaches into a namespace and the end of such a namespace (RTNLGRP_NSID,
 * net/core/net_namespace.c), and `ip netns` makes and removes files in /run/netns (inotify).
 * Namespaces without either come and go unannounced.
 */
#ifndef SOCKDIAG_KERNEL_NETNS_EVENTS_H
#define SOCKDIAG_KERNEL_NETNS_EVENTS_H

#include <stdbool.h>

struct netns_events {
    const char *names_root; /* "/run/netns", or a test's directory */
    int link;               /* netlink; this and the next two are -1 if they cannot be opened */
    int files;              /* inotify */
    int watch;              /* of names_root, -1 while it does not exist */
};

/* A source that cannot be opened gives no events. `names_root` must outlive them. */
void netns_events_open(struct netns_events *events, const char *names_root);
void netns_events_close(struct netns_events *events);

/* Did any event come since the last call? Does not wait. */
bool netns_events_take(struct netns_events *events);

#endif
