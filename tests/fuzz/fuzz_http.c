// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes as what a client sends to the web server. A form feed is not sent:
 * there the server has a turn. Every answer is whole, a page is the right one in the format that
 * the answer names, and the connection ends in its time after the client has closed its side.
 *
 * Covers: src/web/http_daemon.c src/web/http_site.c src/web/http_head.c src/web/negotiation.c
 */
#include "web/http_daemon.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TURN = '\f', TURNS_OF_ANSWER = 4, ANSWERS_SIZE = 1 << 20 };

/* More than a connection can stay without a request, or an answer unread. */
static const int64_t long_time = 80 * NANOSECONDS_PER_SECOND;

static int64_t now;

static int64_t tell_time(void *context)
{
    (void)context;
    return now;
}

/* So that the status page stays the same. */
static int64_t stand_still(void *context)
{
    (void)context;
    return NANOSECONDS_PER_SECOND;
}

static const struct clock own_clock = {tell_time, stand_still, stand_still, NULL};

static struct server {
    struct publication *publication;
    const struct page *page;
    struct http_site site;
    struct http_daemon daemon;
} server;

static void start(void)
{
    static const struct snapshot snapshot = {.has_counts = true, .next_within = INT64_MAX / 2};
    static const struct self_report self = {
        .version = "1", .revision = "2", .telemetry_path = "/metrics"};
    static char value[] = "sameorigin";
    static struct web_config config = {.headers = {{"X-Frame-Options", value}}, .header_count = 1};
    server.publication = publication_create();
    publication_put(server.publication, page_create(&snapshot, &self, &own_clock));
    server.page = publication_get(server.publication);
    server.daemon.config = &config;
    if (!http_site_init(&server.site, "/metrics", server.publication, &own_clock) ||
        !http_daemon_start(&server.daemon, 1, 64, &server.site, -1, &own_clock))
        abort();
}

/* What was answered so far: one after the other, and not yet looked at. */
struct answers {
    char text[ANSWERS_SIZE];
    size_t length;
    bool ended; /* by the server */
};

static void take_turn(int client, struct answers *answers)
{
    http_daemon_run(&server.daemon);
    size_t room = sizeof answers->text - answers->length;
    ssize_t got = recv(client, answers->text + answers->length, room, MSG_DONTWAIT);
    if (got > 0)
        answers->length += (size_t)got;
    else
        answers->ended |= got == 0;
}

static void send_all(int client, const uint8_t *data, size_t size, struct answers *answers)
{
    for (const uint8_t *end = data + size; data < end && !answers->ended;) {
        const uint8_t *turn = memchr(data, TURN, (size_t)(end - data));
        size_t length = (size_t)((turn ? turn : end) - data);
        if (length > 0 && send(client, data, length, MSG_NOSIGNAL) != (ssize_t)length)
            return; /* it was ended */
        data += length + 1;
        take_turn(client, answers);
    }
}

/* The answers to `size` bytes, after which the client closes its side. */
static void talk(const uint8_t *data, size_t size, struct answers *answers)
{
    int pair[2];
    const struct sockaddr_in address = {.sin_family = AF_INET};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        abort();
    http_daemon_add(&server.daemon, 0, pair[1], (const struct sockaddr *)&address, sizeof address);
    send_all(pair[0], data, size, answers);
    shutdown(pair[0], SHUT_WR);
    for (int turns = 0; !answers->ended && turns < TURNS_OF_ANSWER; turns++)
        take_turn(pair[0], answers);
    now += long_time;
    connections_end_overdue(&server.daemon.connections);
    take_turn(pair[0], answers);
    close(pair[0]);
    http_daemon_run(&server.daemon);
    if (!connections_are_none(&server.daemon.connections))
        abort();
}

