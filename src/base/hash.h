// SPDX-License-Identifier: Apache-2.0
/*
 * Hashing of what strangers choose (addresses, ports): seeded, so that nobody outside can make
 * keys that collide.
 */
#ifndef SOCKDIAG_HASH_H
#define SOCKDIAG_HASH_H

#include <stddef.h>
#include <stdint.h>

/* A seed that is different in each process and cannot be guessed. */
uint64_t hash_random_seed(void);

/* Hash `count` 32-bit words. All 64 bits of the result are usable. */
uint64_t hash_words(uint64_t seed, const uint32_t *words, size_t count);

#endif
