// SPDX-License-Identifier: Apache-2.0
/*
 * TCP segments from a host that does not exist: they are written into the far end of the void
 * (netns.h), so the kernel receives them at the near end like any other.
 */
#ifndef TESTS_SUPPORT_RAW_SEGMENT_H
#define TESTS_SUPPORT_RAW_SEGMENT_H

#include <netinet/tcp.h>
#include <stdint.h>

#include "endpoint.h"

/* A segment without payload. Two v4-mapped endpoints make it an IPv4 packet, else it is IPv6. */
struct raw_segment {
    struct endpoint from, to;
    uint32_t sequence;
    uint32_t acknowledgement; /* counts if TH_ACK is among the flags */
    uint8_t flags;            /* TH_SYN, TH_ACK, TH_FIN, TH_RST */
};

/* Opens the way in; needs the void. Returns a descriptor for close(), or -errno. */
int raw_segment_open(void);

/*
 * Sends one segment. Usually, but not always, the kernel has worked it off when this returns; when
 * too many wait for that, this waits for them, so none is lost. Returns 0 or -errno.
 */
int raw_segment_send(int injector, const struct raw_segment *segment);

#endif
