// SPDX-License-Identifier: Apache-2.0
/*
 * A set of port numbers, one bit each. All zero is the empty set.
 */
#ifndef SOCKDIAG_PORT_SET_H
#define SOCKDIAG_PORT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PORT_SET_WORDS = 65536 / 64 };

struct port_set {
    uint64_t words[PORT_SET_WORDS];
};

static inline void port_set_add(struct port_set *set, uint16_t port)
{
    set->words[port / 64] |= UINT64_C(1) << port % 64;
}

static inline void port_set_remove(struct port_set *set, uint16_t port)
{
    set->words[port / 64] &= ~(UINT64_C(1) << port % 64);
}

static inline bool port_set_has(const struct port_set *set, uint16_t port)
{
    return set->words[port / 64] >> port % 64 & 1;
}

/* Add the ports from `low` to `high`, both included. */
static inline void port_set_add_range(struct port_set *set, uint16_t low, uint16_t high)
{
    for (uint32_t port = low; port <= high; port++)
        port_set_add(set, (uint16_t)port);
}

static inline unsigned port_set_count(const struct port_set *set)
{
    unsigned count = 0;
    for (size_t i = 0; i < PORT_SET_WORDS; i++)
        count += (unsigned)__builtin_popcountll(set->words[i]);
    return count;
}

/* Add all of `more` to `set`. */
static inline void port_set_unite(struct port_set *set, const struct port_set *more)
{
    for (size_t i = 0; i < PORT_SET_WORDS; i++)
        set->words[i] |= more->words[i];
}

/* Remove all of `fewer` from `set`. */
static inline void port_set_subtract(struct port_set *set, const struct port_set *fewer)
{
    for (size_t i = 0; i < PORT_SET_WORDS; i++)
        set->words[i] &= ~fewer->words[i];
}

/* Count the ports that are in both sets. */
static inline unsigned port_set_count_common(const struct port_set *a, const struct port_set *b)
{
    unsigned count = 0;
    for (size_t i = 0; i < PORT_SET_WORDS; i++)
        count += (unsigned)__builtin_popcountll(a->words[i] & b->words[i]);
    return count;
}

#endif
