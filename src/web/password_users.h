// SPDX-License-Identifier: Apache-2.0
/*
 * The users, and which passwords of theirs were found right or wrong. Names and passwords are known
 * by their HMAC-SHA256 only. Not safe for several threads, but for password_users_ask(). Private to
 * src/web.
 */
#ifndef SOCKDIAG_WEB_PASSWORD_USERS_H
#define SOCKDIAG_WEB_PASSWORD_USERS_H

#include "bcrypt.h"
#include "passwords.h"

#include <stdbool.h>
#include <stddef.h>

enum { PASSWORD_DIGEST_SIZE = 32, WRONG_PASSWORDS = 64 };

struct password_digest {
    unsigned char bytes[PASSWORD_DIGEST_SIZE];
};

/* What a client asks: the HMAC of the name under the key of the process, and that of the password
 * under the former. So the same password of two users gives two digests. */
struct password_question {
    struct password_digest name;
    struct password_digest password;
};

struct password_user {
    struct password_digest name;
    char hash[BCRYPT_HASH_LENGTH + 1];
    bool known;                   /* the right password was seen, */
    struct password_digest right; /* and this is its digest */
};

struct password_users {
    struct password_digest key;
    struct password_user *users;
    size_t count;
    struct password_digest wrong[WRONG_PASSWORDS]; /* overwritten in turn */
    size_t wrong_seen;                             /* since the users were replaced */
};

/* No users, and a random key. False when there is no randomness to be had. */
bool password_users_start(struct password_users *users);
void password_users_stop(struct password_users *users);

/* Take copies of `count` users. What was found right of a user is kept if the hash is the same;
 * what was found wrong is forgotten. False, and nothing changes, when there is no memory. */
bool password_users_replace(struct password_users *users, const struct web_user *from,
                            size_t count);

/* The digests of `user` and `password`, of any length. False when GnuTLS fails. From any thread:
 * reads the key only. */
bool password_users_ask(const struct password_users *users, const char *user, const char *password,
                        struct password_question *question);

/* PASSWORD_RIGHT or PASSWORD_WRONG if it was found to be so, or PASSWORD_PENDING. */
enum password_verdict password_users_recall(const struct password_users *users,
                                            const struct password_question *question);

/* Copy the hash to compare with into `hash`: that of the user. False for a name that nobody has:
 * `hash` is that of some user then, chosen by the name, or "" if there is none. Takes equally long
 * for each name. */
bool password_users_hash(const struct password_users *users,
                         const struct password_question *question,
                         char hash[static BCRYPT_HASH_LENGTH + 1]);

void password_users_remember(struct password_users *users, const struct password_question *question,
                             bool right);

#endif
