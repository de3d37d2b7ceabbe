// SPDX-License-Identifier: Apache-2.0
/*
 * The first few of many entries: a short list that insertion keeps in order.
 */
#ifndef SOCKDIAG_TOP_H
#define SOCKDIAG_TOP_H

#include <stddef.h>

struct candidate {
    double rank;
    void *entry;
};

/* Begins with `count` 0. `candidates` is the caller's, with room for `limit`. */
struct top {
    struct candidate *candidates; /* `count` of them: highest rank first */
    size_t limit;
    size_t count;
    int (*compare)(const void *a, const void *b); /* the order of entries of equal rank */
};

/* Add `entry` to the list if it is among the first `limit` of all offered entries. */
void top_offer(struct top *top, double rank, void *entry);

#endif
