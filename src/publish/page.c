// SPDX-License-Identifier: Apache-2.0
#include "page.h"

#include "gzip.h"
#include "status/status_page.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { PLAIN, COMPRESSED, ENCODINGS };

struct page {
    atomic_uint owners;
    struct snapshot *snapshot;
    struct self_report self;
    const struct clock *clock;
    int64_t valid_until;

    pthread_mutex_t mutex;                        /* for the next two; held while a body is made */
    struct body *bodies[PAGE_FORMATS][ENCODINGS]; /* NULL until the first request */
    int64_t status_time;                          /* monotonic time of the current status page */
};

struct page *page_create(const struct snapshot *snapshot, const struct self_report *self,
                         const struct clock *clock)
{
    struct page *page = calloc(1, sizeof *page);
    if (!page)
        return NULL;
    page->snapshot = snapshot_copy(snapshot);
    if (!page->snapshot) {
        free(page);
        return NULL;
    }
    page->self = *self;
    page->clock = clock;
    page->valid_until = clock_now(page->clock) + snapshot->next_within;
    atomic_init(&page->owners, 1);
    pthread_mutex_init(&page->mutex, NULL);
    return page;
}

/* For its owners a page is immutable; internally it counts them and fills in its bodies. */
static struct page *get_mutable(const struct page *page)
{
    return (struct page *)page;
}

const struct page *page_share(const struct page *page)
{
    atomic_fetch_add(&get_mutable(page)->owners, 1);
    return page;
}

static void page_free(struct page *page)
{
    for (int format = 0; format < PAGE_FORMATS; format++) {
        for (int encoding = 0; encoding < ENCODINGS; encoding++)
            body_release(page->bodies[format][encoding]);
    }
    pthread_mutex_destroy(&page->mutex);
    free(page->snapshot);
    free(page);
}

void page_release(const struct page *page)
{
    if (page && atomic_fetch_sub(&get_mutable(page)->owners, 1) == 1)
        page_free(get_mutable(page));
}

bool page_is_ready(const struct page *page)
{
    return page->snapshot->has_counts;
}

int64_t page_valid_until(const struct page *page)
{
    return page->valid_until;
}

static void render(const struct page *page, enum page_format format, struct buffer *out)
{
    switch (format) {
    case PAGE_OPENMETRICS:
        exposition_render(out, METRIC_OPENMETRICS, page->snapshot, &page->self);
        break;
    case PAGE_PROTOBUF:
        exposition_render(out, METRIC_PROTOBUF, page->snapshot, &page->self);
        break;
    case PAGE_STATUS:
        status_page_render(out, page->snapshot, &page->self, clock_unix_seconds(page->clock));
        break;
    default:
        exposition_render(out, METRIC_TEXT, page->snapshot, &page->self);
    }
}

/* Release the status page if it is older than a second. Call it with the mutex held. */
static void drop_old_status(struct page *page)
{
    int64_t time = clock_now(page->clock);
    if (time - page->status_time < NANOSECONDS_PER_SECOND)
        return;
    for (int encoding = 0; encoding < ENCODINGS; encoding++) {
        body_release(page->bodies[PAGE_STATUS][encoding]);
        page->bodies[PAGE_STATUS][encoding] = NULL;
    }
    page->status_time = time;
}

/* Return the body; make it if there is none. NULL when there is no memory. Call it with the mutex
 * held. */
static struct body *make_body(struct page *page, enum page_format format, int encoding)
{
    struct body *body = page->bodies[format][encoding];
    if (body)
        return body;
    struct buffer bytes = {0};
    if (encoding == PLAIN) {
        render(page, format, &bytes);
    } else {
        const struct body *plain = make_body(page, format, PLAIN);
        if (!plain)
            return NULL;
        gzip_compress(&bytes, plain->bytes.data, plain->bytes.length);
    }
    body = body_create(&bytes);
    page->bodies[format][encoding] = body;
    return body;
}

struct body *page_body(const struct page *page, enum page_format format, bool compressed)
{
    struct page *own = get_mutable(page);
    pthread_mutex_lock(&own->mutex);
    if (format == PAGE_STATUS)
        drop_old_status(own);
    struct body *body = make_body(own, format, compressed ? COMPRESSED : PLAIN);
    if (body)
        body_share(body);
    pthread_mutex_unlock(&own->mutex);
    return body;
}
