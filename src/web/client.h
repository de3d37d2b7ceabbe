// SPDX-License-Identifier: Apache-2.0
/*
 * What counts as one client where each may have only a share: an IPv4 address, mapped into IPv6 or
 * not, or a /64 network of IPv6, because a host has all addresses of one to choose from.
 */
#ifndef SOCKDIAG_WEB_CLIENT_H
#define SOCKDIAG_WEB_CLIENT_H

#include <stdint.h>
#include <sys/socket.h>

/* A number for the client at `address`. Families other than IPv4 and IPv6 are one client. */
uint64_t client_of(const struct sockaddr *address);

#endif
