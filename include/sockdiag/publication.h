// SPDX-License-Identifier: Apache-2.0
/*
 * The page that scrapes are answered with: made by the sampler's thread, read by the web's. A page
 * never changes; a newer one takes its place, and the old one lives until its last reader is done.
 * Neither side ever waits for the other beyond the exchange of a pointer.
 */
#ifndef SOCKDIAG_PUBLICATION_H
#define SOCKDIAG_PUBLICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page {
    const char *body;
    size_t length;
    bool ready; /* it holds the numbers of a count sample */
    int64_t
        valid_until; /* monotonic nanoseconds: later, whoever should have replaced it is stuck */
};

struct publication;

/* NULL when there is no memory. Destroy it after the last reader is gone. */
struct publication *publication_create(void);
void publication_destroy(struct publication *publication);

/* Replace the page by a copy of `page`. False, and the old page stays, when there is no memory. */
bool publication_put(struct publication *publication, const struct page *page);

/* The present page, or NULL before the first. Give it back with page_release(), from any
 * thread; NULL is allowed there. */
const struct page *publication_get(struct publication *publication);
void page_release(const struct page *page);

#endif
