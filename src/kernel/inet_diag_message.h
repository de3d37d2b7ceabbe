// SPDX-License-Identifier: Apache-2.0
/*
 * One inet_diag row on the wire (struct inet_diag_msg, include/uapi/linux/inet_diag.h) turned into
 * a struct socket_record. Private to src/kernel.
 */
#ifndef SOCKDIAG_KERNEL_INET_DIAG_MESSAGE_H
#define SOCKDIAG_KERNEL_INET_DIAG_MESSAGE_H

#include "sockdiag/socket_record.h"

struct nlmsghdr;

enum inet_diag_outcome {
    INET_DIAG_ROW,     /* the record is filled */
    INET_DIAG_UNKNOWN, /* a family or state of a newer kernel: pass it over */
    INET_DIAG_SHORT,   /* the payload ends before a row does */
};

/* Read the row in `message`, whose nlmsg_len is known to lie within the buffer. */
enum inet_diag_outcome inet_diag_message_read(const struct nlmsghdr *message,
                                              struct socket_record *record);

/* The set as inet_diag_req.idiag_states wants it. */
uint32_t inet_diag_state_mask(tcp_state_set states);

#endif
