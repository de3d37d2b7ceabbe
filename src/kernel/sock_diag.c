// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/sock_diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "inet_diag_message.h"
#include "netlink_dump.h"

int sock_diag_open_netlink(void *context)
{
    (void)context;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    return fd < 0 ? -errno : fd;
}

/* The consumer of the rows of a dump. */
struct row_consumer {
    socket_record_consumer *consume;
    void *context;
    bool cgroups;
};

static enum netlink_row read_row(void *context, const struct nlmsghdr *message)
{
    const struct row_consumer *consumer = context;
    struct socket_record record;
    enum netlink_row row = inet_diag_message_read(message, consumer->cgroups, &record);
    if (row == NETLINK_ROW)
        consumer->consume(consumer->context, &record);
    return row;
}

bool sock_diag_decode(const void *data, size_t length, socket_record_consumer *consume,
                      void *context, uint64_t *rows, bool *done, struct fault *fault)
{
    struct row_consumer consumer = {consume, context, true};
    return netlink_decode(data, length, read_row, &consumer, rows, done, fault);
}

/* A filter of local ports that the kernel runs (inet_diag_bc_run, net/ipv4/inet_diag.c): two
 * comparisons, each followed by an operation whose `no` holds the port. `yes` and `no` of a
 * comparison are the bytes to the next operation. A socket matches if the program ends exactly at
 * its end. */
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
    struct row_consumer consumer = {consume, context, query->cgroups};
    return netlink_dump(kernel, &request.header, read_row, &consumer, rows, fault);
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
                 .idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
                 .idiag_states = UINT32_MAX},
    };
    struct row_consumer consumer = {consume, context, false};
    return netlink_dump(kernel, &request.header, read_row, &consumer, rows, fault);
}
