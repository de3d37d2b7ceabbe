// SPDX-License-Identifier: Apache-2.0
#include "bcrypt.h"

#include <crypt.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST_OFFSET = 29 }; /* after "$2y$10$" and 22 characters of salt */

const char *bcrypt_fault(const char *hash)
{
    char cost[3];
    int length = 0;
    if (sscanf(hash, "$2%*1[aby]$%2[0-9]$%*53[./A-Za-z0-9]%n", cost, &length) != 1 ||
        length != BCRYPT_HASH_LENGTH || hash[length] != '\0')
        return "expected a bcrypt hash: $2y$, $2b$ or $2a$ and 56 more characters";
    if (atoi(cost) < BCRYPT_COST_MIN || atoi(cost) > BCRYPT_COST_MAX)
        return "expected a bcrypt cost from 04 to 14: a higher one would take seconds to check";
    return NULL;
}

bool bcrypt_matches(const char *password, size_t length, const char *hash)
{
    struct crypt_data data = {0};            /* 32 KiB */
    char head[BCRYPT_PASSWORD_MAX + 1] = ""; /* crypt_r() refuses more than 512 */
    memcpy(head, password, length < BCRYPT_PASSWORD_MAX ? length : BCRYPT_PASSWORD_MAX);

    const char *computed = crypt_r(head, hash, &data);
    /* The digests only: crypt_r() clears the unused bits of the salt's last character. */
    bool matches = computed && strlen(computed) == BCRYPT_HASH_LENGTH &&
                   strlen(hash) == BCRYPT_HASH_LENGTH &&
                   gnutls_memcmp(computed + DIGEST_OFFSET, hash + DIGEST_OFFSET,
                                 BCRYPT_HASH_LENGTH - DIGEST_OFFSET) == 0;
    explicit_bzero(head, sizeof head);
    explicit_bzero(&data, sizeof data);
    return matches;
}
