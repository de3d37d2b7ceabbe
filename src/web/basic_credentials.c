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
static char *take(gnutls_datum_t *bytes)
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

bool basic_credentials_decode(struct basic_credentials *credentials, const char *authorization)
{
    const char *base64 = skip_scheme(authorization);
    if (!base64)
        return false;
    gnutls_datum_t decoded;
    const gnutls_datum_t encoded = {(unsigned char *)base64, (unsigned)strlen(base64)};
    if (gnutls_base64_decode2(&encoded, &decoded) != GNUTLS_E_SUCCESS)
        return false;
    size_t size = decoded.size;
    char *text = take(&decoded);
    if (!text)
        return false;
    *credentials = (struct basic_credentials){.user = text, .size = size};
    char *colon = strchr(text, ':');
    if (!colon || strlen(text) != size) {
        basic_credentials_free(credentials);
        return false;
    }
    *colon = '\0';
    credentials->password = colon + 1;
    return true;
}

void basic_credentials_free(struct basic_credentials *credentials)
{
    explicit_bzero(credentials->user, credentials->size);
    free(credentials->user);
}
