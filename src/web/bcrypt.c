// SPDX-License-Identifier: Apache-2.0
#include "bcrypt.h"

#include <crypt.h>
#include <gnutls/gnutls.h>
#include <string.h>

/* "$2y$10$", 22 characters of salt, 31 of digest */
enum { COST_OFFSET = 4, SALT_OFFSET = 7, DIGEST_OFFSET = 29 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

const char *bcrypt_fault(const char *hash)
{
    static const char alphabet[] =
        "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    bool is_bcrypt = strlen(hash) == BCRYPT_HASH_LENGTH && hash[0] == '$' && hash[1] == '2' &&
                     strchr("aby", hash[2]) && hash[3] == '$' && is_digit(hash[COST_OFFSET]) &&
                     is_digit(hash[COST_OFFSET + 1]) && hash[COST_OFFSET + 2] == '$' &&
                     hash[SALT_OFFSET + strspn(hash + SALT_OFFSET, alphabet)] == '\0';
    if (!is_bcrypt)
        return "expected a bcrypt hash: $2y$, $2b$ or $2a$ and 56 more characters";
    int cost = (hash[COST_OFFSET] - '0') * 10 + hash[COST_OFFSET + 1] - '0';
    if (cost < BCRYPT_COST_MIN || cost > BCRYPT_COST_MAX)
        return "expected a bcrypt cost from 04 to 14: a higher one would take seconds to check";
    return NULL;
}

bool bcrypt_matches(const char *password, const char *hash)
{
    struct crypt_data data = {0};            /* 32 KiB */
    char head[BCRYPT_PASSWORD_MAX + 1] = ""; /* crypt_r() refuses more than 512 */
    memcpy(head, password, strnlen(password, BCRYPT_PASSWORD_MAX));

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
