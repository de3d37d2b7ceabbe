// SPDX-License-Identifier: Apache-2.0
/*
 * A real TCP socket whose peer we play, to lead it into any state of RFC 9293 and leave it there.
 *
 * The peer lives beyond the void (netns.h): what the socket sends is lost, what the peer is meant
 * to answer is injected as a raw segment. Needs CAP_NET_ADMIN (for TCP_REPAIR) in the namespace.
 */
#ifndef TESTS_SUPPORT_PUPPET_H
#define TESTS_SUPPORT_PUPPET_H

#include <stdint.h>

#include "endpoint.h"

struct puppet {
    int injector; /* of raw_segment_open(), not owned */
    int fd;       /* -1: the kernel has no socket of ours, yet or any more */
    struct endpoint local, peer;
    uint32_t next_sent;     /* the sequence number of the next byte that the socket will send */
    uint32_t acknowledged;  /* up to where the peer has acknowledged what the socket sent */
    uint32_t next_received; /* the sequence number of the next byte that the peer will send */
};

/* A puppet that is nothing yet, for one of the functions that give it a beginning. */
struct puppet puppet_none(int injector);

/*
 * Beginnings. The domain is that of the socket, AF_INET or AF_INET6. None blocks or waits. All
 * return 0 or -errno; in either case the puppet wants a puppet_vanish() in the end.
 *
 * bind: bound to a local endpoint, and no more. Port 0 lets the kernel choose.
 * listen: a listener; `local` tells its port.
 * call: an ordinary connect(). SYN_SENT as long as the peer keeps silent.
 * connect: ESTABLISHED, from a local port that the kernel chooses. It is done with TCP_REPAIR: no
 *     segment is sent, and both sequence numbers are known.
 * peer_knocks: the peer sends a SYN to a listener. The kernel is left with a SYN_RECV, a request
 *     that has no descriptor.
 */
int puppet_bind(struct puppet *puppet, int domain, const struct endpoint *local);
int puppet_listen(struct puppet *puppet, int domain, const struct endpoint *local, int backlog);
int puppet_call(struct puppet *puppet, int domain, const struct endpoint *peer);
int puppet_connect(struct puppet *puppet, int domain, const struct endpoint *peer);
int puppet_peer_knocks(struct puppet *puppet, const struct endpoint *listener,
                       const struct endpoint *peer);

/*
 * What can befall a connected puppet. None waits for the state that follows, see
 * puppet_await_state(). All return 0 or -errno.
 *
 * shut_down: our side sends its FIN, but keeps the socket (so the kernel never takes it for an
 *     orphan, with an orphan's shorter life). ESTABLISHED -> FIN_WAIT1, CLOSE_WAIT -> LAST_ACK.
 * peer_acknowledges: everything sent, the FIN included. FIN_WAIT1 -> FIN_WAIT2.
 * peer_finishes: the peer sends its FIN, without acknowledging anything new.
 *     ESTABLISHED -> CLOSE_WAIT, FIN_WAIT1 -> CLOSING, FIN_WAIT2 -> TIME_WAIT.
 * release: closes the descriptor. A FIN_WAIT2 goes on as a minisocket.
 */
int puppet_shut_down(struct puppet *puppet);
int puppet_peer_acknowledges(struct puppet *puppet);
int puppet_peer_finishes(struct puppet *puppet);
int puppet_release(struct puppet *puppet);

/*
 * Waits until the socket is in a state (TCP_ESTABLISHED, ... of netinet/tcp.h). The socket of a
 * connection that went into TIME_WAIT is TCP_CLOSE: the minisocket is another one. Returns 0 or
 * -errno (-ETIMEDOUT).
 */
int puppet_await_state(const struct puppet *puppet, int state);

/*
 * Removes what the kernel has of the puppet, at once and in any state: the socket by closing it
 * without lingering, a minisocket or a request by a RST of the peer. It is none afterwards.
 */
void puppet_vanish(struct puppet *puppet);

#endif
