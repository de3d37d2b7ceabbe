// SPDX-License-Identifier: Apache-2.0
/*
 * The name and the password in an Authorization header of the Basic scheme (RFC 7617).
 */
#ifndef SOCKDIAG_WEB_BASIC_CREDENTIALS_H
#define SOCKDIAG_WEB_BASIC_CREDENTIALS_H

#include <stddef.h>

struct basic_credentials {
    char *user;
    char *password; /* follows the user's NUL in the same allocation */
    size_t size;    /* of both and the NUL between them, in bytes */
};

enum basic_credentials_result {
    BASIC_CREDENTIALS_FOUND, /* to be freed */
    BASIC_CREDENTIALS_NONE,  /* another scheme, not base64, without a colon or with a NUL */
    BASIC_CREDENTIALS_NO_MEMORY,
};

/* Read `authorization`, the header's value; NULL is no header. libmicrohttpd's own function for it
 * (0.9.75) takes the scheme's name in one spelling only, though case must not matter (RFC 9110,
 * 11.1). */
enum basic_credentials_result basic_credentials_decode(struct basic_credentials *credentials,
                                                       const char *authorization);

/* Wipes them, too. All zero is allowed. */
void basic_credentials_free(struct basic_credentials *credentials);

#endif
