// SPDX-License-Identifier: Apache-2.0
#include "basic_credentials.h"

#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The base64 text after the scheme's name; NULL if it is another scheme. */
static const char *skip_scheme(const char *authorization)
{
    static const char scheme[] = "Basic ";
    size_t length = strlen(scheme);
    if (strncasecmp(authorization, scheme, length) != 0)
        return NULL;
    return authorization + length + strspn(authorization + length, " ");
}

/* A NUL-terminated copy of `bytes`, which are wiped and freed. NULL when there is no memory. */
static char *take_text(gnutls_datum_t *bytes)
{
    char *text = malloc((size_t)bytes->size + 1);
    if (text) {
        memcpy(text, bytes->data, bytes->size);
        text[bytes->size] = '\0';
    }
    explicit_bzero(bytes->data, bytes->size);
    gnutls_free(bytes->data);
    return text;
}

enum basic_credentials_result basic_credentials_decode(struct basic_credentials *credentials,
                                                       const char *authorization)
{
    const char *base64 = authorization ? skip_scheme(authorization) : NULL;
    if (!base64)
        return BASIC_CREDENTIALS_NONE;
    gnutls_datum_t decoded;
    const gnutls_datum_t encoded = {(unsigned char *)base64, (unsigned)strlen(base64)};
    int result = gnutls_base64_decode2(&encoded, &decoded);
    if (result != GNUTLS_E_SUCCESS)
        return result == GNUTLS_E_MEMORY_ERROR ? BASIC_CREDENTIALS_NO_MEMORY
                                               : BASIC_CREDENTIALS_NONE;
    size_t size = decoded.size;
    char *text = take_text(&decoded);
    if (!text)
        return BASIC_CREDENTIALS_NO_MEMORY;
    *credentials = (struct basic_credentials){.user = text, .size = size};
    char *colon = strchr(text, ':');
    if (!colon || strlen(text) != size) {
        basic_credentials_free(credentials);
        return BASIC_CREDENTIALS_NONE;
    }
    *colon = '\0';
    credentials->password = colon + 1;
    return BASIC_CREDENTIALS_FOUND;
}

void basic_credentials_free(struct basic_credentials *credentials)
{
    if (credentials->user)
        explicit_bzero(credentials->user, credentials->size);
    free(credentials->user);
}
