// SPDX-License-Identifier: Apache-2.0
#include "listen_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections that wait to be accepted; the kernel lowers this to somaxconn. */
enum { BACKLOG = 4096 };

bool listen_address_split(const char *address, char host[static LISTEN_HOST_SIZE],
                          char port[static LISTEN_PORT_SIZE])
{
    int length = 0; /* of the part that fits the format; its widths are those of the arrays */
    host[0] = '\0';
    if (sscanf(address, "[%255[^]]]:%5[0-9]%n", host, port, &length) != 2 &&
        sscanf(address, "%255[^]:[]:%5[0-9]%n", host, port, &length) != 2 &&
        sscanf(address, ":%5[0-9]%n", port, &length) != 1)
        return false;
    return address[length] == '\0' && atoi(port) <= UINT16_MAX;
}

/*
 * The buffers of each connection, which inherits them from its listening socket: the kernel doubles
 * these numbers. With its own defaults, which grow to 4 MiB, fifteen clients that ask and do not
 * read fill the memory that the service may have (MemoryMax=).
 */
static void bound_buffers(int fd)
{
    static const int send = 32 * 1024, receive = 8 * 1024;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof send);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
}

/* A socket listening on one resolved address, or -1 with errno set. */
static int listen_on(const struct addrinfo *address, bool both_families)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    int reuse = 1, v6_only = !both_families;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
    bound_buffers(fd);
    if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        int saved_errno = errno;
        close(fd);
        errno = saved_errno;
        return -1;
    }
    return fd;
}

/* Listen on the first address of `host`, IPv4 if it has one. Without a host, listen on all
 * addresses of both families, or of IPv4 alone where there is no IPv6. -1 with errno set, or with
 * the error of getaddrinfo() in `failure`. */
static int listen_on_host(const char *host, const char *port, int *failure)
{
    int fd = -1;
    for (int i = 0; i < 2; i++) {
        struct addrinfo *found;
        const struct addrinfo hints = {.ai_family = (i == 0) == !host ? AF_INET6 : AF_INET,
                                       .ai_socktype = SOCK_STREAM,
                                       .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
        *failure = getaddrinfo(host, port, &hints, &found);
        if (*failure == EAI_MEMORY || *failure == EAI_SYSTEM)
            break; /* this says nothing about the family */
        if (*failure)
            continue;
        fd = listen_on(found, !host);
        freeaddrinfo(found);
        if (fd >= 0 || host || (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL))
            break;
    }
    return fd;
}

unsigned long listen_sockets_passed(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    if (!pid || !count || strtol(pid, NULL, 10) != (long)getpid())
        return 0;
    return strtoul(count, NULL, 10);
}

/* What the operator can do about `error_number`, as the end of a line. */
static const char *advice(int error_number)
{
    if (error_number != EADDRINUSE)
        return "";
    return listen_sockets_passed() > 0 ? "; systemd has passed a socket: add --web.systemd-socket"
                                       : "; choose another with --web.listen-address";
}

int listen_socket_open(const char *address, char *error, size_t error_size)
{
    char host[LISTEN_HOST_SIZE], port[LISTEN_PORT_SIZE];
    if (!listen_address_split(address, host, port)) {
        snprintf(error, error_size,
                 "cannot listen on \"%s\": expected host:port, [IPv6 address]:port or :port",
                 address);
        return -1;
    }
    int failure = 0;
    bool any = host[0] == '\0' || strcmp(host, "*") == 0 || strcmp(host, "::") == 0;
    int fd = listen_on_host(any ? NULL : host, port, &failure);
    if (failure)
        snprintf(error, error_size, "cannot listen on \"%s\": %s", address, gai_strerror(failure));
    else if (fd < 0)
        snprintf(error, error_size, "cannot listen on \"%s\": %s%s", address, strerror(errno),
                 advice(errno));
    return fd;
}

/* Is it a TCP socket that listens? Then let no child inherit it, and accept() not wait. */
static bool adopt(int fd)
{
    int domain, type, listens;
    socklen_t size = sizeof(int);
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0)
        return false;
    bound_buffers(fd);
    return (domain == AF_INET || domain == AF_INET6) && type == SOCK_STREAM && listens &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
           fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0;
}

size_t listen_sockets_inherit(int *fds, size_t room, char *error, size_t error_size)
{
    enum { FIRST = 3 }; /* SD_LISTEN_FDS_START */
    unsigned long count = listen_sockets_passed();
    if (count == 0) {
        snprintf(error, error_size,
                 "--web.systemd-socket: systemd passed no socket; start the .socket unit, or "
                 "remove the flag");
        return 0;
    }
    if (count > room) {
        snprintf(error, error_size, "--web.systemd-socket: %lu sockets are more than %zu", count,
                 room);
        return 0;
    }
    for (int i = 0; i < (int)count; i++) {
        fds[i] = FIRST + i;
        if (!adopt(fds[i])) {
            snprintf(error, error_size,
                     "--web.systemd-socket: socket %d is not a listening TCP socket", fds[i]);
            return 0;
        }
    }
    return count;
}

void listen_socket_describe(int fd, char *text, size_t size)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char host[64], port[8];
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0 ||
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(text, size, "(unknown)");
    else
        snprintf(text, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}
