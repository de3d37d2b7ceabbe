// SPDX-License-Identifier: Apache-2.0
/*
 * The last quarter of an hour of a count, for a chart: the highest value in each slot of five
 * seconds, so that a short spike is not lost between two points.
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
    uint64_t highest[HISTORY_SLOTS]; /* of slot number n: at n % HISTORY_SLOTS */
    bool known[HISTORY_SLOTS];       /* something was observed in that slot */
    int64_t newest;                  /* number of the slot last observed in */
    bool started;
};

/* Take in `value`, seen at `now`: monotonic, in nanoseconds, never before an earlier call's. Slots
 * that were passed over since are unknown. */
void history_observe(struct history *history, int64_t now, uint64_t value);

/* The highest value of the slot that lies `age` slots (less than HISTORY_SLOTS) before the newest;
 * false where nothing was observed. */
bool history_at(const struct history *history, size_t age, uint64_t *highest);

#endif
