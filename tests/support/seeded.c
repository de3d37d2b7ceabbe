// SPDX-License-Identifier: Apache-2.0
#include "seeded.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t choose_seed(void)
{
    const char *wanted = getenv("TEST_SEED");
    if (wanted)
        return strtoull(wanted, NULL, 10);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 20) & UINT64_C(0xffffffffffff);
}

struct seeded seeded_start(void)
{
    static bool chosen;
    static uint64_t seed;
    if (!chosen) {
        chosen = true;
        seed = choose_seed();
        fprintf(stderr, "TEST_SEED=%" PRIu64 " repeats this run\n", seed);
    }
    return (struct seeded){
        {(unsigned short)seed, (unsigned short)(seed >> 16), (unsigned short)(seed >> 32)}};
}

uint64_t seeded_bits(struct seeded *random)
{
    uint64_t high = (uint32_t)jrand48(random->state);
    return high << 32 | (uint32_t)jrand48(random->state);
}

int64_t seeded_between(struct seeded *random, int64_t low, int64_t high)
{
    uint64_t width = (uint64_t)high - (uint64_t)low + 1;
    return (int64_t)((uint64_t)low + (width ? seeded_bits(random) % width : seeded_bits(random)));
}

double seeded_magnitude(struct seeded *random, double low, double high)
{
    return low * pow(high / low, erand48(random->state));
}
