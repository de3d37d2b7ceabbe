// SPDX-License-Identifier: Apache-2.0
/*
 * The highest value within a sliding window of time, in constant memory: each of 60 equal slots
 * keeps its highest. A value is remembered for the window and at most one slot longer. Reading does
 * not reset it: all scrapers see the same peak.
 */
#ifndef SOCKDIAG_PEAK_WINDOW_H
#define SOCKDIAG_PEAK_WINDOW_H

#include <stdint.h>

enum { PEAK_WINDOW_SLOTS = 60 };

/* All zero is an empty window. */
struct peak_window {
    int64_t newest_slot; /* of the last value, counted from time 0 */
    /* One more than the window has, because the newest is not complete. */
    double highest[PEAK_WINDOW_SLOTS + 1];
};

/* Add `value`, observed at `now`: nanoseconds, not before that of the last call. `window`, also in
 * nanoseconds, is positive and the same in all calls. */
void peak_window_observe(struct peak_window *peak, int64_t window, int64_t now, double value);

/* Read the highest value of the window that ends with the last value; 0 before the first. */
double peak_window_read(const struct peak_window *peak);

#endif
