// SPDX-License-Identifier: Apache-2.0
#include "publication.h"

#include <pthread.h>
#include <stdlib.h>

struct publication {
    pthread_mutex_t mutex; /* held only for the exchange of the pointer */
    const struct page *current;
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
    page_release(publication->current);
    pthread_mutex_destroy(&publication->mutex);
    free(publication);
}

void publication_put(struct publication *publication, struct page *page)
{
    pthread_mutex_lock(&publication->mutex);
    const struct page *old = publication->current;
    publication->current = page;
    pthread_mutex_unlock(&publication->mutex);
    page_release(old);
}

const struct page *publication_get(struct publication *publication)
{
    pthread_mutex_lock(&publication->mutex);
    const struct page *current = publication->current ? page_share(publication->current) : NULL;
    pthread_mutex_unlock(&publication->mutex);
    return current;
}
