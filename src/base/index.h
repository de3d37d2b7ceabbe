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

struct index {
    uint64_t seed;
    uint16_t *places; /* positions in `entries` plus one; 0 is a free place */
    size_t size;      /* places: a power of two, and at least twice the entries */
    const char *entries;
    size_t entry_size;
    size_t key_words;
};

/* An empty index of `entries`, each of which begins with its key: `key_words` words. Both arrays
 * belong to the caller; all places are 0. Each index has a different seed. */
struct index index_make(uint16_t *places, size_t size, const void *entries, size_t entry_size,
                        size_t key_words);

/* Forget all entries. */
void index_clear(struct index *index);

/* Forget all entries and enter the first `count`, after some were removed from the array. */
void index_rebuild(struct index *index, size_t count);

/* Hash the key. The product of a word's halves makes each difference between keys depend on the
 * seed. The constant (2^64 / the golden ratio) spreads consecutive keys. */
static inline uint64_t index_hash(const struct index *index, const uint64_t *key)
{
    const uint64_t constant = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = 0, mask = index->seed;
    for (size_t i = 0; i < index->key_words; i++, mask += constant) {
        uint64_t word = key[i] ^ mask;
        hash += (word >> 32) * (uint32_t)word;
    }
    return (hash ^ hash >> 32) * constant >> 32;
}

/* Find the place of the entry with this key or, if there is none, the free place where its position
 * plus one belongs. */
static inline uint16_t *index_find(const struct index *index, const uint64_t *key)
{
    for (uint64_t place = index_hash(index, key);; place++) {
        uint16_t *found = &index->places[place & (index->size - 1)];
        if (*found == 0)
            return found;
        const void *entry = index->entries + (*found - 1U) * index->entry_size;
        const uint64_t *other = entry;
        size_t same = 0;
        while (same < index->key_words && other[same] == key[same])
            same++;
        if (same == index->key_words)
            return found;
    }
}

#endif
