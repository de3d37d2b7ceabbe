// SPDX-License-Identifier: Apache-2.0
/*
 * The last 15 minutes of a count, for a chart: the highest value in each slot of five seconds, so
 * that the chart shows short spikes.
 */
#ifndef SOCKDIAG_HISTORY_H
#define SOCKDIAG_HISTORY_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HISTORY_SLOTS = 180 };
#define HISTORY_SLOT_LENGTH (5 * NANOSECONDS_PER_SECOND)

/* All zero is an empty history. */
struct history {
    uint64_t highest[HISTORY_SLOTS]; /* of slot n at n % HISTORY_SLOTS */
    bool known[HISTORY_SLOTS];
    int64_t newest; /* the last slot with a value */
};

/* Add `value`, observed at `now`: monotonic nanoseconds, not before that of the last call. Slots
 * without a value are unknown. */
void history_observe(struct history *history, int64_t now, uint64_t value);

/* Read the highest value of the slot that is `age` slots (less than HISTORY_SLOTS) before the
 * newest. False when it is unknown. */
bool history_read(const struct history *history, size_t age, uint64_t *highest);

#endif
