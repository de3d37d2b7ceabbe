// SPDX-License-Identifier: Apache-2.0
/*
 * How full the ephemeral ports of one protocol are, in the three scopes in which they run out:
 *
 *   destination    connect() needs a port that is free for (local address, remote address, remote
 *                  port); fails with EADDRNOTAVAIL
 *   local address  bind(address, port 0) needs one that is free on that address; EADDRINUSE
 *   host           bind(any, port 0), and UDP's implicit bind, need one that is free everywhere
 *
 * Reserved ports (ip_local_reserved_ports) are never handed out. connect() also passes over ports
 * that a listener or a bound-only socket owns, on whatever address: what is left of the range is
 * usable. bind() can share an owned port between addresses: for it, an owned port is a used one.
 * (__inet_hash_connect, net/ipv4/inet_hashtables.c; inet_csk_find_open_port,
 * net/ipv4/inet_connection_sock.c; udp_lib_get_port, net/ipv4/udp.c.)
 *
 * A socket that took its port by bind() and connected then owns it too, but sock_diag does not tell
 * it from others: where programs do that, less is usable than is known here.
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

/* Ports; those outside of the range are counted nowhere. */
struct port_summary {
    uint64_t range;
    uint64_t reserved;
    uint64_t owned;
    uint64_t usable;
    uint64_t used;
    /* Where it is highest: towards a destination the used share of the usable ports, otherwise the
     * used share of those not reserved. 1 where there are none. */
    double utilization[PORT_SCOPES];
    /* Of the fullest destination, the used share of the usable ports whose parity connect() tries
     * first. */
    double preferred_utilization;
    uint64_t destinations;
    uint64_t destination_error_bound;
};

/* Local addresses beyond so many are in no local_address scope; the host has that many rarely. */
enum { PORT_USAGE_LOCAL_ADDRESSES = 256 };

struct port_usage;

/* `with_destinations`: keep the table of destinations; without, that scope stays 0. NULL when there
 * is no memory. */
struct port_usage *port_usage_create(bool with_destinations);
void port_usage_destroy(struct port_usage *usage);

/* A sample: begin, then each socket once, owners before holders, then summarize. */
void port_usage_begin(struct port_usage *usage, const struct port_settings *settings);

/* A listener or a bound-only socket: connect() passes its port over. */
void port_usage_own(struct port_usage *usage, const struct socket_record *record);

/* A bound-only socket of an earlier sample, which may have gone or connected since: its port is
 * owned unless a socket turns up that holds it. */
void port_usage_presume(struct port_usage *usage, const struct socket_record *record);

/* A client-side socket in any state. One without a peer (remote port 0) has no destination. */
void port_usage_hold(struct port_usage *usage, const struct socket_record *record);

struct port_summary port_usage_summarize(const struct port_usage *usage);

/* The fullest destination is named in any case once it holds this part of the usable ports, a
 * tenth: alerts, which name it, begin at two tenths. */
enum { PORT_USAGE_ALWAYS_NAMED = 10 };

/* Name the fullest destinations, as destinations_top(); none without the table. */
size_t port_usage_top(struct port_usage *usage, struct destination *rows, size_t top);

#endif
