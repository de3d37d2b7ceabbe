// SPDX-License-Identifier: Apache-2.0
/*
 * What the exporter's sampler makes of the namespace of the calling thread, at one moment.
 */
#ifndef TESTS_SUPPORT_CAPTURE_H
#define TESTS_SUPPORT_CAPTURE_H

#include "sockdiag/sampler.h"

enum { CAPTURE_ROWS = 64 };

/* A snapshot that outlives its sampler: its pointers are into the arrays beside it. */
struct capture {
    struct snapshot snapshot;
    struct listener_row queues[LISTENER_RANKINGS * CAPTURE_ROWS];
    struct listener_row listeners[CAPTURE_ROWS];
    struct destination destinations[SOCKET_PROTOCOLS][CAPTURE_ROWS];
};

/* Take one count and one detail sample of the real kernel, with everything collected. Fails the
 * test when one of them fails. */
void capture_take(struct capture *capture);

/* The same with other ways to the kernel. */
void capture_take_through(struct capture *capture, const struct kernel_access *kernel);

/* The same of the real kernel, with so many listeners named by each ranking. */
void capture_take_few(struct capture *capture, size_t listeners_top);

#endif
