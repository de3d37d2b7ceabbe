// SPDX-License-Identifier: Apache-2.0
#include "socket_drops.h"

#include "base/index.h"

#include <stdlib.h>

enum { INDEX_SIZE = 2 * SOCKET_DROPS_CAPACITY };

struct entry {
    uint64_t cookie; /* the key */
    uint32_t reading;
    bool present; /* in this round */
};

struct socket_drops {
    bool based; /* the first round has ended */
    size_t count;
    struct index index;
    uint16_t places[INDEX_SIZE];
    struct entry entries[SOCKET_DROPS_CAPACITY];
};

struct socket_drops *socket_drops_create(void)
{
    /* calloc does not touch the pages of entries that are not in use. */
    struct socket_drops *drops = calloc(1, sizeof *drops);
    if (drops)
        drops->index =
            index_make(drops->places, INDEX_SIZE, drops->entries, sizeof drops->entries[0], 1);
    return drops;
}

void socket_drops_destroy(struct socket_drops *drops)
{
    free(drops);
}

uint32_t socket_drops_read(struct socket_drops *drops, uint64_t cookie, uint32_t reading)
{
    uint16_t *place = index_find(&drops->index, &cookie);
    if (!*place) {
        if (drops->count == SOCKET_DROPS_CAPACITY)
            return 0;
        drops->entries[drops->count] =
            (struct entry){.cookie = cookie, .reading = drops->based ? 0 : reading};
        *place = (uint16_t)++drops->count;
    }
    struct entry *entry = &drops->entries[*place - 1];
    uint32_t since = reading - entry->reading;
    entry->reading = reading;
    entry->present = true;
    return since;
}

static void forget_gone(struct socket_drops *drops)
{
    size_t kept = 0;
    for (size_t i = 0; i < drops->count; i++) {
        if (drops->entries[i].present)
            drops->entries[kept++] = drops->entries[i];
    }
    drops->count = kept;
    index_rebuild(&drops->index, kept);
}

void socket_drops_end_round(struct socket_drops *drops)
{
    if (drops->count > SOCKET_DROPS_CAPACITY / 2)
        forget_gone(drops);
    for (size_t i = 0; i < drops->count; i++)
        drops->entries[i].present = false;
    drops->based = true;
}
