// SPDX-License-Identifier: Apache-2.0
/*
 * The checks that wait, and whose turn it is. Clients take turns: the second check of a client
 * waits for the first of every other that is there. Of fixed size, and not safe for several
 * threads. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_PASSWORD_QUEUE_H
#define SOCKDIAG_WEB_PASSWORD_QUEUE_H

#include "bcrypt.h"
#include "password_users.h"
#include "passwords.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PASSWORD_QUEUE_SIZE = 32, PASSWORD_CLIENT_SHARE = 2 };

struct password_check {
    bool waits; /* or the rest is nothing */
    struct password_question question;
    char password[BCRYPT_PASSWORD_MAX + 1]; /* its beginning, */
    bool too_long;                          /* and whether there was more */
    password_callback *callback;
    void *context;
    uint64_t client;
    uint64_t round;   /* the lowest is next, */
    uint64_t arrival; /* and of those the first that came */
};

/* All zero is empty. */
struct password_queue {
    struct password_check checks[PASSWORD_QUEUE_SIZE];
    uint64_t round; /* of the check that was last said to be next */
    uint64_t arrivals;
};

/* What counts as one client: an IPv4 address, mapped into IPv6 or not, or a /64 of IPv6, for a host
 * has all of that to choose from. Other families are one client. */
uint64_t password_client(const struct sockaddr *address);

/* A new check of `client`, the rest for the caller to fill, or NULL when the queue is full or the
 * client has its share in it. It stays where it is until it is removed. */
struct password_check *password_queue_add(struct password_queue *queue, uint64_t client);

/* The check whose turn it is; it stays in the queue. NULL when there is none. */
struct password_check *password_queue_next(struct password_queue *queue);

/* Wipes it. */
void password_queue_remove(struct password_check *check);

#endif
