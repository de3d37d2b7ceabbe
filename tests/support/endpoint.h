// SPDX-License-Identifier: Apache-2.0
/*
 * One end of a TCP connection, in one notation for both families: an IPv4 address is written as
 * the v4-mapped ::ffff:a.b.c.d.
 */
#ifndef TESTS_SUPPORT_ENDPOINT_H
#define TESTS_SUPPORT_ENDPOINT_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

struct endpoint {
    struct in6_addr address;
    uint16_t port; /* in host byte order */
};

/* The endpoint of a valid address in IPv6 text ("2001:db8::1", "::ffff:192.0.2.1"). */
struct endpoint endpoint_parse(const char *address, uint16_t port);

/*
 * bind() and connect() to an endpoint. A socket of AF_INET accepts only v4-mapped endpoints; for a
 * socket of AF_INET6 they also mean IPv4. Return 0 or -errno (-EINPROGRESS as connect() does).
 */
int endpoint_bind(int fd, const struct endpoint *local);
int endpoint_connect(int fd, const struct endpoint *remote);

/* The local endpoint of a socket. Returns 0 or -errno. */
int endpoint_of_socket(int fd, struct endpoint *local);

#endif
