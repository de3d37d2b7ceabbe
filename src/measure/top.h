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
    /* The order of entries of equal rank; those that are equal here too, or if it is NULL, stay in
     * the order in which they were offered. */
    int (*compare)(const void *a, const void *b);
};

/* Add `entry` to the list if it is among the first `limit` of all offered entries. The entry itself
 * is not changed. */
void top_offer(struct top *top, double rank, const void *entry);

#endif
