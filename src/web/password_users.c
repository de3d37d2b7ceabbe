// SPDX-License-Identifier: Apache-2.0
#include "password_users.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool digest_of(const struct password_digest *key, const char *text,
                      struct password_digest *digest)
{
    return gnutls_hmac_fast(GNUTLS_MAC_SHA256, key->bytes, sizeof key->bytes, text, strlen(text),
                            digest->bytes) == GNUTLS_E_SUCCESS;
}

/* In constant time. */
static bool same_digest(const struct password_digest *one, const struct password_digest *other)
{
    return gnutls_memcmp(one->bytes, other->bytes, sizeof one->bytes) == 0;
}

bool password_users_start(struct password_users *users)
{
    *users = (struct password_users){0};
    return gnutls_rnd(GNUTLS_RND_KEY, users->key.bytes, sizeof users->key.bytes) ==
           GNUTLS_E_SUCCESS;
}

void password_users_stop(struct password_users *users)
{
    free(users->users);
    explicit_bzero(users, sizeof *users);
}

/* Compares with all: a name that somebody has takes as long as one that nobody has. */
static struct password_user *find(const struct password_users *users,
                                  const struct password_digest *name)
{
    struct password_user *found = NULL;
    for (size_t i = 0; i < users->count; i++) {
        if (same_digest(&users->users[i].name, name))
            found = &users->users[i];
    }
    return found;
}

bool password_users_replace(struct password_users *users, const struct web_user *from, size_t count)
{
    struct password_user *fresh = calloc(count ? count : 1, sizeof *fresh);
    if (!fresh)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!digest_of(&users->key, from[i].name, &fresh[i].name)) {
            free(fresh);
            return false;
        }
        snprintf(fresh[i].hash, sizeof fresh[i].hash, "%s", from[i].hash);
        const struct password_user *old = find(users, &fresh[i].name);
        if (old && strcmp(old->hash, fresh[i].hash) == 0)
            fresh[i] = *old;
    }
    free(users->users);
    users->users = fresh;
    users->count = count;
    users->wrong_seen = 0;
    return true;
}

bool password_users_ask(const struct password_users *users, const char *user, const char *password,
                        struct password_question *question)
{
    return digest_of(&users->key, user, &question->name) &&
           digest_of(&question->name, password, &question->password);
}

enum password_verdict password_users_recall(const struct password_users *users,
                                            const struct password_question *question)
{
    for (size_t i = 0; i < users->count; i++) {
        const struct password_user *user = &users->users[i];
        if (user->known && same_digest(&user->right, &question->password))
            return PASSWORD_RIGHT;
    }
    for (size_t i = 0; i < users->wrong_seen && i < WRONG_PASSWORDS; i++) {
        if (same_digest(&users->wrong[i], &question->password))
            return PASSWORD_WRONG;
    }
    return PASSWORD_PENDING;
}

bool password_users_hash(const struct password_users *users,
                         const struct password_question *question,
                         char hash[static BCRYPT_HASH_LENGTH + 1])
{
    const struct password_user *user = find(users, &question->name);
    const struct password_user *stand_in = user;
    if (!user && users->count > 0) {
        uint64_t number;
        memcpy(&number, question->name.bytes, sizeof number);
        stand_in = &users->users[number % users->count];
    }
    snprintf(hash, BCRYPT_HASH_LENGTH + 1, "%s", stand_in ? stand_in->hash : "");
    return user;
}

void password_users_remember(struct password_users *users, const struct password_question *question,
                             bool right)
{
    struct password_user *user = right ? find(users, &question->name) : NULL;
    if (user) {
        user->known = true;
        user->right = question->password;
    } else {
        users->wrong[users->wrong_seen++ % WRONG_PASSWORDS] = question->password;
    }
}
