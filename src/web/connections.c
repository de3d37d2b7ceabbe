// SPDX-License-Identifier: Apache-2.0
#include "connections.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define SECOND NANOSECONDS_PER_SECOND

/* Nanoseconds in each phase. An idle connection is kept for longer than the usual scrape intervals:
 * otherwise each scrape would leave a TIME_WAIT here. */
static const struct {
    int64_t longest;
    int64_t dismissed; /* the longest after the connection was dismissed */
    int64_t safe;      /* before it may make room: time to send a request, or to read an answer */
} times[CONNECTION_PHASES] = {
    [CONNECTION_NEW] = {10 * SECOND, 2 * SECOND, SECOND / 100},
    [CONNECTION_IDLE] = {75 * SECOND, 2 * SECOND, 0},
    [CONNECTION_ANSWERING] = {60 * SECOND, 5 * SECOND, 1 * SECOND},
    [CONNECTION_SUSPENDED] = {INT64_MAX, INT64_MAX, INT64_MAX},
};

uint64_t client_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return in.sin_addr.s_addr;
    }
    struct sockaddr_in6 in6;
    memcpy(&in6, address, sizeof in6);
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
        return in6.sin6_addr.s6_addr32[3];
    uint64_t network;
    memcpy(&network, &in6.sin6_addr, sizeof network);
    return network;
}

void connections_init(struct connections *connections, unsigned limit, const struct clock *clock)
{
    *connections = (struct connections){.clock = clock, .limit = limit};
    connections->client_limit = limit < WEB_CLIENTS_AT_LEAST ? 1 : limit / WEB_CLIENTS_AT_LEAST;
    TAILQ_INIT(&connections->list);
}

static void end(struct connections *connections, struct connection *connection)
{
    if (!connection->closing)
        connections->counts[connection->socket]--;
    connection->closing = true;
    shutdown(connection->fd, SHUT_RDWR);
}

static bool waits_for_request(const struct connection *connection)
{
    return connection->phase == CONNECTION_NEW || connection->phase == CONNECTION_IDLE;
}

static unsigned count_of_client(const struct connections *connections, unsigned socket,
                                uint64_t client)
{
    const struct connection *connection;
    unsigned count = 0;
    TAILQ_FOREACH (connection, &connections->list, entry) {
        if (connection->socket == socket && connection->client == client && !connection->closing)
            count++;
    }
    return count;
}

/* The connection that makes room for a new one: the one that has waited longest for a request, or
 * else the one with the slowest answer. With `client`, only that client's connections, and none
 * with an answer. */
static struct connection *find_dispensable(const struct connections *connections, unsigned socket,
                                           const uint64_t *client)
{
    int64_t now = clock_now(connections->clock);
    struct connection *connection, *slow = NULL;
    TAILQ_FOREACH (connection, &connections->list, entry) {
        if (connection->socket != socket || connection->closing ||
            (client && connection->client != *client) ||
            now - connection->since < times[connection->phase].safe)
            continue;
        if (waits_for_request(connection))
            return connection;
        slow = slow || client ? slow : connection;
    }
    return slow;
}

bool connections_have_room(const struct connections *connections, unsigned socket)
{
    return connections->counts[socket] < connections->limit ||
           find_dispensable(connections, socket, NULL);
}

static bool make_room(struct connections *connections, unsigned socket, uint64_t client)
{
    bool has_share = count_of_client(connections, socket, client) >= connections->client_limit;
    if (!has_share && connections->counts[socket] < connections->limit)
        return true;
    struct connection *dispensable =
        find_dispensable(connections, socket, has_share ? &client : NULL);
    if (dispensable)
        end(connections, dispensable);
    return dispensable;
}

struct connection *connections_add(struct connections *connections, unsigned socket, int fd,
                                   uint64_t client)
{
    struct connection *connection =
        make_room(connections, socket, client) ? malloc(sizeof *connection) : NULL;
    if (!connection)
        return NULL;
    *connection = (struct connection){
        .fd = fd, .socket = socket, .client = client, .since = clock_now(connections->clock)};
    TAILQ_INSERT_TAIL(&connections->list, connection, entry);
    connections->counts[socket]++;
    return connection;
}

void connections_remove(struct connections *connections, struct connection *connection)
{
    if (!connection->closing)
        connections->counts[connection->socket]--;
    TAILQ_REMOVE(&connections->list, connection, entry);
    free(connection);
}

/* Let libmicrohttpd read what the client has sent, and then the end of the connection. An end that
 * came earlier does not wake it: epoll reports it once, and it may not have been reading then. */
static void end_after_requests_sent(const struct connection *connection)
{
    shutdown(connection->fd, SHUT_RD);
}

static bool is_half_closed(const struct connection *connection)
{
    struct pollfd state = {.fd = connection->fd, .events = POLLRDHUP};
    return poll(&state, 1, 0) > 0 && state.revents & POLLRDHUP;
}

void connections_enter(struct connections *connections, struct connection *connection,
                       enum connection_phase phase)
{
    connection->phase = phase;
    connection->since = clock_now(connections->clock);
    TAILQ_REMOVE(&connections->list, connection, entry);
    TAILQ_INSERT_TAIL(&connections->list, connection, entry);
    if (phase == CONNECTION_IDLE && (connection->dismissed_at || is_half_closed(connection)))
        end_after_requests_sent(connection);
}

static bool reads_body(const struct connection *connection)
{
    return connection->phase == CONNECTION_ANSWERING && connection->body && !connection->closing;
}

void connections_end_oldest_body(struct connections *connections, const struct body *present)
{
    struct connection *connection;
    const struct body *oldest = NULL;
    TAILQ_FOREACH (connection, &connections->list, entry) {
        if (!reads_body(connection))
            continue;
        oldest = oldest ? oldest : connection->body;
        if (connection->body == oldest && oldest != present)
            end(connections, connection);
    }
}

static bool is_overdue(const struct connection *connection, int64_t now)
{
    return now - connection->since > times[connection->phase].longest ||
           (connection->dismissed_at &&
            now - connection->dismissed_at > times[connection->phase].dismissed);
}

void connections_end_overdue(struct connections *connections)
{
    struct connection *connection;
    int64_t now = clock_now(connections->clock);
    TAILQ_FOREACH (connection, &connections->list, entry) {
        if (is_overdue(connection, now))
            end(connections, connection);
    }
}

void connections_dismiss(struct connections *connections)
{
    struct connection *connection;
    int64_t now = clock_now(connections->clock);
    TAILQ_FOREACH (connection, &connections->list, entry) {
        if (!connection->dismissed_at)
            connection->dismissed_at = now;
        if (connection->phase == CONNECTION_IDLE)
            end_after_requests_sent(connection);
    }
}

bool connections_are_none(const struct connections *connections)
{
    return TAILQ_EMPTY(&connections->list);
}
