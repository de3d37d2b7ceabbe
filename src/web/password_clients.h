// SPDX-License-Identifier: Apache-2.0
/*
 * The clients that have shown a wrong password, in the order in which they last did. Of fixed size:
 * the last 1024 of them, which at four checks a second are four minutes of the worst flood. Not
 * safe for several threads. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_PASSWORD_CLIENTS_H
#define SOCKDIAG_WEB_PASSWORD_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { PASSWORD_CLIENTS_REMEMBERED = 1024 };

/* All zero is empty. */
struct password_clients {
    struct password_wrong_client {
        uint64_t client;
        uint64_t last_wrong; /* 0: nobody's entry */
    } wrong[PASSWORD_CLIENTS_REMEMBERED];
    uint64_t wrong_seen;
};

/* What counts as one client: an IPv4 address, mapped into IPv6 or not, or a /64 of IPv6, for a host
 * has all of that to choose from. Other families are one client. */
uint64_t password_client(const struct sockaddr *address);

/* A password of `client` was found right or wrong. A right one takes it off the record; the one
 * longest on it is forgotten when there is no room. */
void password_clients_note(struct password_clients *clients, uint64_t client, bool right);

/* Which of all wrong passwords, counted from 1, was the last one of `client`? 0 when it has none on
 * record. */
uint64_t password_clients_last_wrong(const struct password_clients *clients, uint64_t client);

#endif
