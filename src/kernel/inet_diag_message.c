// SPDX-License-Identifier: Apache-2.0
#include "inet_diag_message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

/* State numbers of include/net/tcp_states.h; the bits of idiag_states are 1 << number. The
 * user-space headers lack two. TCP_NEW_SYN_RECV is the internal state of the requests that the
 * kernel reports as SYN_RECV. TCP_BOUND_INACTIVE (Linux 6.8) asks for bound-only sockets, which the
 * kernel reports as CLOSE. An older kernel ignores bits that it does not know. */
enum {
    KERNEL_TCP_SYN_RECV = 3,
    KERNEL_TCP_NEW_SYN_RECV = 12,
    KERNEL_TCP_BOUND_INACTIVE = 13,
};

uint32_t inet_diag_make_state_mask(tcp_state_set states)
{
    /* Not CLOSE: its bit makes the kernel walk all sockets and find none. */
    uint32_t mask = (states & ~tcp_state_bit(TCP_STATE_BOUND_INACTIVE)) << 1;
    if (states & tcp_state_bit(TCP_STATE_SYN_RECV))
        mask |= UINT32_C(1) << KERNEL_TCP_NEW_SYN_RECV;
    if (states & tcp_state_bit(TCP_STATE_BOUND_INACTIVE))
        mask |= UINT32_C(1) << KERNEL_TCP_BOUND_INACTIVE;
    return mask;
}

/* The attributes of a row that are used. */
struct attributes {
    bool shutdown; /* the attribute is present */
    bool ipv6_only;
    uint32_t drops;
    uint64_t cgroup;
};

static int take_attribute(const struct nlattr *attribute, void *found)
{
    struct attributes *attributes = found;
    switch (mnl_attr_get_type(attribute)) {
    case INET_DIAG_SHUTDOWN:
        attributes->shutdown = true;
        break;
    case INET_DIAG_SKV6ONLY:
        if (mnl_attr_get_payload_len(attribute) >= sizeof(uint8_t))
            attributes->ipv6_only = mnl_attr_get_u8(attribute);
        break;
    case INET_DIAG_SKMEMINFO:
        if (mnl_attr_get_payload_len(attribute) >= (SK_MEMINFO_DROPS + 1) * sizeof(uint32_t))
            attributes->drops =
                ((const uint32_t *)mnl_attr_get_payload(attribute))[SK_MEMINFO_DROPS];
        break;
    case INET_DIAG_CGROUP_ID:
        if (mnl_attr_get_payload_len(attribute) >= sizeof(uint64_t))
            attributes->cgroup = mnl_attr_get_u64(attribute);
        break;
    default:
        break;
    }
    return MNL_CB_OK;
}

/* Parsing attributes takes time, so it is done only where they are needed. Full sockets always have
 * INET_DIAG_SHUTDOWN and, from Linux 5.8 on, INET_DIAG_CGROUP_ID; minisockets and requests have
 * neither (inet_diag_msg_attrs_fill, net/ipv4/inet_diag.c). Only SYN_RECV and FIN_WAIT2 can be
 * either. Listeners have drops and a cgroup; so have UDP sockets, the only ones that are asked for
 * with SOCK_DIAG_BY_FAMILY. IPv6 sockets that are not connected have INET_DIAG_SKV6ONLY. */
static void read_attributes(const struct nlmsghdr *message, bool cgroups,
                            struct socket_record *record)
{
    bool ambiguous = record->state == TCP_STATE_SYN_RECV || record->state == TCP_STATE_FIN_WAIT2;
    struct attributes found = {.shutdown = !ambiguous && record->state != TCP_STATE_TIME_WAIT};
    if (cgroups || ambiguous || record->state == TCP_STATE_LISTEN ||
        record->state == TCP_STATE_BOUND_INACTIVE || message->nlmsg_type == SOCK_DIAG_BY_FAMILY)
        mnl_attr_parse(message, sizeof(struct inet_diag_msg), take_attribute, &found);
    record->full_socket = found.shutdown;
    record->ipv6_only = found.ipv6_only;
    record->drops = found.drops;
    record->cgroup = found.cgroup;
}

static bool is_v4_mapped(const uint32_t address[static 4])
{
    return address[0] == 0 && address[1] == 0 && address[2] == htonl(0xffff);
}

static void read_addresses(const struct inet_diag_sockid *id, uint8_t address_family,
                           struct socket_record *record)
{
    const uint32_t *source = id->idiag_src;
    const uint32_t *destination = id->idiag_dst;
    bool mapped = address_family == AF_INET6 && is_v4_mapped(source);
    if (address_family == AF_INET6 && !mapped) {
        record->family = IP_FAMILY_IPV6;
        memcpy(record->local_address.word, source, sizeof id->idiag_src);
        memcpy(record->remote_address.word, destination, sizeof id->idiag_dst);
        return;
    }
    unsigned last = mapped ? 3 : 0;
    record->family = IP_FAMILY_IPV4;
    record->local_address = (struct ip_address){{source[last]}};
    record->remote_address = (struct ip_address){{destination[last]}};
}

enum netlink_row inet_diag_message_read(const struct nlmsghdr *message, bool cgroups,
                                        struct socket_record *record)
{
    if (mnl_nlmsg_get_payload_len(message) < sizeof(struct inet_diag_msg))
        return NETLINK_ROW_SHORT;

    const struct inet_diag_msg *row = mnl_nlmsg_get_payload(message);
    if (row->idiag_family != AF_INET && row->idiag_family != AF_INET6)
        return NETLINK_ROW_UNKNOWN;
    unsigned number =
        row->idiag_state == KERNEL_TCP_NEW_SYN_RECV ? KERNEL_TCP_SYN_RECV : row->idiag_state;
    if (number < 1 || number > TCP_STATES)
        return NETLINK_ROW_UNKNOWN;

    record->state = (enum tcp_state)(number - 1);
    read_attributes(message, cgroups, record);
    read_addresses(&row->id, row->idiag_family, record);
    record->local_port = ntohs(row->id.idiag_sport);
    record->remote_port = ntohs(row->id.idiag_dport);
    record->interface = row->id.idiag_if;
    record->cookie = (uint64_t)row->id.idiag_cookie[1] << 32 | row->id.idiag_cookie[0];
    record->receive_queue = row->idiag_rqueue;
    record->send_queue = row->idiag_wqueue;
    return NETLINK_ROW;
}
