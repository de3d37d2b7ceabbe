// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes as Accept and as Accept-Encoding. The negotiation always chooses a
 * format and never reads beyond the end.
 *
 * Covers: src/web/negotiation.c
 */
#include "web/negotiation.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *header = malloc(size + 1); /* exactly this size, so that the sanitizer knows its end */
    if (!header)
        return 0;
    memcpy(header, data, size);
    header[size] = '\0';
    struct negotiated_format chosen = negotiate_format(header);
    if ((unsigned)chosen.format >= PAGE_STATUS ||
        strlen(chosen.content_type) < strlen("text/plain"))
        abort();
    negotiate_gzip(header);
    free(header);
    return 0;
}
