// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/publication.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* `page` comes first: a pointer to it is a pointer to its holder. */
struct counted_page {
    struct page page;
    atomic_uint references;
    char body[];
};

struct publication {
    pthread_mutex_t mutex; /* held for the exchange of the pointer only */
    struct counted_page *current;
};

struct publication *publication_create(void)
{
    struct publication *publication = calloc(1, sizeof *publication);
    if (publication)
        pthread_mutex_init(&publication->mutex, NULL);
    return publication;
}

void publication_destroy(struct publication *publication)
{
    if (!publication)
        return;
    if (publication->current)
        page_release(&publication->current->page);
    pthread_mutex_destroy(&publication->mutex);
    free(publication);
}

bool publication_put(struct publication *publication, const struct page *page)
{
    struct counted_page *fresh = malloc(sizeof *fresh + page->length);
    if (!fresh)
        return false;
    if (page->length > 0)
        memcpy(fresh->body, page->body, page->length);
    fresh->page = *page;
    fresh->page.body = fresh->body;
    atomic_init(&fresh->references, 1);

    pthread_mutex_lock(&publication->mutex);
    struct counted_page *old = publication->current;
    publication->current = fresh;
    pthread_mutex_unlock(&publication->mutex);
    if (old)
        page_release(&old->page);
    return true;
}

const struct page *publication_get(struct publication *publication)
{
    pthread_mutex_lock(&publication->mutex);
    struct counted_page *current = publication->current;
    if (current)
        atomic_fetch_add(&current->references, 1);
    pthread_mutex_unlock(&publication->mutex);
    return current ? &current->page : NULL;
}

void page_release(const struct page *page)
{
    struct counted_page *counted = (struct counted_page *)page;
    if (counted && atomic_fetch_sub(&counted->references, 1) == 1)
        free(counted);
}
