// SPDX-License-Identifier: Apache-2.0
/*
 * The name and the password in an Authorization header of the Basic scheme (RFC 7617). Private to
 * src/web.
 */
#ifndef SOCKDIAG_WEB_BASIC_CREDENTIALS_H
#define SOCKDIAG_WEB_BASIC_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

struct basic_credentials {
    char *user;
    char *password; /* within the same allocation */
    size_t size;    /* of that, in bytes */
};

/* What `authorization`, the header's value, says; to be freed. libmicrohttpd's own function for it
 * (0.9.75) takes the scheme's name in one spelling only, though case must not matter (RFC 9110,
 * 11.1). False, with nothing to be freed, when it is another scheme, not base64, without a colon or
 * with a NUL, or there is no memory. */
bool basic_credentials_decode(struct basic_credentials *credentials, const char *authorization);

/* Wipes them, too. */
void basic_credentials_free(struct basic_credentials *credentials);

#endif
