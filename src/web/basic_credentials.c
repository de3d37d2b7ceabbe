// SPDX-License-Identifier: Apache-2.0
#include "basic_credentials.h"

#include <gnutls/gnutls.h>
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

int basic_credentials_decode(struct basic_credentials *credentials, const char *authorization)
{
    gnutls_datum_t decoded;
    const char *base64 = authorization ? skip_scheme(authorization) : NULL;
    if (!base64)
        return GNUTLS_E_BASE64_DECODING_ERROR;
    const gnutls_datum_t encoded = {(unsigned char *)base64, (unsigned)strlen(base64)};
    const int code = gnutls_base64_decode2(&encoded, &decoded);
    if (code != GNUTLS_E_SUCCESS)
        return code;
    *credentials = (struct basic_credentials){.user = (char *)decoded.data, .size = decoded.size};
    char *colon = memchr(credentials->user, ':', credentials->size);
    if (!colon || memchr(credentials->user, '\0', credentials->size)) {
        basic_credentials_free(credentials);
        return GNUTLS_E_BASE64_DECODING_ERROR;
    }
    *colon = '\0';
    credentials->password = colon + 1;
    credentials->password_length = credentials->size - (size_t)(colon + 1 - credentials->user);
    return GNUTLS_E_SUCCESS;
}

void basic_credentials_free(struct basic_credentials *credentials)
{
    if (credentials->user)
        explicit_bzero(credentials->user, credentials->size);
    gnutls_free(credentials->user);
}
