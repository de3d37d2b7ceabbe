// SPDX-License-Identifier: Apache-2.0
/* Shared by the files of the zoo. */
#ifndef TESTS_SUPPORT_ZOO_PRIVATE_H
#define TESTS_SUPPORT_ZOO_PRIVATE_H

#include "endpoint.h"
#include "herd.h"
#include "zoo.h"

/* The longest backlog of a listener; zoo_create() raises somaxconn to it. */
#define ZOO_BACKLOG_LIMIT 65535

/* The source port of the peer's first SYN. */
#define ZOO_FIRST_CLIENT_PORT 1024

struct zoo {
    int injector;
    struct herd residents;
    struct herd burst; /* empty, or the first is the listener */
    struct zoo_population population[ZOO_FAMILIES];
    struct endpoint listener[ZOO_FAMILIES]; /* the first of the family; port 0: none yet */
    uint16_t next_client_port;
};

/* The addresses of a family's sockets, in the notation of endpoint.h. */
struct zoo_place {
    int domain;
    const char *local; /* the near end of the void */
    const char *peer;  /* beyond the void */
    const char *loopback;
};

extern const struct zoo_place zoo_places[ZOO_FAMILIES];

/*
 * Counts the TCP sockets of one family on the near end of the void, in the namespace of the calling
 * thread: those on one local port, or all if the port is 0. It reads /proc/net/tcp or tcp6, which
 * do not list bound_inactive (0 here). Returns 0 or -errno.
 */
int zoo_census(enum zoo_family family, uint16_t port, struct zoo_population *seen);

#endif
