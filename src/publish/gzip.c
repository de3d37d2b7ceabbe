// SPDX-License-Identifier: Apache-2.0
#include "gzip.h"

#include <zlib.h>

/* Level 1 reduces a page of metrics to a seventh, level 6 to an eighth in three times the time. */
enum { LEVEL = 1, WINDOW_BITS = 15, WITH_GZIP_HEADER = 16, MEMORY_LEVEL = 8 };

void gzip_compress(struct buffer *out, const void *data, size_t length)
{
    z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)length};
    if (deflateInit2(&stream, LEVEL, Z_DEFLATED, WINDOW_BITS + WITH_GZIP_HEADER, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        out->failed = true;
        return;
    }
    int result;
    do {
        Bytef chunk[8192];
        stream.next_out = chunk;
        stream.avail_out = sizeof chunk;
        result = deflate(&stream, Z_FINISH);
        buffer_append(out, chunk, sizeof chunk - stream.avail_out);
    } while (result == Z_OK);
    if (result != Z_STREAM_END)
        out->failed = true;
    deflateEnd(&stream);
}
