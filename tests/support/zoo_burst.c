// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "await.h"
#include "zoo_private.h"

#define CLIENT_PORTS (UINT16_MAX + 1 - ZOO_FIRST_CLIENT_PORT)

struct burst_question {
    uint16_t port;
    unsigned at_least, at_most; /* SYN_RECV on that port */
};

static int is_burst_size(void *context)
{
    const struct burst_question *question = context;
    struct zoo_population seen;

    int result = zoo_census(ZOO_IPV4, question->port, &seen);
    if (result != 0)
        return result;
    return seen.syn_recv >= question->at_least && seen.syn_recv <= question->at_most;
}

/* The listener's backlog is never full: with SYN cookies there would be no SYN_RECV. */
int zoo_burst_syn_recv(struct zoo *zoo, unsigned count)
{
    const struct endpoint any_port = endpoint_parse(zoo_places[ZOO_IPV4].local, 0);
    struct endpoint client = endpoint_parse(zoo_places[ZOO_IPV4].peer, ZOO_FIRST_CLIENT_PORT);

    if (zoo->burst.count > 0)
        return -EBUSY;
    if (count > CLIENT_PORTS)
        return -EINVAL;
    int result = herd_reserve(&zoo->burst, 1 + (size_t)count);
    if (result != 0)
        return result;

    struct puppet *listener = herd_join(&zoo->burst, zoo->injector);
    result = puppet_listen(listener, AF_INET, &any_port, ZOO_BACKLOG_LIMIT);
    for (unsigned i = 0; result == 0 && i < count; i++, client.port++) {
        struct puppet *request = herd_join(&zoo->burst, zoo->injector);
        result = puppet_peer_knocks(request, &listener->local, &client);
    }
    if (result != 0)
        return result;

    struct burst_question question = {listener->local.port, .at_least = count, .at_most = count};
    return await_until(is_burst_size, &question);
}

/* Sends RSTs before the listener closes: otherwise its requests would stay until their next timer.
 */
int zoo_burst_end(struct zoo *zoo)
{
    if (zoo->burst.count == 0)
        return 0;

    struct burst_question question = {.port = zoo->burst.puppets[0].local.port};
    herd_free(&zoo->burst);
    return await_until(is_burst_size, &question);
}
