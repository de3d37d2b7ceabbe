// SPDX-License-Identifier: Apache-2.0
/*
 * How many ephemeral ports of one protocol are in use, in the three scopes in which they run out:
 *
 *   destination    connect() needs a port that is free for (local address, remote address, remote
 *                  port), or fails with EADDRNOTAVAIL
 *   local address  bind(address, port 0) needs one that is free on that address; EADDRINUSE
 *   host           bind(any, port 0) and the implicit bind of UDP need one that is free everywhere
 *
 * Sockets of different interfaces do not compete, but each competes with those of none. (The kernel
 * also keeps those of a VRF apart from those of none. Its device looks like any other interface.)
 *
 * The kernel never assigns reserved ports (ip_local_reserved_ports). connect() also skips ports
 * that a listener or a bound-only socket owns on any address: the rest of the range is usable.
 * bind() can share an owned port between addresses: there it is a used port like others.
 * (__inet_hash_connect, net/ipv4/inet_hashtables.c; inet_csk_find_open_port,
 * net/ipv4/inet_connection_sock.c; udp_lib_get_port, net/ipv4/udp.c.)
 *
 * The kernel gives a port to a UDP socket whatever its destination is (udp_lib_get_port,
 * net/ipv4/udp.c): none runs out before the local address or the host does. There the destination
 * scope only shows which destinations have the ports.
 *
 * A connected socket that has its port from bind() owns it, too. sock_diag does not show that:
 * with such programs fewer ports are usable than are counted here.
 */
#ifndef SOCKDIAG_PORT_USAGE_H
#define SOCKDIAG_PORT_USAGE_H

#include "base/port_set.h"
#include "destinations.h"
#include "kernel/procfs.h"
#include "sockdiag/socket_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum port_scope { PORT_SCOPE_DESTINATION, PORT_SCOPE_LOCAL_ADDRESS, PORT_SCOPE_HOST, PORT_SCOPES };

/* The label value, such as "local_address". */
const char *port_scope_name(enum port_scope scope);

/* The most ports of unreserved listeners that are named. */
enum { PORT_USAGE_NAMED_PORTS = 8 };

/* Numbers of ports in the range. */
struct port_summary {
    uint64_t range;
    uint64_t reserved;
    uint64_t owned;
    uint64_t usable;
    uint64_t used;
    /* The highest share in use: of the usable ports in the destination scope, otherwise of those
     * that are not reserved. 1 if there are none. */
    double utilization[PORT_SCOPES];
    /* The same for the fullest destination and the ports of the parity that connect() tries first.
     */
    double preferred_utilization;
    uint64_t fullest; /* ports in use towards the fullest destination */
    uint64_t destinations;
    uint64_t destination_error_bound;
    /* Ports of listeners that are not reserved: each is one less for connect(), and a client may
     * get it before its listener starts. The first few of them, in ascending order. */
    uint64_t unreserved_listeners;
    uint16_t unreserved_ports[PORT_USAGE_NAMED_PORTS];
    size_t unreserved_named;
    /* Of TCP alone: usable ports of the parity that connect() tries last, which programs took by
     * bind() before connect(). An estimate: only possible while no destination has used up the
     * preferred ports, and too high while connections from such a time are left. */
    bool has_bound_before_connect;
    uint64_t bound_before_connect;
};

/* Further local addresses are not in the local_address scope. Hosts rarely have more. */
enum { PORT_USAGE_LOCAL_ADDRESSES = 256 };

struct port_usage;

/* `with_destinations`: keep the table of destinations. Without it, that scope is 0. NULL when there
 * is no memory. */
struct port_usage *port_usage_create(bool with_destinations);
void port_usage_destroy(struct port_usage *usage);

/* A sample: begin, add each socket, owners before holders, then summarize. */
void port_usage_begin(struct port_usage *usage, const struct port_settings *settings);

/* Before a sample of another network namespace than the last: no destination is known to it. */
void port_usage_forget(struct port_usage *usage);

/* Add a listener or a bound-only socket: it owns its port. */
void port_usage_add_owner(struct port_usage *usage, const struct socket_record *record);

/* Add a bound-only socket of an earlier sample, which may be closed or connected now: it owns its
 * port unless another socket holds it. */
void port_usage_add_former_owner(struct port_usage *usage, const struct socket_record *record);

/* Add a client's socket, in any state: it holds its port. Without a peer (remote port 0) it has no
 * destination. */
void port_usage_add_holder(struct port_usage *usage, const struct socket_record *record);

/* Add a UDP socket: the same, but several can share their port and their destination. */
void port_usage_add_sharer(struct port_usage *usage, const struct socket_record *record);

struct port_summary port_usage_summarize(struct port_usage *usage);

/* The fullest destination is always picked if it has one in this number of the usable ports. The
 * alerts that name it start at two in ten. */
enum { PORT_USAGE_ALWAYS_PICKED = 10 };

/* Pick the fullest destinations like destinations_pick_top(); none without the table. */
size_t port_usage_pick_top(struct port_usage *usage, struct destination *rows, size_t top);

#endif
