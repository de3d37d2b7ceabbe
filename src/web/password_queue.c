// SPDX-License-Identifier: Apache-2.0
#include "password_queue.h"

#include <netinet/in.h>
#include <string.h>

uint64_t password_client(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return in.sin_addr.s_addr;
    }
    if (address->sa_family != AF_INET6)
        return 0;
    struct sockaddr_in6 in6;
    memcpy(&in6, address, sizeof in6);
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
        return in6.sin6_addr.s6_addr32[3];
    uint64_t network;
    memcpy(&network, &in6.sin6_addr, sizeof network);
    return network;
}

struct password_check *password_queue_add(struct password_queue *queue, uint64_t client)
{
    struct password_check *free_check = NULL;
    size_t of_client = 0;
    uint64_t round = queue->round;
    for (size_t i = 0; i < PASSWORD_QUEUE_SIZE; i++) {
        struct password_check *check = &queue->checks[i];
        if (!check->waits) {
            free_check = check;
        } else if (check->client == client) {
            of_client++;
            if (check->round >= round)
                round = check->round + 1;
        }
    }
    if (!free_check || of_client >= PASSWORD_CLIENT_SHARE)
        return NULL;
    *free_check = (struct password_check){
        .waits = true, .client = client, .round = round, .arrival = queue->arrivals++};
    return free_check;
}

static bool is_before(const struct password_check *one, const struct password_check *other)
{
    return one->round != other->round ? one->round < other->round : one->arrival < other->arrival;
}

struct password_check *password_queue_next(struct password_queue *queue)
{
    struct password_check *next = NULL;
    for (size_t i = 0; i < PASSWORD_QUEUE_SIZE; i++) {
        struct password_check *check = &queue->checks[i];
        if (check->waits && (!next || is_before(check, next)))
            next = check;
    }
    if (next)
        queue->round = next->round;
    return next;
}

void password_queue_remove(struct password_check *check)
{
    explicit_bzero(check, sizeof *check);
}
