// SPDX-License-Identifier: Apache-2.0
/*
 * The checks that wait, and whose turn it is. Clients without a wrong password on record go first,
 * then that whose last one is longest ago; of equals who came first, but nobody's second check
 * before the first of another. When all places are taken, the check that is last makes room for one
 * that goes before it. Of fixed size, and not safe for several threads. Private to src/web.
 *
 * So each client that floods gets ahead of another once: then its wrong password is the later one.
 */
#ifndef SOCKDIAG_WEB_PASSWORD_QUEUE_H
#define SOCKDIAG_WEB_PASSWORD_QUEUE_H

#include "bcrypt.h"
#include "password_clients.h"
#include "password_users.h"
#include "passwords.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PASSWORD_QUEUE_SIZE = 32, PASSWORD_CLIENT_SHARE = 2 };

/* Who wants to know: see passwords_check(). */
struct password_asker {
    password_callback *callback;
    void *context;
};

struct password_check {
    bool waits;     /* or the rest is nothing */
    bool under_way; /* set by who makes it: it keeps its place */
    struct password_question question;
    char password[BCRYPT_PASSWORD_MAX + 1]; /* its beginning, */
    bool too_long;                          /* and whether there was more */
    struct password_asker asker;
    uint64_t client;
    bool repeats;        /* when it came, the client waited for the same already */
    uint64_t last_wrong; /* of the client; the lowest is next, */
    bool is_second;      /* of those who is not the second check of a client, */
    uint64_t arrival;    /* and of those the first that came */
};

/* With `places`, which is PASSWORD_QUEUE_SIZE at most, and all else zero, it is empty. */
struct password_queue {
    size_t places;
    struct password_check checks[PASSWORD_QUEUE_SIZE];
    uint64_t arrivals;
    struct password_clients clients;
};

/* A new check of `question` for `client`, the rest for the caller to fill, or NULL when there is no
 * place for it or the client has its share: so many questions. To ask the same several times, as
 * all who scrape from one address do after a restart, takes places, but one comparison. It stays
 * where it is until it is removed or makes room. Who made room for it is in `displaced`, to be told
 * PASSWORD_BUSY; without a callback if nobody had to. */
struct password_check *password_queue_add(struct password_queue *queue, uint64_t client,
                                          const struct password_question *question,
                                          struct password_asker *displaced);

/* The check whose turn it is; it stays in the queue. NULL when there is none. */
struct password_check *password_queue_next(struct password_queue *queue);

/* A password of `client` was found right or wrong. That counts for what waits, too, and so does
 * whom the record forgets for it: no check waits for ever while ever new clients come. */
void password_queue_note(struct password_queue *queue, uint64_t client, bool right);

/* Wipes it. */
void password_queue_remove(struct password_check *check);

#endif
