// SPDX-License-Identifier: Apache-2.0
#include "unix_diag.h"

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink_dump.h"

/* The states of include/net/tcp_states.h that UNIX sockets have. */
enum { KERNEL_TCP_ESTABLISHED = 1, KERNEL_TCP_CLOSE = 7, KERNEL_TCP_LISTEN = 10 };

static const char *const type_names[UNIX_SOCKET_TYPES] = {
    [UNIX_SOCKET_STREAM] = "stream",
    [UNIX_SOCKET_DATAGRAM] = "datagram",
    [UNIX_SOCKET_SEQPACKET] = "seqpacket",
};

static const char *const state_names[UNIX_SOCKET_STATES] = {
    [UNIX_SOCKET_LISTEN] = "listen",
    [UNIX_SOCKET_ESTABLISHED] = "established",
    [UNIX_SOCKET_UNCONNECTED] = "unconnected",
};

const char *unix_socket_type_name(enum unix_socket_type type)
{
    return type_names[type];
}

const char *unix_socket_state_name(enum unix_socket_state state)
{
    return state_names[state];
}

static bool read_type(uint8_t number, enum unix_socket_type *type)
{
    switch (number) {
    case SOCK_STREAM:
        *type = UNIX_SOCKET_STREAM;
        return true;
    case SOCK_DGRAM:
        *type = UNIX_SOCKET_DATAGRAM;
        return true;
    case SOCK_SEQPACKET:
        *type = UNIX_SOCKET_SEQPACKET;
        return true;
    default:
        return false;
    }
}

static bool read_state(uint8_t number, enum unix_socket_state *state)
{
    switch (number) {
    case KERNEL_TCP_LISTEN:
        *state = UNIX_SOCKET_LISTEN;
        return true;
    case KERNEL_TCP_ESTABLISHED:
        *state = UNIX_SOCKET_ESTABLISHED;
        return true;
    case KERNEL_TCP_CLOSE:
        *state = UNIX_SOCKET_UNCONNECTED;
        return true;
    default:
        return false;
    }
}

static void read_name(const struct nlattr *attribute, struct unix_socket_record *record)
{
    const char *name = mnl_attr_get_payload(attribute);
    size_t length = mnl_attr_get_payload_len(attribute);
    if (length > UNIX_NAME_SIZE)
        length = UNIX_NAME_SIZE;
    record->name = name;
    record->name_length = length > 0 && name[0] != '\0' ? strnlen(name, length) : length;
}

static int take_attribute(const struct nlattr *attribute, void *found)
{
    struct unix_socket_record *record = found;
    switch (mnl_attr_get_type(attribute)) {
    case UNIX_DIAG_NAME:
        read_name(attribute, record);
        break;
    case UNIX_DIAG_RQLEN:
        if (mnl_attr_get_payload_len(attribute) >= sizeof(struct unix_diag_rqlen)) {
            const struct unix_diag_rqlen *queues = mnl_attr_get_payload(attribute);
            record->receive_queue = queues->udiag_rqueue;
            record->send_queue = queues->udiag_wqueue;
        }
        break;
    default:
        break;
    }
    return MNL_CB_OK;
}

/* The consumer of the rows of a dump. */
struct row_consumer {
    unix_socket_consumer *consume;
    void *context;
};

static enum netlink_row read_row(void *context, const struct nlmsghdr *message)
{
    const struct row_consumer *consumer = context;
    if (mnl_nlmsg_get_payload_len(message) < sizeof(struct unix_diag_msg))
        return NETLINK_ROW_SHORT;
    const struct unix_diag_msg *row = mnl_nlmsg_get_payload(message);
    struct unix_socket_record record = {.name = ""};
    if (row->udiag_family != AF_UNIX || !read_type(row->udiag_type, &record.type) ||
        !read_state(row->udiag_state, &record.state))
        return NETLINK_ROW_UNKNOWN;
    mnl_attr_parse(message, sizeof *row, take_attribute, &record);
    consumer->consume(consumer->context, &record);
    return NETLINK_ROW;
}

bool unix_diag_decode(const void *data, size_t length, unix_socket_consumer *consume, void *context,
                      uint64_t *rows, bool *done, struct fault *fault)
{
    struct row_consumer consumer = {consume, context};
    return netlink_decode(data, length, read_row, &consumer, rows, done, fault);
}

bool unix_diag_dump(const struct kernel_access *kernel, unix_socket_consumer *consume,
                    void *context, uint64_t *rows, struct fault *fault)
{
    const struct {
        struct nlmsghdr header;
        struct unix_diag_req body;
    } request = {
        .header = {.nlmsg_len = sizeof request,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = AF_UNIX,
                 .udiag_states = UINT32_MAX,
                 .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN},
    };
    struct row_consumer consumer = {consume, context};
    return netlink_dump(kernel, &request.header, read_row, &consumer, rows, fault);
}
