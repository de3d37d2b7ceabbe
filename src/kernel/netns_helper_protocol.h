// SPDX-License-Identifier: Apache-2.0
/*
 * The packets between the exporter and its helper: one request, then one answer, each of fixed
 * size, on a pair of SOCK_SEQPACKET sockets. Both sides are the same program, so the compiler lays
 * out the packets the same way. Each side checks all that it receives. Private to src/kernel.
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

/* A successful answer comes with one descriptor or, if the settings were asked for, with all
 * NETNS_DESCRIPTORS in their order. A failed one comes with none. Answer number 0 says that the
 * helper is ready, or why it is not. */
struct helper_answer {
    uint32_t magic;
    uint32_t number; /* the request's */
    int32_t error;   /* an errno, 0 for success */
    uint32_t descriptors;
    uint64_t inode; /* of /proc/thread-self/net/sockstat in the namespace */
};

#endif
