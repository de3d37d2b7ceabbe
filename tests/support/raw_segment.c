// SPDX-License-Identifier: Apache-2.0
#include "raw_segment.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "netns.h"

#define HOP_LIMIT 64
#define WINDOW    65535

/*
 * A segment counts against the sender's buffer until the kernel has received it. This limits the
 * segments on their way far below the 1000 at which the kernel drops them
 * (net.core.netdev_max_backlog): at the limit writev() waits.
 */
#define SEND_BUFFER 65536

int raw_segment_open(void)
{
    const int send_buffer = SEND_BUFFER;
    struct sockaddr_ll far_end = {
        .sll_family = AF_PACKET,
        .sll_ifindex = (int)if_nametoindex(NETNS_VOID_FAR),
    };

    if (far_end.sll_ifindex == 0)
        return -errno;
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer)) != 0 ||
        bind(fd, (struct sockaddr *)&far_end, sizeof(far_end)) != 0) {
        int result = -errno;
        close(fd);
        return result;
    }
    return fd;
}

/* Adds an even number of bytes to a sum of 16-bit words of network order (RFC 1071). */
static uint32_t add_words(uint32_t sum, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;

    for (size_t i = 0; i < size; i += 2)
        /* The analyzer believes that the bit-fields of struct iphdr are unset. */
        sum += (uint32_t)byte[i] << 8 | byte[i + 1]; // NOLINT(clang-analyzer-core.*)
    return sum;
}

/* The Internet checksum for this sum, in network byte order. */
static uint16_t checksum(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

static struct tcphdr tcp_header(const struct raw_segment *segment)
{
    struct tcphdr tcp = {
        .th_sport = htons(segment->from.port),
        .th_dport = htons(segment->to.port),
        .th_seq = htonl(segment->sequence),
        .th_ack = htonl(segment->acknowledgement),
        .th_off = sizeof(tcp) / 4,
        .th_flags = segment->flags,
        .th_win = htons(WINDOW),
    };

    /* The pseudo header has an IPv4 address without the v4-mapped prefix. */
    const size_t skip = IN6_IS_ADDR_V4MAPPED(&segment->to.address) ? 12 : 0;
    uint32_t sum = IPPROTO_TCP + sizeof(tcp);
    sum = add_words(sum, segment->from.address.s6_addr + skip, sizeof(struct in6_addr) - skip);
    sum = add_words(sum, segment->to.address.s6_addr + skip, sizeof(struct in6_addr) - skip);
    tcp.th_sum = checksum(add_words(sum, &tcp, sizeof(tcp)));
    return tcp;
}

static struct iphdr ipv4_header(const struct raw_segment *segment)
{
    struct iphdr ip = {
        .version = 4,
        .ihl = sizeof(ip) / 4,
        .tot_len = htons(sizeof(ip) + sizeof(struct tcphdr)),
        .ttl = HOP_LIMIT,
        .protocol = IPPROTO_TCP,
        .saddr = segment->from.address.s6_addr32[3],
        .daddr = segment->to.address.s6_addr32[3],
    };

    ip.check = checksum(add_words(0, &ip, sizeof(ip)));
    return ip;
}

static struct ip6_hdr ipv6_header(const struct raw_segment *segment)
{
    return (struct ip6_hdr){
        .ip6_flow = htonl(UINT32_C(6) << 28),
        .ip6_plen = htons(sizeof(struct tcphdr)),
        .ip6_nxt = IPPROTO_TCP,
        .ip6_hlim = HOP_LIMIT,
        .ip6_src = segment->from.address,
        .ip6_dst = segment->to.address,
    };
}

int raw_segment_send(int injector, const struct raw_segment *segment)
{
    const bool is_ipv4 = IN6_IS_ADDR_V4MAPPED(&segment->to.address);
    struct iphdr ipv4 = ipv4_header(segment);
    struct ip6_hdr ipv6 = ipv6_header(segment);
    struct tcphdr tcp = tcp_header(segment);
    struct ether_header ethernet = {.ether_type = htons(is_ipv4 ? ETHERTYPE_IP : ETHERTYPE_IPV6)};

    ether_aton_r(NETNS_VOID_MAC, (struct ether_addr *)ethernet.ether_dhost);
    const struct iovec frame[] = {
        {&ethernet, sizeof(ethernet)},
        is_ipv4 ? (struct iovec){&ipv4, sizeof(ipv4)} : (struct iovec){&ipv6, sizeof(ipv6)},
        {&tcp, sizeof(tcp)},
    };
    return writev(injector, frame, sizeof(frame) / sizeof(frame[0])) < 0 ? -errno : 0;
}
