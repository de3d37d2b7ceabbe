// SPDX-License-Identifier: Apache-2.0
/*
 * A snapshot of the calling thread's namespace, made by the exporter's sampler.
 */
#ifndef TESTS_SUPPORT_CAPTURE_H
#define TESTS_SUPPORT_CAPTURE_H

#include "sockdiag/sampler.h"

enum { CAPTURE_ROWS = 64 };

/* A snapshot that outlives its sampler: its pointers refer to the arrays below. */
struct capture {
    struct snapshot snapshot;
    struct listener_row queues[LISTENER_RANKINGS * CAPTURE_ROWS];
    struct listener_row listeners[CAPTURE_ROWS];
    struct destination destinations[SOCKET_PROTOCOLS][CAPTURE_ROWS];
    struct udp_socket_row udp_rows[CAPTURE_ROWS];
    struct unix_listener_row unix_rows[CAPTURE_ROWS];
};

/* Take a count, a detail and a ports sample from the real kernel, with all collectors. Fails the
 * test when one of them fails, or when the last two disagree: sockets must not change meanwhile. */
void capture_take(struct capture *capture);

/* The same with a different kernel_access. */
void capture_take_through(struct capture *capture, const struct kernel_access *kernel);

/* The same as capture_take(), with `listeners_top` listeners named by each ranking. */
void capture_take_few(struct capture *capture, size_t listeners_top);

#endif
