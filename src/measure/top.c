// SPDX-License-Identifier: Apache-2.0
#include "top.h"

void top_offer(struct top *top, double rank, const void *entry)
{
    size_t place = top->count;
    for (; place > 0; place--) {
        const struct candidate *before = &top->candidates[place - 1];
        if (before->rank > rank ||
            (before->rank == rank && (!top->compare || top->compare(before->entry, entry) <= 0)))
            break;
        if (place < top->limit)
            top->candidates[place] = *before;
    }
    if (place == top->limit)
        return;
    top->candidates[place] = (struct candidate){rank, (void *)entry};
    if (top->count < top->limit)
        top->count++;
}
