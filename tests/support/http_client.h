// SPDX-License-Identifier: Apache-2.0
/*
 * An HTTP/1.1 client that sends any bytes, so that a test can send invalid requests.
 */
#ifndef TESTS_SUPPORT_HTTP_CLIENT_H
#define TESTS_SUPPORT_HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

struct http_reply {
    int status;
    char *head; /* status line and headers, NUL-terminated */
    char *body; /* NUL-terminated */
    size_t body_length;
};

/* A TCP connection from `source` (NULL: any) to `address`, both numeric, IPv4 or IPv6. A
 * descriptor, or -errno; the timeout is ten seconds. */
int http_connect(const char *source, const char *address, uint16_t port);

/* Send `request` and read until the server closes: the request should have "Connection: close".
 * The timeout for both is ten seconds. 0 and a reply for http_reply_free(), or -errno; -EPROTO if
 * the answer is not HTTP. */
int http_exchange(int fd, const char *request, struct http_reply *reply);

/* The same, but read only as far as Content-Length says: the connection may be used again. -EPROTO
 * also for an answer that is cut off. */
int http_ask(int fd, const char *request, struct http_reply *reply);

/* Send "METHOD path" to a server on the loopback address, over a new connection. Errors as above.
 */
int http_request(uint16_t port, const char *method, const char *path, struct http_reply *reply);

void http_reply_free(struct http_reply *reply);

#endif
