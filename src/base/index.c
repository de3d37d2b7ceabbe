// SPDX-License-Identifier: Apache-2.0
#include "index.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

static uint64_t make_seed(void)
{
    uint64_t seed;
    /* getrandom() never returns only a part of so few bytes (getrandom(2)). It fails before Linux
     * 3.17: the time has to do there. */
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        seed = (uint64_t)time(NULL) * UINT64_C(0x9e3779b97f4a7c15);
    return seed;
}

struct index index_make(uint16_t *places, size_t size, const void *entries, size_t entry_size,
                        size_t key_words)
{
    return (struct index){make_seed(), places, size, entries, entry_size, key_words};
}

void index_clear(struct index *index)
{
    memset(index->places, 0, index->size * sizeof *index->places);
}

void index_rebuild(struct index *index, size_t count)
{
    index_clear(index);
    for (size_t i = 0; i < count; i++) {
        const void *entry = index->entries + i * index->entry_size;
        *index_find(index, entry) = (uint16_t)(i + 1);
    }
}
