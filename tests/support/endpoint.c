// SPDX-License-Identifier: Apache-2.0
#include "endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

union socket_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

/* The offset of the IPv4 address in a v4-mapped one. */
#define MAPPED_OFFSET 12

struct endpoint endpoint_parse(const char *address, uint16_t port)
{
    struct endpoint endpoint = {.port = port};

    inet_pton(AF_INET6, address, &endpoint.address);
    return endpoint;
}

/* Convert to the family of the socket. Returns the size of `address`, or -errno. */
static int to_socket_address(int fd, const struct endpoint *endpoint, union socket_address *address)
{
    int family;
    socklen_t size = sizeof(family);

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0)
        return -errno;

    memset(address, 0, sizeof(*address));
    if (family == AF_INET6) {
        address->ipv6.sin6_family = AF_INET6;
        address->ipv6.sin6_port = htons(endpoint->port);
        address->ipv6.sin6_addr = endpoint->address;
        return sizeof(address->ipv6);
    }
    if (!IN6_IS_ADDR_V4MAPPED(&endpoint->address))
        return -EAFNOSUPPORT;
    address->ipv4.sin_family = AF_INET;
    address->ipv4.sin_port = htons(endpoint->port);
    memcpy(&address->ipv4.sin_addr, &endpoint->address.s6_addr[MAPPED_OFFSET],
           sizeof(address->ipv4.sin_addr));
    return sizeof(address->ipv4);
}

int endpoint_bind(int fd, const struct endpoint *local)
{
    union socket_address address;

    int size = to_socket_address(fd, local, &address);
    if (size < 0)
        return size;
    return bind(fd, &address.any, (socklen_t)size) == 0 ? 0 : -errno;
}

int endpoint_connect(int fd, const struct endpoint *remote)
{
    union socket_address address;

    int size = to_socket_address(fd, remote, &address);
    if (size < 0)
        return size;
    return connect(fd, &address.any, (socklen_t)size) == 0 ? 0 : -errno;
}

int endpoint_of_socket(int fd, struct endpoint *local)
{
    union socket_address address = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof(address);

    if (getsockname(fd, &address.any, &size) != 0)
        return -errno;

    if (address.any.sa_family == AF_INET6) {
        local->address = address.ipv6.sin6_addr;
        local->port = ntohs(address.ipv6.sin6_port);
    } else {
        *local = endpoint_parse("::ffff:0.0.0.0", ntohs(address.ipv4.sin_port));
        memcpy(&local->address.s6_addr[MAPPED_OFFSET], &address.ipv4.sin_addr,
               sizeof(address.ipv4.sin_addr));
    }
    return 0;
}
