// SPDX-License-Identifier: Apache-2.0
#include "netlink_dump.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const struct timeval reply_timeout = {.tv_sec = 10};

/* The errno in a netlink error, where it is negative; EPROTO if it is not an errno. */
static int decode_errno(int error)
{
    return error < 0 && error >= -4095 ? -error : EPROTO;
}

/* Handle a message that is not a row. False when the dump has failed. */
static bool handle_control(const struct nlmsghdr *header, bool *done, struct fault *fault)
{
    const void *payload = mnl_nlmsg_get_payload(header);
    size_t length = mnl_nlmsg_get_payload_len(header);
    switch (header->nlmsg_type) {
    case NLMSG_ERROR:
        if (length < sizeof(struct nlmsgerr))
            return fault_set(fault, FAULT_NETLINK_MALFORMED, 0, NULL);
        return fault_set(fault, FAULT_NETLINK_REFUSED,
                         decode_errno(((const struct nlmsgerr *)payload)->error), NULL);
    case NLMSG_DONE:
        /* NLMSG_DONE also ends a dump that fails half way: the payload is then a negative errno. */
        if (length < sizeof(int))
            return fault_set(fault, FAULT_NETLINK_MALFORMED, 0, NULL);
        if (*(const int *)payload < 0)
            return fault_set(fault, FAULT_NETLINK_REFUSED, decode_errno(*(const int *)payload),
                             NULL);
        *done = true;
        return true;
    case NLMSG_OVERRUN:
        return fault_set(fault, FAULT_NETLINK_TRUNCATED, 0, NULL);
    default:
        return true;
    }
}

/* Is there at least one complete message in the `left` bytes at `header`? mnl_nlmsg_ok() of libmnl
 * 1.0.4 compares lengths as signed numbers and would accept 2^31 and more. libmnl reads attributes
 * up to the aligned end of a message: that must be within the buffer, too. The kernel always pads
 * messages to it. */
static bool is_whole(const struct nlmsghdr *header, int left)
{
    return mnl_nlmsg_ok(header, left) && header->nlmsg_len <= (unsigned)left &&
           NLMSG_ALIGN((size_t)header->nlmsg_len) <= (size_t)left;
}

bool netlink_decode(const void *data, size_t length, netlink_row_reader *read_row, void *context,
                    uint64_t *rows, bool *done, struct fault *fault)
{
    const struct nlmsghdr *header = data;
    int left = (int)length;
    for (; is_whole(header, left) && !*done; header = mnl_nlmsg_next(header, &left)) {
        if (header->nlmsg_type != TCPDIAG_GETSOCK && header->nlmsg_type != SOCK_DIAG_BY_FAMILY) {
            if (!handle_control(header, done, fault))
                return false;
            continue;
        }
        switch (read_row(context, header)) {
        case NETLINK_ROW:
            ++*rows;
            break;
        case NETLINK_ROW_UNKNOWN:
            break;
        case NETLINK_ROW_SHORT:
            return fault_set(fault, FAULT_NETLINK_MALFORMED, 0, NULL);
        }
    }
    if (left > 0 && !*done)
        return fault_set(fault, FAULT_NETLINK_MALFORMED, 0, NULL);
    return true;
}

/* Send a request and read its dump to the end. */
static bool exchange(int fd, const struct nlmsghdr *request, netlink_row_reader *read_row,
                     void *context, uint64_t *rows, struct fault *fault)
{
    _Alignas(struct nlmsghdr) char buffer[SOCK_DIAG_BUFFER_SIZE];

    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &reply_timeout, sizeof reply_timeout) < 0)
        return fault_set(fault, FAULT_NETLINK_OPEN, errno, NULL);
    /* An unconnected netlink socket sends to the kernel. */
    if (send(fd, request, request->nlmsg_len, MSG_NOSIGNAL) < 0)
        return fault_set(fault, FAULT_NETLINK_SEND, errno, NULL);
    for (bool done = false; !done;) {
        /* MSG_TRUNC: return the length of the datagram even if it did not fit. */
        ssize_t received = recv(fd, buffer, sizeof buffer, MSG_TRUNC);
        if (received < 0 && errno == EINTR)
            continue;
        if (received <= 0)
            return fault_set(fault, FAULT_NETLINK_RECEIVE, received < 0 ? errno : ECONNRESET, NULL);
        if ((size_t)received > sizeof buffer)
            return fault_set(fault, FAULT_NETLINK_TRUNCATED, 0, NULL);
        if (!netlink_decode(buffer, (size_t)received, read_row, context, rows, &done, fault))
            return false;
    }
    return true;
}

bool netlink_dump(const struct kernel_access *kernel, const struct nlmsghdr *request,
                  netlink_row_reader *read_row, void *context, uint64_t *rows, struct fault *fault)
{
    *rows = 0;
    int fd = kernel->open_sock_diag(kernel->opener_context);
    if (fd < 0)
        return fault_set(fault, FAULT_NETLINK_OPEN, -fd, NULL);
    bool whole = exchange(fd, request, read_row, context, rows, fault);
    close(fd);
    return whole;
}
