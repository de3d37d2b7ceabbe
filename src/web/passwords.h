// SPDX-License-Identifier: Apache-2.0
/*
 * Checks the passwords of HTTP basic authentication so that a flood of them neither delays a scrape
 * nor reveals which users exist.
 *
 * bcrypt takes 50 ms at cost 10, by intention. So it runs in one thread of its own, never in the
 * web thread. A right password is remembered, and later requests with it are answered at once. The
 * resources are bounded:
 *
 *     memory     32 checks wait at most, one of each client, of a fixed size; one right password
 *                is remembered for each user
 *     CPU        a fifth of one CPU: after a check, the thread rests for four times as long
 *     learning   an unknown user costs what a known one does: the password is compared with the
 *                hash of some user
 *
 * No password is kept: what is remembered is the HMAC-SHA256 of name and password under a random
 * key of this process. A password that waits is wiped after the check.
 */
#ifndef SOCKDIAG_WEB_PASSWORDS_H
#define SOCKDIAG_WEB_PASSWORDS_H

#include "base/clock.h"
#include "web_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PASSWORD_CHECKS = 32 };

enum password_verdict {
    PASSWORD_RIGHT,
    PASSWORD_WRONG,   /* or there is no such user, or no password */
    PASSWORD_PENDING, /* not known yet */
    PASSWORD_BUSY,    /* not checked: no place, or checking has ended. Ask again later */
};

/* A request that waits for a verdict. It must stay where it is until then. */
struct password_asker {
    enum password_verdict verdict;
    struct password_asker *next; /* of those that are answered */
};

struct passwords;

/* Without users: every password is wrong. At most `places` checks wait. An event is written to
 * `wake_fd` (eventfd(2)) when there is a verdict to deliver. It and `clock` must outlive the
 * passwords. NULL when there is no memory, randomness or thread. */
struct passwords *passwords_create(const struct clock *clock, int wake_fd, size_t places);

/* End the thread, after the check under way if there is one. Requests that wait get PASSWORD_BUSY
 * with the next passwords_answered(), and so does each passwords_check() from now on. */
void passwords_stop(struct passwords *passwords);

/* Stops them, too. No request may wait. NULL is allowed. */
void passwords_destroy(struct passwords *passwords);

/* Replace the users by the `count` ones in `users`, which must stay until they are replaced. A
 * right password stays known while the user's hash is the same; a check under way is made again. */
void passwords_replace(struct passwords *passwords, struct web_user *users, size_t count);

/* Is the password in `authorization` (the header's value, or NULL without the header) that of the
 * user? `client` is client_of() the address. With PASSWORD_PENDING, `asker` gets the verdict later;
 * otherwise it is not needed any more. */
enum password_verdict passwords_check(struct passwords *passwords, const char *authorization,
                                      uint64_t client, struct password_asker *asker);

/* The first of the requests whose verdict has come since the last call, or NULL. */
struct password_asker *passwords_answered(struct passwords *passwords);

#endif
