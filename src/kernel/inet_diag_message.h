// SPDX-License-Identifier: Apache-2.0
/*
 * Turns an inet_diag row (struct inet_diag_msg, include/uapi/linux/inet_diag.h) into a struct
 * socket_record. Private to src/kernel.
 */
#ifndef SOCKDIAG_KERNEL_INET_DIAG_MESSAGE_H
#define SOCKDIAG_KERNEL_INET_DIAG_MESSAGE_H

#include "netlink_dump.h"
#include "sockdiag/socket_record.h"

/* Read the row in `message`, with the cgroup of any full socket if `cgroups`. Its nlmsg_len must be
 * within the buffer. NETLINK_ROW_UNKNOWN if its family or state is that of a newer kernel. */
enum netlink_row inet_diag_message_read(const struct nlmsghdr *message, bool cgroups,
                                        struct socket_record *record);

/* The value of inet_diag_req.idiag_states for `states`. */
uint32_t inet_diag_make_state_mask(tcp_state_set states);

#endif
