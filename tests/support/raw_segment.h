// SPDX-License-Identifier: Apache-2.0
/*
 * TCP segments from a host that does not exist: written into the far end of the void (netns.h),
 * they arrive at the near end like any other.
 */
#ifndef TESTS_SUPPORT_RAW_SEGMENT_H
#define TESTS_SUPPORT_RAW_SEGMENT_H

#include <netinet/tcp.h>
#include <stdint.h>

#include "endpoint.h"

/* A segment without payload. Two v4-mapped endpoints make an IPv4 packet, others an IPv6 packet. */
struct raw_segment {
    struct endpoint from, to;
    uint32_t sequence;
    uint32_t acknowledgement; /* valid with TH_ACK in the flags */
    uint8_t flags;            /* TH_SYN, TH_ACK, TH_FIN, TH_RST */
};

/* Opens the far end of the void. Returns a descriptor for close(), or -errno. */
int raw_segment_open(void);

/*
 * Sends one segment. Usually the kernel has processed it when this returns. When too many segments
 * are waiting, this waits for them, so none is lost. Returns 0 or -errno.
 */
int raw_segment_send(int injector, const struct raw_segment *segment);

#endif
