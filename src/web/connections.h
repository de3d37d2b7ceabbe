// SPDX-License-Identifier: Apache-2.0
/*
 * The connections of all listening sockets: which get a place, and which lose it. libmicrohttpd's
 * own limits refuse connections without counting them, and its timeouts start again with each byte.
 *
 * A connection is ended by shutdown(): libmicrohttpd then sees its end, closes it, and it is
 * removed here. All calls come from the web thread.
 */
#ifndef SOCKDIAG_WEB_CONNECTIONS_H
#define SOCKDIAG_WEB_CONNECTIONS_H

#include "base/clock.h"
#include "passwords.h"
#include "sockdiag/web_server.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

/* The most that may be added from one listening socket before the daemon has its next turn. */
enum { CONNECTIONS_PER_TURN = 16 };

enum connection_phase {
    CONNECTION_NEW,       /* its first request has not come, or not all of it */
    CONNECTION_IDLE,      /* after an answer, the next request has not come */
    CONNECTION_ANSWERING, /* from the end of a request to the end of its answer */
    CONNECTION_SUSPENDED, /* a password is being checked: it cannot be ended now */
    CONNECTION_PHASES
};

struct body;
struct tls_context;
struct MHD_Connection;

struct connection {
    struct password_asker asker; /* of the current request; first, so that a cast leads here */
    struct MHD_Connection *handle;
    TAILQ_ENTRY(connection) entry;
    int fd;
    unsigned socket; /* the listening socket that it came from */
    uint64_t client; /* client_of() its address */
    enum connection_phase phase;
    int64_t since;           /* when the phase began; monotonic nanoseconds */
    int64_t dismissed_at;    /* 0: it is kept after an answer */
    bool closing;            /* it was shut down; its place is free already */
    struct tls_context *tls; /* a share, to be released; NULL without TLS */
    struct body *body;       /* a share of the answer's, if that is a page */
};

struct connections {
    const struct clock *clock;
    unsigned limit;                            /* for each listening socket */
    unsigned client_limit;                     /* for one client of a listening socket */
    TAILQ_HEAD(, connection) list;             /* in the order of `since` */
    unsigned counts[WEB_MAX_LISTEN_ADDRESSES]; /* those that are not closing */
};

/* A number for the client at `address`: an IPv4 address, mapped into IPv6 or not, or a /64 network
 * of IPv6, because a host has all addresses of one to choose from. */
uint64_t client_of(const struct sockaddr *address);

/* At most `limit` connections from each listening socket, a sixteenth of them from one client.
 * `clock` must outlive them. */
void connections_init(struct connections *connections, unsigned limit, const struct clock *clock);

/* Is there a place for one more connection from this listening socket, or would an older one make
 * room? */
bool connections_have_room(const struct connections *connections, unsigned socket);

/*
 * A place for a connection that was just accepted as `fd`, or NULL when there is none. When the
 * client has its share of `socket`, its own connection that has waited longest for a request makes
 * room, unless that is younger than 10 ms. When all places are taken, the same holds for the
 * connections of all clients, and after them for the one that has taken longest to read its answer,
 * if that is more than a second. Remove it before `fd` is closed.
 */
struct connection *connections_add(struct connections *connections, unsigned socket, int fd,
                                   uint64_t client);
void connections_remove(struct connections *connections, struct connection *connection);

/* The connection enters another phase, or the same again. */
void connections_enter(struct connections *connections, struct connection *connection,
                       enum connection_phase phase);

/* End those that are still reading the oldest body, unless that is `present`. */
void connections_end_oldest_body(struct connections *connections, const struct body *present);

/*
 * End those whose time is up: ten seconds for a first request, a minute to read an answer, 75
 * seconds from there to the end of the next request. Two seconds without a request after they were
 * dismissed, five in any case. To be called at least once a second.
 */
void connections_end_overdue(struct connections *connections);

/* Let each connection end after its next answer, or now if it is idle: a request that has arrived
 * is still read. */
void connections_dismiss(struct connections *connections);

bool connections_are_none(const struct connections *connections);

#endif
