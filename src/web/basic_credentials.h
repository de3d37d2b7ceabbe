// SPDX-License-Identifier: Apache-2.0
/*
 * The name and the password in an Authorization header of the Basic scheme (RFC 7617).
 */
#ifndef SOCKDIAG_WEB_BASIC_CREDENTIALS_H
#define SOCKDIAG_WEB_BASIC_CREDENTIALS_H

#include <stddef.h>

struct basic_credentials {
    char *user;
    const char *password; /* follows the user's NUL in the same allocation; has no NUL */
    size_t password_length;
    size_t size; /* of both and the NUL between them, in bytes */
};

/* Read `authorization`, the header's value; NULL is no header. libmicrohttpd's own function for it
 * (0.9.75) takes the scheme's name in one spelling only, though case must not matter (RFC 9110,
 * 11.1). 0, or an error code of GnuTLS: that for base64 also stands for another scheme, no colon
 * or a NUL. */
int basic_credentials_decode(struct basic_credentials *credentials, const char *authorization);

/* Wipes them, too. All zero is allowed. */
void basic_credentials_free(struct basic_credentials *credentials);

#endif
