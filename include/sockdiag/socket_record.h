// SPDX-License-Identifier: Apache-2.0
/*
 * One socket as sock_diag reports it, without the types of netlink: passed from src/kernel to
 * src/measure.
 */
#ifndef SOCKDIAG_SOCKET_RECORD_H
#define SOCKDIAG_SOCKET_RECORD_H

#include <stdbool.h>
#include <stdint.h>

/* The states of RFC 9293 in the kernel's order (include/net/tcp_states.h): the kernel's number is
 * one more. sock_diag does not list closed sockets without a port. A socket in its state CLOSE has
 * a port from bind() and no connection: BOUND_INACTIVE. */
enum tcp_state {
    TCP_STATE_ESTABLISHED,
    TCP_STATE_SYN_SENT,
    TCP_STATE_SYN_RECV,
    TCP_STATE_FIN_WAIT1,
    TCP_STATE_FIN_WAIT2,
    TCP_STATE_TIME_WAIT,
    TCP_STATE_BOUND_INACTIVE,
    TCP_STATE_CLOSE_WAIT,
    TCP_STATE_LAST_ACK,
    TCP_STATE_LISTEN,
    TCP_STATE_CLOSING,
    TCP_STATES
};

/* A set of enum tcp_state. */
typedef uint32_t tcp_state_set;
#define TCP_STATE_SET_ALL ((tcp_state_set)(1U << TCP_STATES) - 1)
static inline tcp_state_set tcp_state_bit(enum tcp_state state)
{
    return (tcp_state_set)1 << state;
}

/* The label value, such as "time_wait". */
const char *tcp_state_name(enum tcp_state state);

/* A v4-mapped IPv6 socket competes with the IPv4 ones for ports and counts as IPv4. */
enum ip_family { IP_FAMILY_IPV4, IP_FAMILY_IPV6, IP_FAMILIES };

/* The label value: "ipv4" or "ipv6". */
const char *ip_family_name(enum ip_family family);

/* The longest name of a network interface with its end (IF_NAMESIZE of <net/if.h>). */
enum { INTERFACE_NAME_SIZE = 16 };

/* In network byte order: four words for IPv6; for IPv4 word[0], the others zero. */
struct ip_address {
    uint32_t word[4];
};

struct socket_record {
    enum tcp_state state;
    enum ip_family family;
    /* False for the kernel's minisockets (TIME_WAIT, and FIN_WAIT2 without an owner) and requests
     * (SYN_RECV before the handshake is complete). */
    bool full_socket;
    bool ipv6_only; /* it has IPV6_V6ONLY; only known of sockets that are not connected */
    /* :: is IPv6, although it accepts IPv4, too, unless `ipv6_only`. */
    struct ip_address local_address;
    struct ip_address remote_address;
    uint16_t local_port; /* ports are in host byte order */
    uint16_t remote_port;
    /* The index of the network interface that the socket is bound to (SO_BINDTODEVICE, VRF, the
     * scope of a link-local address), 0 for none. The kernel keeps sockets of different interfaces
     * apart. */
    uint32_t interface;
    uint64_t cookie; /* never given to another socket until the host restarts */
    /* The id of the cgroup (cgroup_paths.h) in which the socket was made. 0: it is not a full
     * socket, the kernel is older than 5.8, or the query did not ask for it; listeners and UDP
     * sockets always have it. */
    uint64_t cgroup;
    /* Segments that a listener (measure/listeners.h), or datagrams that a UDP socket, has dropped
     * since it was made. It wraps. 0 unless the query asked for it. */
    uint32_t drops;
    /* Of a listener: connections that wait for accept(), and the backlog. Of other TCP sockets:
     * bytes received and not read, bytes sent and not acknowledged. Of UDP sockets: the memory of
     * the datagrams that are not read, and of those that are not sent. */
    uint32_t receive_queue;
    uint32_t send_queue;
};

/* Takes a record, which is only valid during the call. `context` is the consumer's. */
typedef void socket_record_consumer(void *context, const struct socket_record *record);

#endif
