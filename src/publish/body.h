// SPDX-License-Identifier: Apache-2.0
/*
 * The bytes of an answer: immutable, and shared by the page that keeps them and the connections
 * that send them. They are freed after the last use.
 */
#ifndef SOCKDIAG_BODY_H
#define SOCKDIAG_BODY_H

#include "base/buffer.h"

#include <stdatomic.h>
#include <stddef.h>

struct body {
    atomic_uint owners;
    struct buffer bytes;
};

/* A body of `bytes`, which is empty afterwards; release it. NULL when there is no memory, or was
 * none while they were written. */
struct body *body_create(struct buffer *bytes);

/* Add or remove an owner: the last one frees it. From any thread; NULL may be released. */
struct body *body_share(struct body *body);
void body_release(struct body *body);

/* The memory of all bodies that are not freed yet, in bytes. From any thread. */
size_t body_bytes_alive(void);

#endif
