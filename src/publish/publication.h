// SPDX-License-Identifier: Apache-2.0
/*
 * The page that scrapes are answered with: put there by the sampler's thread, fetched by the web's.
 * Neither side ever waits for the other beyond the exchange of a pointer.
 */
#ifndef SOCKDIAG_PUBLICATION_H
#define SOCKDIAG_PUBLICATION_H

#include "publish/page.h"

struct publication;

/* NULL when there is no memory. Destroy it after the last reader is gone. */
struct publication *publication_create(void);
void publication_destroy(struct publication *publication);

/* Replace the page by `page`, which becomes the publication's own. The old one lives until its last
 * reader is done. */
void publication_put(struct publication *publication, struct page *page);

/* The present page, or NULL before the first. Give it back with page_release(). */
const struct page *publication_get(struct publication *publication);

#endif
