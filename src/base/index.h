// SPDX-License-Identifier: Apache-2.0
/*
 * Finds the entries of an array by their keys: a hash table with open addressing and linear
 * probing. The hash is seeded, so that nobody outside can choose addresses and ports that collide.
 * In the header, because a dump calls it for each of a million sockets.
 */
#ifndef SOCKDIAG_INDEX_H
#define SOCKDIAG_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest key: two IPv6 addresses and a port. */
enum { INDEX_KEY_WORDS = 5 };

struct index_key {
    uint64_t word[INDEX_KEY_WORDS];
    uint32_t count; /* words in use; the others do not matter */
};

struct index {
    uint64_t seed;
    uint16_t *places; /* positions in `entries` plus one; 0 is a free place */
    size_t size;      /* places: a power of two, and at least twice the entries */
    const char *entries;
    size_t entry_size;
};

/* An empty index of `entries`, each of which begins with its struct index_key. Both arrays belong
 * to the caller; all places are 0. The seed is different for each index. */
struct index index_make(uint16_t *places, size_t size, const void *entries, size_t entry_size);

/* Forget all entries. */
void index_clear(struct index *index);

/* Each bit of the result depends on the whole word and the whole hash. */
static inline uint64_t index_mix(uint64_t hash, uint64_t word)
{
    hash ^= word;
    hash = (hash >> 32) * (uint32_t)hash;
    return hash ^ hash >> 32;
}

static inline bool index_is_same_key(const struct index_key *a, const struct index_key *b)
{
    uint32_t i = 0;
    while (i < a->count && a->word[i] == b->word[i])
        i++;
    return i == a->count && i == b->count;
}

/* The place of the entry with this key or, if there is none, the free place where its position
 * plus one belongs. */
static inline uint16_t *index_find(const struct index *index, const struct index_key *key)
{
    uint64_t place = index->seed;
    for (uint32_t i = 0; i < key->count; i++)
        place = index_mix(place, key->word[i]);
    for (place = index_mix(place, index->seed);; place++) {
        uint16_t *found = &index->places[place & (index->size - 1)];
        if (*found == 0)
            return found;
        const void *entry = index->entries + (*found - 1U) * index->entry_size;
        if (index_is_same_key(entry, key))
            return found;
    }
}

#endif
