// SPDX-License-Identifier: Apache-2.0
#include "peak_window.h"

enum { RING = PEAK_WINDOW_SLOTS + 1 };

void peak_window_observe(struct peak_window *peak, int64_t window, int64_t now, double value)
{
    int64_t slot_length = (window + PEAK_WINDOW_SLOTS - 1) / PEAK_WINDOW_SLOTS;
    int64_t slot = now / slot_length;
    int64_t passed = slot - peak->newest_slot;
    for (int64_t i = 1; i <= passed && i <= RING; i++)
        peak->highest[(peak->newest_slot + i) % RING] = 0;
    peak->newest_slot = slot;

    double *highest = &peak->highest[slot % RING];
    if (value > *highest)
        *highest = value;
}

double peak_window_read(const struct peak_window *peak)
{
    double highest = 0;
    for (int i = 0; i < RING; i++) {
        if (peak->highest[i] > highest)
            highest = peak->highest[i];
    }
    return highest;
}
