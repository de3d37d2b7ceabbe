// SPDX-License-Identifier: Apache-2.0
#include "history.h"

#include <string.h>

static size_t find_place(int64_t slot)
{
    return (size_t)(slot % HISTORY_SLOTS);
}

/* Make `slot` the newest: the slots up to it lose their values of 15 minutes ago. */
static void advance(struct history *history, int64_t slot)
{
    if (slot - history->newest >= HISTORY_SLOTS)
        memset(history->known, 0, sizeof history->known);
    else
        for (int64_t passed = history->newest + 1; passed <= slot; passed++)
            history->known[find_place(passed)] = false;
    history->newest = slot;
}

void history_observe(struct history *history, int64_t now, uint64_t value)
{
    int64_t slot = now / HISTORY_SLOT_LENGTH;
    advance(history, slot);
    size_t place = find_place(slot);
    if (!history->known[place] || value > history->highest[place])
        history->highest[place] = value;
    history->known[place] = true;
}

bool history_read(const struct history *history, size_t age, uint64_t *highest)
{
    int64_t slot = history->newest - (int64_t)age;
    if (slot < 0 || !history->known[find_place(slot)])
        return false;
    *highest = history->highest[find_place(slot)];
    return true;
}
