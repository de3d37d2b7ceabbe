// SPDX-License-Identifier: Apache-2.0
#include "hash.h"

#include <sys/random.h>
#include <time.h>

uint64_t hash_random_seed(void)
{
    uint64_t seed;
    /* Never short for so few bytes; fails only on kernels before 3.17, where the time must do. */
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        seed = (uint64_t)time(NULL) * UINT64_C(0x9e3779b97f4a7c15);
    return seed;
}

/* Fold the 128-bit product of two words: each input bit reaches all output bits in one multiply. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 uint128;
    uint128 product = (uint128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t hash_words(uint64_t seed, const uint32_t *words, size_t count)
{
    uint64_t hash = seed ^ UINT64_C(0x9e3779b97f4a7c15);
    size_t i = 0;
    for (; i + 1 < count; i += 2) {
        uint64_t pair = (uint64_t)words[i] << 32 | words[i + 1];
        hash = mix(hash ^ pair, UINT64_C(0xd6e8feb86659fd93) ^ seed);
    }
    if (i < count)
        hash = mix(hash ^ words[i], UINT64_C(0xd6e8feb86659fd93) ^ seed);
    return mix(hash ^ count, UINT64_C(0xa0761d6478bd642f));
}
