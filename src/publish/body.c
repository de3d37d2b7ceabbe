// SPDX-License-Identifier: Apache-2.0
#include "body.h"

#include <stdlib.h>

static atomic_size_t bytes_alive; /* capacities, not lengths: the memory that bodies take */

struct body *body_create(struct buffer *bytes)
{
    struct body *body = bytes->failed ? NULL : calloc(1, sizeof *body);
    if (!body) {
        buffer_free(bytes);
        return NULL;
    }
    atomic_init(&body->owners, 1);
    body->bytes = *bytes;
    atomic_fetch_add(&bytes_alive, body->bytes.capacity);
    *bytes = (struct buffer){0};
    return body;
}

struct body *body_share(struct body *body)
{
    atomic_fetch_add(&body->owners, 1);
    return body;
}

void body_release(struct body *body)
{
    if (!body || atomic_fetch_sub(&body->owners, 1) > 1)
        return;
    atomic_fetch_sub(&bytes_alive, body->bytes.capacity);
    buffer_free(&body->bytes);
    free(body);
}

size_t body_bytes_alive(void)
{
    return atomic_load(&bytes_alive);
}
