// SPDX-License-Identifier: Apache-2.0
/*
 * Faults of the sampling: each is counted; a log line tells of it once, and again after five
 * minutes if it stays or comes back, however often it is met. Private to src/sample.
 */
#ifndef SOCKDIAG_SAMPLE_FAULT_LOG_H
#define SOCKDIAG_SAMPLE_FAULT_LOG_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

/* What may fail apart from the others. */
enum fault_source {
    SOURCE_COUNT_SAMPLE,
    SOURCE_TIME_WAIT,
    SOURCE_COUNTERS,
    SOURCE_SETTINGS,
    SOURCE_DETAIL_SAMPLE,
    SOURCE_PORT_SETTINGS,
    SOURCE_UDP,
    FAULT_SOURCES
};

/* All zero is a log without faults. */
struct fault_log {
    uint64_t count[FAULT_REASONS];
    struct {
        int64_t quiet_until[FAULT_REASONS];
        uint64_t failures; /* in a row; 0 while all is well */
        bool told;         /* this run of failures is in the log: so will its end be */
    } source[FAULT_SOURCES];
};

/* `now` is monotonic, in nanoseconds. */
void fault_log_add_failure(struct fault_log *log, enum fault_source source,
                           const struct fault *fault, int64_t now);
void fault_log_add_success(struct fault_log *log, enum fault_source source);

#endif
