// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes, with any descriptors, as the answer of the namespace helper. An
 * accepted answer brings what was asked for, and no descriptor is lost in any case. The helper here
 * is the other end of its socket alone, which only the source itself can make.
 *
 * Covers: src/kernel/netns_helper.c
 */
#include "../../src/kernel/netns_helper.c" // NOLINT(bugprone-suspicious-include)

#include "input.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SENT_MOST = 6, PACKET_MOST = 64 };

/* The kinds of descriptors that can be sent. */
static int kinds[3];

static void open_kinds(void)
{
    kinds[0] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    kinds[1] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    kinds[2] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (kinds[0] < 0 || kinds[1] < 0 || kinds[2] < 0)
        abort();
}

/* A right answer with the bits of the input flipped in it, cut or longer. */
static size_t make_packet(struct input *input, size_t descriptors, char packet[static PACKET_MOST])
{
    const struct helper_answer right = {
        .magic = HELPER_MAGIC, .number = 1, .descriptors = (uint32_t)descriptors, .inode = 17};
    size_t size = sizeof right + take_byte(input) - 128;
    memset(packet, 0, PACKET_MOST);
    memcpy(packet, &right, sizeof right);
    for (size_t i = 0; i < PACKET_MOST; i++)
        packet[i] = (char)(packet[i] ^ take_byte(input));
    return size < PACKET_MOST ? size : sizeof right;
}

static void send_packet(int fd, struct input *input)
{
    char packet[PACKET_MOST];
    int sent[SENT_MOST];
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof sent)] = {0};
    size_t count = take_count(input, SENT_MOST), size = count * sizeof sent[0];
    for (size_t i = 0; i < count; i++)
        sent[i] = kinds[take_count(input, 2)];
    struct iovec part = {packet, make_packet(input, count, packet)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        *rights = (struct cmsghdr){CMSG_LEN(size), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(rights), sent, size);
    }
    if (sendmsg(fd, &header, 0) < 0)
        abort();
}

static int find_free_descriptor(void)
{
    int fd = dup(kinds[2]);
    close(fd);
    return fd;
}

static void check_door(const struct netns_door *door, int result, bool with_settings)
{
    for (int i = 0; i < NETNS_DESCRIPTORS; i++) {
        bool expected = result == 0 && (i == NETNS_SOCKET || with_settings);
        if ((door->descriptors[i] >= 0) != expected)
            abort();
    }
    if (result == 0 && !is_sock_diag(door->descriptors[NETNS_SOCKET]))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    int pair[2], before;
    if (kinds[0] == 0)
        open_kinds();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        abort();
    bool with_settings = take_bool(&input);
    const struct netns_target target = netns_target_of_process(1, 17, 0);
    struct netns_helper helper = {.fd = pair[0], .pid = getpid()};
    struct netns_door door;
    send_packet(pair[1], &input);
    before = find_free_descriptor();
    int result = netns_helper_enter(&helper, &target, with_settings, &door);
    check_door(&door, result, with_settings);
    if ((result == -EPIPE) != (helper.failure != NO_FAILURE))
        abort();
    netns_door_close(&door);
    if (find_free_descriptor() != before)
        abort();
    close(pair[0]);
    close(pair[1]);
    return 0;
}
