// SPDX-License-Identifier: Apache-2.0
/*
 * Checks the passwords of HTTP basic authentication so that a flood of them neither delays a scrape
 * nor tells which users exist. Private to src/web.
 *
 * bcrypt takes 50 ms at cost 10, by intention. So it runs in one thread of its own, never in that
 * of HTTP; what it found is remembered, and a scrape is answered from there at once. How the rest
 * is bounded:
 *
 *     memory     32 checks wait at most, fewer if there are fewer places, two of one client but for
 *                those that repeat one; each
 *                has a fixed size. Of each user the one right password is remembered, of wrong ones
 *                the last 64, of clients that showed a wrong one the last 1024
 *     CPU        one second in a burst, then a fifth of one CPU
 *     waiting    clients without a wrong password go first, then that whose last one is longest
 *                ago; when too many wait, the last of them is told PASSWORD_BUSY
 *     learning   an unknown user costs what a known one does: the password is compared with the
 *                hash of some configured user, always the same one for the same name
 *
 * So each of up to 1024 clients that flood gets ahead of another once. A right password that is
 * not known yet waits for as many checks at most, and for one or two when all of them were found
 * out; it is told PASSWORD_BUSY only while the first checks of others take all places. Who is the
 * same client as one that floods, as behind a proxy, shares its places and its turn.
 *
 * No password is kept: what is remembered is its HMAC-SHA256, under a key that is that of the name
 * under a random key of this process. A password that waits is wiped when it was checked.
 */
#ifndef SOCKDIAG_WEB_PASSWORDS_H
#define SOCKDIAG_WEB_PASSWORDS_H

#include "base/clock.h"
#include "web_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum password_verdict {
    PASSWORD_RIGHT,
    PASSWORD_WRONG,   /* or there is no such user */
    PASSWORD_PENDING, /* not known yet: the callback will tell */
    PASSWORD_BUSY,    /* not checked: too many wait, or checking has ended. Ask again later */
};

/* Told the verdict of a pending check, never PASSWORD_PENDING. */
typedef void password_callback(void *context, enum password_verdict verdict);

/* Does `password`, at most 72 bytes, match `hash`? bcrypt_matches() does; a test may count. Called
 * in the thread of the checks. */
typedef bool password_matcher(void *context, const char *password, const char *hash);

struct passwords;

/* So many checks may wait as there are `places`, but two in any case and never more than 32.
 * `clock` and `matches_context` must outlive it. There are no users yet: every password is wrong.
 * NULL, with errno set, when there is no memory or no thread to be had. */
struct passwords *passwords_create(const struct clock *clock, size_t places,
                                   password_matcher *matches, void *matches_context);

/* Ends the thread, after the check under way if there is one; then those that still wait are told
 * PASSWORD_BUSY in the calling thread. No check may be asked for meanwhile. NULL is allowed. */
void passwords_destroy(struct passwords *passwords);

/* Replace the users by copies of `users`. A right password stays known while the user's hash is the
 * same; checks under way are made with the new users. False, and the old users stay, when there is
 * no memory. */
bool passwords_set_users(struct passwords *passwords, const struct web_user *users, size_t count);

/*
 * Is `password` that of `user`? One longer than 72 bytes is wrong, for bcrypt does not look
 * further. The client is the address, or the /64 network for IPv6; ports do not matter.
 *
 * When PASSWORD_PENDING is returned, `callback` is called once, perhaps before this returns, with
 * the verdict from the thread of the checks, or with PASSWORD_BUSY from within the call for a check
 * that goes before it, in any thread. With any other verdict it is not called. From any thread.
 */
enum password_verdict passwords_check(struct passwords *passwords, const char *user,
                                      const char *password, const struct sockaddr *client,
                                      password_callback *callback, void *context);

#endif
