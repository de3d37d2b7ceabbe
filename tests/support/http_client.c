// SPDX-License-Identifier: Apache-2.0
#include "http_client.h"

#include "base/buffer.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* The timeout to connect, and the timeout to send and receive: Prometheus' default for a scrape. */
static const int64_t patience = 10 * NANOSECONDS_PER_SECOND;

/* Make the next send(), connect() or recv() fail at `deadline`. 0 or -errno; -ETIMEDOUT when it has
 * passed. */
static int set_deadline(int fd, int option, int64_t deadline)
{
    /* In microseconds. With 0 there would be no timeout. */
    int64_t left = (deadline - clock_now(&system_clock)) / 1000;
    const struct timeval timeout = {.tv_sec = (time_t)(left / 1000000),
                                    .tv_usec = (suseconds_t)(left % 1000000)};
    if (left <= 0)
        return -ETIMEDOUT;
    return setsockopt(fd, SOL_SOCKET, option, &timeout, sizeof timeout) < 0 ? -errno : 0;
}

static int resolve(const char *address, uint16_t port, struct addrinfo **found)
{
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    return getaddrinfo(address, service, &hints, found) == 0 ? 0 : -EINVAL;
}

/* bind() `fd` to `source`, unless it is NULL, and connect() it. 0 or -errno. */
static int bind_and_connect(int fd, const char *source, const struct addrinfo *to)
{
    struct addrinfo *from;
    if (source) {
        int error = resolve(source, 0, &from);
        if (error)
            return error;
        error = bind(fd, from->ai_addr, from->ai_addrlen) < 0 ? -errno : 0;
        freeaddrinfo(from);
        if (error)
            return error;
    }
    return connect(fd, to->ai_addr, to->ai_addrlen) < 0 ? -errno : 0;
}

int http_connect(const char *source, const char *address, uint16_t port)
{
    struct addrinfo *to;
    int error = resolve(address, port, &to);
    if (error)
        return error;
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    error = fd < 0 ? -errno : set_deadline(fd, SO_SNDTIMEO, clock_now(&system_clock) + patience);
    if (!error)
        error = bind_and_connect(fd, source, to);
    freeaddrinfo(to);
    if (error) {
        if (fd >= 0)
            close(fd);
        return error;
    }
    return fd;
}

static int send_all(int fd, const char *text, int64_t deadline)
{
    for (size_t left = strlen(text); left > 0;) {
        int error = set_deadline(fd, SO_SNDTIMEO, deadline);
        if (error)
            return error;
        ssize_t sent = send(fd, text, left, MSG_NOSIGNAL);
        if (sent < 0)
            return -errno;
        text += sent;
        left -= (size_t)sent;
    }
    return 0;
}

/* The start of the body, or NULL when the head is not complete. */
static const char *find_body(const struct buffer *received)
{
    const char *end =
        received->length > 0 ? memmem(received->data, received->length, "\r\n\r\n", 4) : NULL;
    return end ? end + 4 : NULL;
}

static bool is_whole(const struct buffer *received)
{
    static const char field[] = "\r\nContent-Length: ";
    const char *body = find_body(received);
    const char *length =
        body ? memmem(received->data, received->length, field, strlen(field)) : NULL;
    return length &&
           received->data + received->length - body >= strtol(length + strlen(field), NULL, 10);
}

/* Receive all data until the end or, unless `to_end`, one answer; NUL-terminated. */
static int receive(int fd, struct buffer *received, bool to_end, int64_t deadline)
{
    char piece[16384];
    ssize_t got = 1;
    int error = 0;
    while (got > 0 && (to_end || !is_whole(received)) &&
           (error = set_deadline(fd, SO_RCVTIMEO, deadline)) == 0) {
        got = recv(fd, piece, sizeof piece, 0);
        if (got > 0)
            buffer_append(received, piece, (size_t)got);
        else if (got < 0)
            error = -errno;
    }
    if (!error && !to_end && !is_whole(received))
        error = -EPROTO;
    buffer_append(received, "", 1);
    return received->failed ? -ENOMEM : error;
}

static int exchange(int fd, const char *request, bool to_end, struct http_reply *reply)
{
    struct buffer received = {0};
    int64_t deadline = clock_now(&system_clock) + patience;
    int error = send_all(fd, request, deadline);
    if (!error)
        error = receive(fd, &received, to_end, deadline);
    char *body = error ? NULL : (char *)find_body(&received);
    if (!body || sscanf(received.data, "HTTP/1.%*d %d", &reply->status) != 1) {
        buffer_free(&received);
        return error ? error : -EPROTO;
    }
    body[-4] = '\0';
    reply->head = received.data;
    reply->body = body;
    reply->body_length = received.length - 1 - (size_t)(body - received.data);
    return 0;
}

int http_exchange(int fd, const char *request, struct http_reply *reply)
{
    return exchange(fd, request, true, reply);
}

int http_ask(int fd, const char *request, struct http_reply *reply)
{
    return exchange(fd, request, false, reply);
}

int http_request(uint16_t port, const char *method, const char *path, struct http_reply *reply)
{
    int fd = http_connect(NULL, "127.0.0.1", port);
    if (fd < 0)
        return fd;
    char request[512];
    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method, path);
    int error = http_exchange(fd, request, reply);
    close(fd);
    return error;
}

void http_reply_free(struct http_reply *reply)
{
    free(reply->head);
    *reply = (struct http_reply){0};
}