/* The value of a header in a head that is NUL-terminated, or "". */
static const char *find_header(const char *head, const char *name)
{
    static char value[512];
    const char *line = strstr(head, name);
    value[0] = '\0';
    if (line)
        sscanf(line + strlen(name), ": %511[^\r]", value);
    return value;
}

static bool is_gzip_of(const char *body, size_t length, const struct body *plain)
{
    static unsigned char text[ANSWERS_SIZE];
    z_stream stream = {.next_in = (unsigned char *)body,
                       .avail_in = (unsigned)length,
                       .next_out = text,
                       .avail_out = sizeof text};
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
        abort();
    int result = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    return result == Z_STREAM_END && stream.total_out == plain->bytes.length &&
           memcmp(text, plain->bytes.data, plain->bytes.length) == 0;
}

/* Is the body that of the page, in the format that the head names? Other texts are short. */
static void check_page(const char *head, const char *body, size_t length)
{
    static const char *const types[PAGE_FORMATS] = {
        [PAGE_TEXT] = "text/plain; version=",
        [PAGE_OPENMETRICS] = "application/openmetrics-text; version=",
        [PAGE_PROTOBUF] = "application/vnd.google.protobuf; proto=",
        [PAGE_STATUS] = "text/html; ",
    };
    const char *type = find_header(head, "\r\nContent-Type");
    enum page_format format = PAGE_TEXT;
    while (format < PAGE_FORMATS && strncmp(type, types[format], strlen(types[format])) != 0)
        format++;
    if (format == PAGE_FORMATS) {
        if (length > 64)
            abort();
        return;
    }
    struct body *plain = page_body(server.page, format, false);
    if (strcmp(find_header(head, "\r\nContent-Encoding"), "gzip") == 0
            ? !is_gzip_of(body, length, plain)
            : length != plain->bytes.length || memcmp(body, plain->bytes.data, length) != 0)
        abort();
    body_release(plain);
}

static bool is_ours(int status)
{
    return status == 200 || status == 400 || status == 404 || status == 405 || status == 431;
}

/* Check the answer at the start of `text`. Returns its length. An answer to HEAD has no body. */
static size_t check_answer(char *text, size_t length, bool heads)
{
    int status = 0;
    char *end = memmem(text, length, "\r\n\r\n", 4);
    if (!end || sscanf(text, "HTTP/1.%*[01] %d", &status) != 1)
        abort();
    *end = '\0';
    size_t head = (size_t)(end + 4 - text), rest = length - head;
    if (status == 100)
        return head;
    /* Refused by libmicrohttpd, which sends the head of some refusals twice (0.9.75). */
    if (!*find_header(text, "\r\nX-Content-Type-Options")) {
        if (status < 400 || strcmp(find_header(text, "\r\nConnection"), "close") != 0)
            abort();
        return length;
    }
    if (!is_ours(status) || strcmp(find_header(text, "\r\nX-Frame-Options"), "sameorigin") != 0)
        abort();
    size_t body = strtoul(find_header(text, "\r\nContent-Length"), NULL, 10);
    if (heads && (rest == 0 || (rest >= 5 && memcmp(end + 4, "HTTP/", 5) == 0)))
        return head;
    if (body > rest)
        abort(); /* cut off */
    if (status == 200)
        check_page(text, end + 4, body);
    return head + body;
}

static bool asks_with_head(const uint8_t *data, size_t size)
{
    static const uint8_t method[] = {'H', 'E', 'A', 'D'};
    for (size_t i = 0, matched = 0; i < size; i++) {
        if (data[i] == TURN)
            continue;
        matched = data[i] == method[matched] ? matched + 1 : data[i] == method[0];
        if (matched == sizeof method)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct answers answers;
    if (!server.publication)
        start();
    answers.length = 0;
    answers.ended = false;
    talk(data, size, &answers);
    bool heads = asks_with_head(data, size);
    for (size_t at = 0; at < answers.length;)
        at += check_answer(answers.text + at, answers.length - at, heads);
    return 0;
}
