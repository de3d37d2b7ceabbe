// SPDX-License-Identifier: Apache-2.0
/* What the files of the zoo share among themselves. */
#ifndef TESTS_SUPPORT_ZOO_PRIVATE_H
#define TESTS_SUPPORT_ZOO_PRIVATE_H

#include "endpoint.h"
#include "herd.h"
#include "zoo.h"

/* The longest backlog a listener of the zoo can have; zoo_create() raises somaxconn to it. */
#define ZOO_BACKLOG_LIMIT 65535

/* The first port that the peer sends a SYN from. */
#define ZOO_FIRST_CLIENT_PORT 1024

struct zoo {
    int injector;
    struct herd residents;
    struct herd burst; /* if there are any, the first is the listener */
    struct zoo_population population[ZOO_FAMILIES];
    struct endpoint listener[ZOO_FAMILIES]; /* the first of the family; port 0: none yet */
    uint16_t next_client_port;
};

/* Where the sockets of a family live, in the notation of endpoint.h. */
struct zoo_place {
    int domain;
    const char *local; /* the near end of the void */
    const char *peer;  /* beyond the void */
    const char *loopback;
};

extern const struct zoo_place zoo_places[ZOO_FAMILIES];

/*
 * Counts the TCP sockets of one family on the near end of the void, in the namespace of the calling
 * thread: those on one local port, or with port 0 all. It reads /proc/net/tcp or tcp6, which do not
 * list bound_inactive (0 here). Returns 0 or -errno.
 */
int zoo_census(enum zoo_family family, uint16_t port, struct zoo_population *seen);

#endif
