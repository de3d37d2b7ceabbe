// SPDX-License-Identifier: Apache-2.0
/*
 * Password hashes of bcrypt, as in "$2y$10$" and 53 characters of salt and digest.
 */
#ifndef SOCKDIAG_WEB_BCRYPT_H
#define SOCKDIAG_WEB_BCRYPT_H

#include <stdbool.h>
#include <stddef.h>

enum {
    BCRYPT_HASH_LENGTH = 60,
    BCRYPT_PASSWORD_MAX = 72, /* bytes: it does not look at more */
    /* The work doubles with each step: 50 ms at 10, 0.8 s at 14. There is one thread for all
     * checks, and above 14 the first scrape after a start would not get its answer within its
     * timeout once a few clients ask. 4 is bcrypt's own least. */
    BCRYPT_COST_MIN = 4,
    BCRYPT_COST_MAX = 14,
};

/* What is wrong with `hash`, a string constant without any part of it, or NULL when it is one of
 * $2a$, $2b$ or $2y$ at an allowed cost. ($2x$ is what an old library with a known fault made.) */
const char *bcrypt_fault(const char *hash);

/* Is `hash` that of `password`, `length` bytes without a NUL, of which it takes the first 72? Wipes
 * what it computed with; compares in constant time. */
bool bcrypt_matches(const char *password, size_t length, const char *hash);

#endif
