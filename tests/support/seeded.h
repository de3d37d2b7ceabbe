// SPDX-License-Identifier: Apache-2.0
/*
 * Random numbers for property tests that can be repeated: a test prints its seed, and
 * TEST_SEED in the environment sets it.
 */
#ifndef TESTS_SUPPORT_SEEDED_H
#define TESTS_SUPPORT_SEEDED_H

#include <stdint.h>

struct seeded {
    unsigned short state[3];
};

/* Restart the sequence. Each call uses the same seed: $TEST_SEED or else a number that differs in
 * each run. Not for several threads. */
struct seeded seeded_start(void);

/* Any 64 bits. */
uint64_t seeded_bits(struct seeded *random);

/* An integer from `low` to `high`, inclusive. */
int64_t seeded_between(struct seeded *random, int64_t low, int64_t high);

/* A real number from `low` to `high`, both above 0; all magnitudes are equally likely. */
double seeded_magnitude(struct seeded *random, double low, double high);

#endif
