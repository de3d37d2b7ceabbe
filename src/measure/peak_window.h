// SPDX-License-Identifier: Apache-2.0
/*
 * The highest value within a sliding window of time, in constant memory: the window is cut into
 * equal slots and each keeps its highest. A value is remembered for the whole window and at most
 * one slot longer. Reading never resets it: any number of scrapers see the same peak.
 */
#ifndef SOCKDIAG_PEAK_WINDOW_H
#define SOCKDIAG_PEAK_WINDOW_H

#include <stdint.h>

enum { PEAK_WINDOW_SLOTS = 60 };

/* All zero is an empty window. */
struct peak_window {
    int64_t newest_slot; /* number of the slot of the last observation, since time 0 */
    /* One slot more than the window has, for the newest is not full yet. */
    uint64_t highest[PEAK_WINDOW_SLOTS + 1];
};

/* Take in `value` seen at `now`. `now` (nanoseconds, at least 0) must not go back; `window`, also
 * in nanoseconds, is above 0 and the same at every call. */
void peak_window_observe(struct peak_window *peak, int64_t window, int64_t now, uint64_t value);

/* The highest value up to the last observation; 0 before the first. */
uint64_t peak_window_highest(const struct peak_window *peak);

#endif
