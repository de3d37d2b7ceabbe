// SPDX-License-Identifier: Apache-2.0
/*
 * The current page: the sampler's thread replaces it, the web's thread answers scrapes with it.
 * They wait for each other only during the exchange of a pointer.
 */
#ifndef SOCKDIAG_PUBLICATION_H
#define SOCKDIAG_PUBLICATION_H

#include "publish/page.h"

struct publication;

/* NULL when there is no memory. Destroy it after the last reader is gone. */
struct publication *publication_create(void);
void publication_destroy(struct publication *publication);

/* Replace the page by `page`, which the publication then owns. The old one is freed after its last
 * use. */
void publication_put(struct publication *publication, struct page *page);

/* The current page, or NULL before the first. Release it with page_release(). */
const struct page *publication_get(struct publication *publication);

#endif
