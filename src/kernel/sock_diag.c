// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/sock_diag.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "inet_diag_message.h"

static const struct timeval reply_timeout = {.tv_sec = 10};

int sock_diag_open_netlink(void *context)
{
    (void)context;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    return fd < 0 ? -errno : fd;
}

/* The errno of a netlink error, which has it as a negative number; EPROTO if it is not an errno. */
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
        /* It also ends a dump that fails half way: the payload is then a negative errno. */
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

/* Are the `left` bytes at `header` at least one complete message? libmnl 1.0.4 compares lengths as
 * signed numbers and would accept 2^31 and more. */
static bool is_whole(const struct nlmsghdr *header, int left)
{
    return mnl_nlmsg_ok(header, left) && header->nlmsg_len <= (unsigned)left;
}

bool sock_diag_decode(const void *data, size_t length, socket_record_consumer *consume,
                      void *context, uint64_t *rows, bool *done, struct fault *fault)
{
    const struct nlmsghdr *header = data;
    int left = (int)length;
    for (; is_whole(header, left) && !*done; header = mnl_nlmsg_next(header, &left)) {
        if (header->nlmsg_type != TCPDIAG_GETSOCK && header->nlmsg_type != SOCK_DIAG_BY_FAMILY) {
            if (!handle_control(header, done, fault))
                return false;
            continue;
        }
        struct socket_record record;
        switch (inet_diag_message_read(header, &record)) {
        case INET_DIAG_ROW:
            consume(context, &record);
            ++*rows;
            break;
        case INET_DIAG_UNKNOWN:
            break;
        case INET_DIAG_SHORT:
            return fault_set(fault, FAULT_NETLINK_MALFORMED, 0, NULL);
        }
    }
    if (left > 0 && !*done)
        return fault_set(fault, FAULT_NETLINK_MALFORMED, 0, NULL);
    return true;
}

/* Send a request and read its dump to the end. */
static bool exchange(int fd, const struct nlmsghdr *request, socket_record_consumer *consume,
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
        if (!sock_diag_decode(buffer, (size_t)received, consume, context, rows, &done, fault))
            return false;
    }
    return true;
}

static bool dump(const struct kernel_access *kernel, const struct nlmsghdr *request,
                 socket_record_consumer *consume, void *context, uint64_t *rows,
                 struct fault *fault)
{
    *rows = 0;
    int fd = kernel->open_sock_diag(kernel->opener_context);
    if (fd < 0)
        return fault_set(fault, FAULT_NETLINK_OPEN, -fd, NULL);
    bool whole = exchange(fd, request, consume, context, rows, fault);
    close(fd);
    return whole;
}

/* A filter of the kernel's on the local port (inet_diag_bc_run, net/ipv4/inet_diag.c): two
 * comparisons, each with its port in an operation of its own. `yes` and `no` are how many bytes to
 * go on; a socket matches that comes to the end exactly. */
struct port_filter {
    struct nlattr attribute;
    struct inet_diag_bc_op operations[4];
};

static struct port_filter make_port_filter(const struct sock_diag_query *query)
{
    enum { COMPARISON = 2 * sizeof(struct inet_diag_bc_op), PAST_END = 4 };
    return (struct port_filter){
        .attribute = {sizeof(struct port_filter), INET_DIAG_REQ_BYTECODE},
        .operations = {{INET_DIAG_BC_S_GE, COMPARISON, 2 * COMPARISON + PAST_END},
                       {.no = query->low_port},
                       {INET_DIAG_BC_S_LE, COMPARISON, COMPARISON + PAST_END},
                       {.no = query->high_port}},
    };
}

bool sock_diag_dump_tcp(const struct kernel_access *kernel, const struct sock_diag_query *query,
                        socket_record_consumer *consume, void *context, uint64_t *rows,
                        struct fault *fault)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req body;
        struct port_filter filter;
    } request = {
        .header = {.nlmsg_len = sizeof request,
                   .nlmsg_type = TCPDIAG_GETSOCK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.idiag_ext = query->drops ? 1 << (INET_DIAG_SKMEMINFO - 1) : 0,
                 .idiag_states = inet_diag_make_state_mask(query->states)},
        .filter = make_port_filter(query),
    };
    if (query->high_port == 0)
        request.header.nlmsg_len -= (unsigned)sizeof request.filter;
    return dump(kernel, &request.header, consume, context, rows, fault);
}

bool sock_diag_dump_udp(const struct kernel_access *kernel, enum ip_family family,
                        socket_record_consumer *consume, void *context, uint64_t *rows,
                        struct fault *fault)
{
    const struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {
        .header = {.nlmsg_len = sizeof request,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = family == IP_FAMILY_IPV4 ? AF_INET : AF_INET6,
                 .sdiag_protocol = IPPROTO_UDP,
                 .idiag_states = UINT32_MAX},
    };
    return dump(kernel, &request.header, consume, context, rows, fault);
}
