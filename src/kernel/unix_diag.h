// SPDX-License-Identifier: Apache-2.0
/*
 * A dump of the UNIX sockets of a network namespace by sock_diag (net/unix/diag.c; module
 * unix_diag, CONFIG_UNIX_DIAG).
 */
#ifndef SOCKDIAG_KERNEL_UNIX_DIAG_H
#define SOCKDIAG_KERNEL_UNIX_DIAG_H

#include "sockdiag/sock_diag.h"

enum unix_socket_type {
    UNIX_SOCKET_STREAM,
    UNIX_SOCKET_DATAGRAM,
    UNIX_SOCKET_SEQPACKET,
    UNIX_SOCKET_TYPES
};

/* The label value, such as "stream". */
const char *unix_socket_type_name(enum unix_socket_type type);

/* Established ends stay so when their peer is gone. A datagram socket is established while it has a
 * peer, and never listens. */
enum unix_socket_state {
    UNIX_SOCKET_LISTEN,
    UNIX_SOCKET_ESTABLISHED,
    UNIX_SOCKET_UNCONNECTED, /* bound or not */
    UNIX_SOCKET_STATES
};

/* The label value, such as "listen". */
const char *unix_socket_state_name(enum unix_socket_state state);

/* The size of sun_path (unix(7)). */
enum { UNIX_NAME_SIZE = 108 };

struct unix_socket_record {
    enum unix_socket_type type;
    enum unix_socket_state state;
    /* The bytes of the name, without a NUL at the end of a path; an abstract name begins with a NUL
     * and may have more. At most UNIX_NAME_SIZE; none for a socket without a name. Those that a
     * listener has accepted have its name, too. */
    const char *name;
    size_t name_length;
    /* Of a listener: connections that wait for accept(), and the backlog. The kernel queues one
     * more than the backlog before connect() waits or fails with EAGAIN (unix_stream_connect,
     * net/unix/af_unix.c). Of other sockets: bytes. */
    uint32_t receive_queue;
    uint32_t send_queue;
};

/* Takes a record, which is only valid during the call. `context` is the consumer's. */
typedef void unix_socket_consumer(void *context, const struct unix_socket_record *record);

/* Dump all UNIX sockets, like sock_diag_dump_tcp(). */
bool unix_diag_dump(const struct kernel_access *kernel, unix_socket_consumer *consume,
                    void *context, uint64_t *rows, struct fault *fault);

/* Decode the netlink messages of one datagram, like sock_diag_decode(); public for the fuzzer. */
bool unix_diag_decode(const void *data, size_t length, unix_socket_consumer *consume, void *context,
                      uint64_t *rows, bool *done, struct fault *fault);

#endif
