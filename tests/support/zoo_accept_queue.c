// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/tcp.h>

#include "await.h"
#include "zoo_private.h"

struct accept_queue {
    unsigned length, limit;
};

struct queue_question {
    int listener;
    unsigned length;
};

/* In a listener's TCP_INFO these fields are the length and the limit of its accept queue. */
static int read_queue(int listener, struct accept_queue *queue)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);

    int result = getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? 0 : -errno;
    *queue = (struct accept_queue){.length = info.tcpi_unacked, .limit = info.tcpi_sacked};
    return result;
}

static int is_queue_length(void *context)
{
    const struct queue_question *question = context;
    struct accept_queue queue;

    int result = read_queue(question->listener, &queue);
    return result != 0 ? result : queue.length == question->length;
}

/* Checks that the limit is the backlog, which listen() silently reduces to somaxconn. */
static int make_listener(struct puppet *listener, const struct zoo_place *place, unsigned backlog)
{
    const struct endpoint any_port = endpoint_parse(place->loopback, 0);
    struct accept_queue queue = {0};

    int result = puppet_listen(listener, place->domain, &any_port, (int)backlog);
    if (result == 0)
        result = read_queue(listener->fd, &queue);
    return result == 0 && queue.limit != backlog ? -ERANGE : result;
}

int zoo_fill_accept_queue(struct zoo *zoo, enum zoo_family family, unsigned backlog,
                          unsigned length, uint16_t *port)
{
    const struct zoo_place *place = &zoo_places[family];

    if (backlog > ZOO_BACKLOG_LIMIT || length > backlog + 1)
        return -EINVAL;
    int result = herd_reserve(&zoo->residents, 1 + (size_t)length);
    if (result != 0)
        return result;

    struct puppet *listener = herd_join(&zoo->residents, zoo->injector);
    result = make_listener(listener, place, backlog);
    for (unsigned i = 0; result == 0 && i < length; i++) {
        struct puppet *client = herd_join(&zoo->residents, zoo->injector);
        result = puppet_call(client, place->domain, &listener->local);
    }
    if (result != 0)
        return result;

    *port = listener->local.port;
    struct queue_question question = {.listener = listener->fd, .length = length};
    return await_until(is_queue_length, &question);
}
