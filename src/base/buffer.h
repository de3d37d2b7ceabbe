// SPDX-License-Identifier: Apache-2.0
/*
 * A growable array of bytes. It doubles when full and keeps its memory when cleared, so that a
 * body that is written every second allocates once.
 *
 * When memory runs out, that call and all later ones do nothing, and `failed` stays set until
 * buffer_clear(): a writer needs one check, at the end.
 */
#ifndef SOCKDIAG_BUFFER_H
#define SOCKDIAG_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty buffer. `data` is not NUL-terminated, and NULL before the first append. */
struct buffer {
    char *data;
    size_t length;
    size_t capacity;
    bool failed;
};

/* Append `length` bytes of `data`. */
void buffer_append(struct buffer *buffer, const void *data, size_t length);

/* Append a NUL-terminated string, without its NUL. */
void buffer_append_string(struct buffer *buffer, const char *string);

/* Append text that is formatted as by printf(). */
void buffer_append_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Forget the bytes and the failure, keep the memory. */
void buffer_clear(struct buffer *buffer);

/* Free the memory. The buffer is then empty and can be used again. */
void buffer_free(struct buffer *buffer);

#endif
