// SPDX-License-Identifier: Apache-2.0
/*
 * Random numbers for property tests that can be played again: a test prints its seed, and
 * TEST_SEED in the environment sets it.
 */
#ifndef TESTS_SUPPORT_SEEDED_H
#define TESTS_SUPPORT_SEEDED_H

#include <stdint.h>

struct seeded {
    unsigned short state[3];
};

/* The start of the sequence, at each call the same: that of $TEST_SEED or, without one, of a number
 * that differs in each run. Not for several threads. */
struct seeded seeded_start(void);

/* Any 64 bits. */
uint64_t seeded_bits(struct seeded *random);

/* A whole number from `low` to `high`, both included. */
int64_t seeded_between(struct seeded *random, int64_t low, int64_t high);

/* A real number from `low` to `high`, both above 0, each magnitude as likely as the others. */
double seeded_magnitude(struct seeded *random, double low, double high);

#endif
