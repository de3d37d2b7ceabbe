// SPDX-License-Identifier: Apache-2.0
/*
 * A listening TCP socket from an address as Prometheus users write it.
 */
#ifndef SOCKDIAG_WEB_LISTEN_SOCKET_H
#define SOCKDIAG_WEB_LISTEN_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

enum { LISTEN_HOST_SIZE = 256, LISTEN_PORT_SIZE = 6 };

/* Cut `address`, one of those below, into host, without brackets, and port, a number up to 65535.
 * False when it is not written like that: a bare IPv6 address needs brackets. */
bool listen_address_split(const char *address, char host[static LISTEN_HOST_SIZE],
                          char port[static LISTEN_PORT_SIZE]);

/* Listen on "host:port", "[IPv6]:port" or ":port"; the last takes both families where the kernel
 * has both. Returns a descriptor that the caller closes, or -1 with one line for the operator in
 * `error`. */
int listen_socket_open(const char *address, char *error, size_t error_size);

/* How many sockets systemd passed to this process (sd_listen_fds(3)), not to its parent. */
unsigned long listen_sockets_passed(void);

/* The listening sockets that systemd passed to this process, at most `room` of them, in `fds`: the
 * caller closes them. Returns how many, or 0 with one line for the operator in `error`. To be
 * called once. */
size_t listen_sockets_inherit(int *fds, size_t room, char *error, size_t error_size);

/* The address and port that `fd` really listens on, as "127.0.0.1:10073" or "[::]:10073". */
void listen_socket_describe(int fd, char *text, size_t size);

#endif
