// SPDX-License-Identifier: Apache-2.0
/*
 * What the exporter and its helper say to each other: one request, then one answer, each a packet
 * of fixed size on a pair of SOCK_SEQPACKET sockets. Both are one program, so the layout is the
 * compiler's. Both check everything that they receive. Private to src/kernel.
 */
#ifndef SOCKDIAG_KERNEL_NETNS_HELPER_PROTOCOL_H
#define SOCKDIAG_KERNEL_NETNS_HELPER_PROTOCOL_H

#include "netns_helper.h"

#include <stdint.h>

/* In all packets: "nswk". */
#define HELPER_MAGIC UINT32_C(0x6e73776b)

struct helper_request {
    uint32_t magic;
    uint32_t number; /* counts from 1 */
    uint32_t with_settings;
    struct netns_target target; /* all bytes after the name are 0 */
};

/* A successful answer comes with one descriptor, or all NETNS_DESCRIPTORS if the settings were
 * asked for, in their order. Another comes with none. Number 0: the helper is ready, or why not. */
struct helper_answer {
    uint32_t magic;
    uint32_t number; /* the request's */
    int32_t error;   /* an errno, 0 for success */
    uint32_t descriptors;
    uint64_t inode; /* of /proc/thread-self/net/sockstat in the namespace */
};

#endif
