// SPDX-License-Identifier: Apache-2.0
/*
 * One dump of sock_diag, of any family: a request, and the datagrams of its answer. Private to
 * src/kernel.
 */
#ifndef SOCKDIAG_KERNEL_NETLINK_DUMP_H
#define SOCKDIAG_KERNEL_NETLINK_DUMP_H

#include "sockdiag/sock_diag.h"

struct nlmsghdr;

enum netlink_row {
    NETLINK_ROW,         /* it was read */
    NETLINK_ROW_UNKNOWN, /* of a kind that only a newer kernel has: skip it */
    NETLINK_ROW_SHORT,   /* the payload is shorter than a row */
};

/* Reads the row in `message`, whose nlmsg_len is within the buffer. */
typedef enum netlink_row netlink_row_reader(void *context, const struct nlmsghdr *message);

/* Read the messages of one datagram, like sock_diag_decode() of sock_diag.h. */
bool netlink_decode(const void *data, size_t length, netlink_row_reader *read_row, void *context,
                    uint64_t *rows, bool *done, struct fault *fault);

/* Send `request` on a socket of its own and read the answer to the end, like sock_diag_dump_tcp().
 */
bool netlink_dump(const struct kernel_access *kernel, const struct nlmsghdr *request,
                  netlink_row_reader *read_row, void *context, uint64_t *rows, struct fault *fault);

#endif
