// SPDX-License-Identifier: Apache-2.0
/*
 * Faults of the sampling. Each is counted. It is logged once, and again after five minutes if it
 * lasts or returns; but that the kernel has no module for UDP or UNIX sockets is logged only once.
 * Private to src/sample.
 */
#ifndef SOCKDIAG_SAMPLE_FAULT_LOG_H
#define SOCKDIAG_SAMPLE_FAULT_LOG_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

/* Parts that can fail independently. */
enum fault_source {
    SOURCE_COUNT_SAMPLE,
    SOURCE_TIME_WAIT,
    SOURCE_COUNTERS,
    SOURCE_SETTINGS,
    SOURCE_PRESSURE,
    SOURCE_PORTS_SAMPLE,
    SOURCE_DETAIL_SAMPLE,
    SOURCE_PORT_SETTINGS,
    SOURCE_PORT_BOUND,
    SOURCE_UDP,
    SOURCE_UNIX,
    SOURCE_NAMESPACES,
    FAULT_SOURCES
};

/* All zero is a log without faults. */
struct fault_log {
    uint64_t count[FAULT_REASONS];
    struct {
        int64_t quiet_until[FAULT_REASONS];
        uint64_t failures; /* in a row; 0 after a success */
        bool logged;       /* these failures are in the log: their end will be logged, too */
    } source[FAULT_SOURCES];
};

/* Record a success, or the fault of a failure. `now` is monotonic, in nanoseconds. Returns `good`.
 */
bool fault_log_add(struct fault_log *log, enum fault_source source, bool good,
                   const struct fault *fault, int64_t now);

#endif
