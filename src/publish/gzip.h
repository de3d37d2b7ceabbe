// SPDX-License-Identifier: Apache-2.0
/*
 * Compression for HTTP (RFC 1952).
 */
#ifndef SOCKDIAG_GZIP_H
#define SOCKDIAG_GZIP_H

#include "base/buffer.h"

/* Append `length` bytes of `data`, compressed, to `out`, whose `failed` reports missing memory. */
void gzip_compress(struct buffer *out, const void *data, size_t length);

#endif
