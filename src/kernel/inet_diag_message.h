// SPDX-License-Identifier: Apache-2.0
/*
 * Turns an inet_diag row (struct inet_diag_msg, include/uapi/linux/inet_diag.h) into a struct
 * socket_record. Private to src/kernel.
 */
#ifndef SOCKDIAG_KERNEL_INET_DIAG_MESSAGE_H
#define SOCKDIAG_KERNEL_INET_DIAG_MESSAGE_H

#include "sockdiag/socket_record.h"

struct nlmsghdr;

enum inet_diag_outcome {
    INET_DIAG_ROW,     /* the record is filled */
    INET_DIAG_UNKNOWN, /* a family or state of a newer kernel: skip it */
    INET_DIAG_SHORT,   /* the payload is shorter than a row */
};

/* Read the row in `message`. Its nlmsg_len must be within the buffer. */
enum inet_diag_outcome inet_diag_message_read(const struct nlmsghdr *message,
                                              struct socket_record *record);

/* The value of inet_diag_req.idiag_states for `states`. */
uint32_t inet_diag_make_state_mask(tcp_state_set states);

#endif
