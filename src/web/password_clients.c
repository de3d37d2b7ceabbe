// SPDX-License-Identifier: Apache-2.0
#include "password_clients.h"

#include <netinet/in.h>
#include <stddef.h>
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

static bool is_of(const struct password_wrong_client *entry, uint64_t client)
{
    return entry->last_wrong > 0 && entry->client == client;
}

void password_clients_note(struct password_clients *clients, uint64_t client, bool right)
{
    /* Its entry, or an empty one, or the oldest. */
    struct password_wrong_client *entry = &clients->wrong[0];
    for (size_t i = 1; i < PASSWORD_CLIENTS_REMEMBERED && !is_of(entry, client); i++) {
        struct password_wrong_client *other = &clients->wrong[i];
        if (is_of(other, client) || other->last_wrong < entry->last_wrong)
            entry = other;
    }
    if (!right)
        *entry = (struct password_wrong_client){client, ++clients->wrong_seen};
    else if (is_of(entry, client))
        *entry = (struct password_wrong_client){0};
}

uint64_t password_clients_last_wrong(const struct password_clients *clients, uint64_t client)
{
    for (size_t i = 0; i < PASSWORD_CLIENTS_REMEMBERED; i++) {
        if (is_of(&clients->wrong[i], client))
            return clients->wrong[i].last_wrong;
    }
    return 0;
}
