// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes as the value of an Authorization header, and as a name and a password
 * that a client encodes, which must come back.
 *
 * Covers: src/web/basic_credentials.c
 */
#include "web/basic_credentials.h"

#include <gnutls/gnutls.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any header is refused, or has a name without a colon and a password. */
static void decode(const char *header)
{
    struct basic_credentials credentials = {0};
    if (basic_credentials_decode(&credentials, header) != GNUTLS_E_SUCCESS)
        return;
    size_t user = strlen(credentials.user);
    if (credentials.password != credentials.user + user + 1 || strchr(credentials.user, ':') ||
        memchr(credentials.password, '\0', credentials.password_length) ||
        user + 1 + credentials.password_length != credentials.size)
        abort();
    basic_credentials_free(&credentials);
}

/* `text` has no NUL: the name ends at its first colon. */
static void encode_and_decode(const char *text)
{
    const gnutls_datum_t raw = {(unsigned char *)text, (unsigned)strlen(text)};
    gnutls_datum_t base64;
    struct basic_credentials credentials = {0};
    if (gnutls_base64_encode2(&raw, &base64) != 0)
        abort();
    size_t size = base64.size + sizeof "basic  ";
    char *header = malloc(size);
    if (!header)
        abort();
    snprintf(header, size, "basic  %.*s", (int)base64.size, base64.data);
    const char *colon = strchr(text, ':');
    if (!colon != (basic_credentials_decode(&credentials, header) != GNUTLS_E_SUCCESS))
        abort();
    if (colon) {
        if (strncmp(credentials.user, text, (size_t)(colon - text)) != 0 ||
            strlen(colon + 1) != credentials.password_length ||
            memcmp(credentials.password, colon + 1, credentials.password_length) != 0)
            abort();
        basic_credentials_free(&credentials);
    }
    gnutls_free(base64.data);
    free(header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    if (!text)
        abort();
    decode(text);
    encode_and_decode(text);
    free(text);
    return 0;
}
