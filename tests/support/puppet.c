// SPDX-License-Identifier: Apache-2.0
#include "puppet.h"

#include <errno.h>
#include <unistd.h>

#include "await.h"
#include "raw_segment.h"

/* Arbitrary numbers. All puppets can share them, because their ports differ. */
#define FIRST_SENT     1000000
#define FIRST_RECEIVED 2000000
#define WINDOW         65535

/* For TCP_REPAIR_QUEUE, as in linux/tcp.h: musl has no names for them. */
enum { RECEIVE_QUEUE = 1, SEND_QUEUE = 2 };

static int set_tcp_option(int fd, int option, int value)
{
    return setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value)) == 0 ? 0 : -errno;
}

static int set_sequence(int fd, int queue, uint32_t sequence)
{
    int result = set_tcp_option(fd, TCP_REPAIR_QUEUE, queue);
    if (result == 0)
        result = set_tcp_option(fd, TCP_QUEUE_SEQ, (int)sequence);
    return result;
}

/* A repaired socket starts with a closed send window, which would delay even a FIN. */
static int open_windows(const struct puppet *puppet)
{
    const struct tcp_repair_window windows = {
        .snd_wl1 = puppet->next_received,
        .snd_wnd = WINDOW,
        .max_window = WINDOW,
        .rcv_wnd = WINDOW,
        .rcv_wup = puppet->next_received,
    };

    if (setsockopt(puppet->fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &windows, sizeof(windows)) != 0)
        return -errno;
    return 0;
}

static int peer_sends(const struct puppet *puppet, uint8_t flags)
{
    const struct raw_segment segment = {
        .from = puppet->peer,
        .to = puppet->local,
        .sequence = puppet->next_received,
        .acknowledgement = puppet->acknowledged,
        .flags = flags,
    };

    return raw_segment_send(puppet->injector, &segment);
}

struct puppet puppet_none(int injector)
{
    return (struct puppet){.injector = injector, .fd = -1};
}

static int open_socket(struct puppet *puppet, int domain)
{
    puppet->fd = socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return puppet->fd >= 0 ? 0 : -errno;
}

int puppet_bind(struct puppet *puppet, int domain, const struct endpoint *local)
{
    int result = open_socket(puppet, domain);
    if (result == 0)
        result = endpoint_bind(puppet->fd, local);
    return result;
}

int puppet_listen(struct puppet *puppet, int domain, const struct endpoint *local, int backlog)
{
    int result = puppet_bind(puppet, domain, local);
    if (result == 0 && listen(puppet->fd, backlog) != 0)
        result = -errno;
    if (result == 0)
        result = endpoint_of_socket(puppet->fd, &puppet->local);
    return result;
}

int puppet_call(struct puppet *puppet, int domain, const struct endpoint *peer)
{
    int result = open_socket(puppet, domain);
    if (result == 0)
        result = endpoint_connect(puppet->fd, peer);
    return result == -EINPROGRESS ? 0 : result;
}

int puppet_connect(struct puppet *puppet, int domain, const struct endpoint *peer)
{
    puppet->peer = *peer;
    puppet->next_sent = puppet->acknowledged = FIRST_SENT;
    puppet->next_received = FIRST_RECEIVED;

    int result = open_socket(puppet, domain);
    if (result == 0)
        result = set_tcp_option(puppet->fd, TCP_REPAIR, TCP_REPAIR_ON);
    if (result == 0)
        result = set_sequence(puppet->fd, SEND_QUEUE, puppet->next_sent);
    if (result == 0)
        result = set_sequence(puppet->fd, RECEIVE_QUEUE, puppet->next_received);
    if (result == 0)
        result = endpoint_connect(puppet->fd, peer);
    if (result == 0)
        result = open_windows(puppet);
    if (result == 0)
        result = set_tcp_option(puppet->fd, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
    if (result == 0)
        result = endpoint_of_socket(puppet->fd, &puppet->local);
    return result;
}

int puppet_peer_knocks(struct puppet *puppet, const struct endpoint *listener,
                       const struct endpoint *peer)
{
    puppet->local = *listener;
    puppet->peer = *peer;
    puppet->next_received = FIRST_RECEIVED;

    int result = peer_sends(puppet, TH_SYN);
    puppet->next_received++;
    return result;
}

int puppet_shut_down(struct puppet *puppet)
{
    puppet->next_sent++;
    return shutdown(puppet->fd, SHUT_WR) == 0 ? 0 : -errno;
}

int puppet_peer_acknowledges(struct puppet *puppet)
{
    puppet->acknowledged = puppet->next_sent;
    return peer_sends(puppet, TH_ACK);
}

int puppet_peer_finishes(struct puppet *puppet)
{
    int result = peer_sends(puppet, TH_FIN | TH_ACK);
    puppet->next_received++;
    return result;
}

int puppet_release(struct puppet *puppet)
{
    int result = close(puppet->fd) == 0 ? 0 : -errno;
    puppet->fd = -1;
    return result;
}

struct state_question {
    int fd;
    int state;
};

static int is_in_state(void *context)
{
    const struct state_question *question = context;
    struct tcp_info info;
    socklen_t size = sizeof(info);

    if (getsockopt(question->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return -errno;
    return info.tcpi_state == question->state;
}

int puppet_await_state(const struct puppet *puppet, int state)
{
    struct state_question question = {.fd = puppet->fd, .state = state};

    return await_until(is_in_state, &question);
}

void puppet_vanish(struct puppet *puppet)
{
    const struct linger reset = {.l_onoff = 1};

    if (puppet->fd >= 0) {
        setsockopt(puppet->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        puppet_release(puppet);
    } else if (puppet->peer.port != 0) {
        peer_sends(puppet, TH_RST);
    }
    *puppet = puppet_none(puppet->injector);
}
