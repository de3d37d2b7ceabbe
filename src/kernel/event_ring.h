// SPDX-License-Identifier: Apache-2.0
/*
 * Samples of the tracepoint sock:inet_sock_set_state in a ring that the kernel fills
 * (perf_event_open(2)). Private to src/kernel.
 */
#ifndef SOCKDIAG_KERNEL_EVENT_RING_H
#define SOCKDIAG_KERNEL_EVENT_RING_H

#include "tcp_events.h"

#include <linux/perf_event.h>
#include <stdbool.h>

/* Where the fields of the tracepoint are in its data; they differ between kernels. */
struct event_layout {
    size_t family, remote_port, remote_ipv4, remote_ipv6;
    size_t size; /* the end of the last of them */
};

/* Find them in the text of the tracepoint's file "format". */
bool event_layout_parse(const char *format, struct event_layout *layout);

/* The properties that all rings share. */
struct event_form {
    struct event_layout layout;
    bool has_cgroups;
    size_t page_size, ring_size; /* a page for the kernel and us, then the data */
};

/* Call `consume` for each new sample, and make room for more. Returns how many were lost. */
uint64_t event_ring_read(const struct event_form *form, struct perf_event_mmap_page *ring,
                         tcp_event_consumer *consume, void *context);

#endif
