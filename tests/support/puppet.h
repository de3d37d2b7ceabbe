// SPDX-License-Identifier: Apache-2.0
/*
 * A real TCP socket with a simulated peer, to bring it into any state of RFC 9293 and keep it
 * there.
 *
 * The peer is beyond the void (netns.h): segments from the socket are lost, segments from the peer
 * are injected as raw segments. Needs CAP_NET_ADMIN (for TCP_REPAIR) in the namespace.
 */
#ifndef TESTS_SUPPORT_PUPPET_H
#define TESTS_SUPPORT_PUPPET_H

#include <stdint.h>

#include "endpoint.h"

struct puppet {
    int injector; /* of raw_segment_open(), not owned */
    int fd;       /* -1: no socket yet, or no longer */
    struct endpoint local, peer;
    uint32_t next_sent;     /* the sequence number of the next byte that the socket will send */
    uint32_t acknowledged;  /* the peer has acknowledged all bytes before this one */
    uint32_t next_received; /* the sequence number of the next byte that the peer will send */
};

/* A puppet without a socket, for one of the functions that make one. */
struct puppet puppet_none(int injector);

/*
 * Make a socket. The domain is AF_INET or AF_INET6. None blocks or waits. All return 0 or -errno;
 * in both cases call puppet_vanish() at the end.
 *
 * bind: only bound to a local endpoint. Port 0 lets the kernel choose.
 * listen: a listener; `local` has its port.
 * call: an ordinary connect(). SYN_SENT until the peer answers.
 * connect: ESTABLISHED, from a local port that the kernel chooses. It uses TCP_REPAIR: no segment
 *     is sent, and both sequence numbers are known.
 * peer_knocks: the peer sends a SYN to a listener. The kernel gets a SYN_RECV, a request without a
 *     descriptor.
 */
int puppet_bind(struct puppet *puppet, int domain, const struct endpoint *local);
int puppet_listen(struct puppet *puppet, int domain, const struct endpoint *local, int backlog);
int puppet_call(struct puppet *puppet, int domain, const struct endpoint *peer);
int puppet_connect(struct puppet *puppet, int domain, const struct endpoint *peer);
int puppet_peer_knocks(struct puppet *puppet, const struct endpoint *listener,
                       const struct endpoint *peer);

/*
 * Change the state of a connected puppet. None waits for the new state, see puppet_await_state().
 * All return 0 or -errno.
 *
 * shut_down: our side sends its FIN but keeps the socket, so the kernel does not treat it as an
 *     orphan, which has a shorter life. ESTABLISHED -> FIN_WAIT1, CLOSE_WAIT -> LAST_ACK.
 * peer_acknowledges: everything sent, including the FIN. FIN_WAIT1 -> FIN_WAIT2.
 * peer_finishes: the peer sends its FIN, without a new acknowledgement.
 *     ESTABLISHED -> CLOSE_WAIT, FIN_WAIT1 -> CLOSING, FIN_WAIT2 -> TIME_WAIT.
 * release: closes the descriptor. A FIN_WAIT2 becomes a minisocket.
 */
int puppet_shut_down(struct puppet *puppet);
int puppet_peer_acknowledges(struct puppet *puppet);
int puppet_peer_finishes(struct puppet *puppet);
int puppet_release(struct puppet *puppet);

/*
 * Waits until the socket is in a state (TCP_ESTABLISHED, ... of netinet/tcp.h). After a transition
 * to TIME_WAIT the socket itself is in TCP_CLOSE, because the minisocket is a different one.
 * Returns 0 or -errno (-ETIMEDOUT).
 */
int puppet_await_state(const struct puppet *puppet, int state);

/*
 * Removes the puppet from the kernel, at once and in any state: closes a socket without lingering,
 * ends a minisocket or a request with a RST from the peer. The puppet then has no socket.
 */
void puppet_vanish(struct puppet *puppet);

#endif
