// SPDX-License-Identifier: Apache-2.0
#include "client.h"

#include <netinet/in.h>
#include <string.h>

uint64_t client_of(const struct sockaddr *address)
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
