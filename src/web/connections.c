// SPDX-License-Identifier: Apache-2.0
#include "connections.h"

#include "base/timed_condition.h"

#include <stdlib.h>
#include <sys/socket.h>

/* How long a connection may be in each phase; 0: as long as libmicrohttpd lets it. */
static const int64_t seconds_allowed[CONNECTION_PHASES] = {
    [CONNECTION_NEW] = 10,
    [CONNECTION_IDLE] = 75, /* its next request included, which may come byte by byte */
    [CONNECTION_ANSWERING] = 60,
};

/* When it is crowded, an answer is only waited for so long. */
static const int64_t answer_when_crowded = 1 * NANOSECONDS_PER_SECOND;

/* In a crowd that nobody new has joined, who is without a request has so long to ask. */
static const int64_t ask_when_nobody_waits = 1 * NANOSECONDS_PER_SECOND;

/* When all shall leave, who is new has so long to ask for something. */
static const int64_t ask_when_leaving = 2 * NANOSECONDS_PER_SECOND;

void connections_init(struct connections *connections, unsigned limit, const struct clock *clock)
{
    *connections = (struct connections){.clock = clock, .limit = limit};
    TAILQ_INIT(&connections->list);
    timed_condition_init(&connections->changed);
    pthread_mutex_init(&connections->mutex, NULL);
}

void connections_release(struct connections *connections)
{
    pthread_cond_destroy(&connections->changed);
    pthread_mutex_destroy(&connections->mutex);
}

/* How many connections there are beyond what is comfortable, that one included which makes it
 * crowded. With the mutex held, as the next three. */
static unsigned count_crowd(const struct connections *connections)
{
    unsigned count = 0, comfortable = connections->limit - connections->limit / 4;
    for (int phase = 0; phase < CONNECTION_PHASES; phase++)
        count += connections->counts[phase];
    return count >= comfortable ? count - comfortable + 1 : 0;
}

static void shut_down(struct connection *connection)
{
    connection->closing = true;
    shutdown(connection->fd, SHUT_RDWR);
}

/* May it be, if those without a request have `grace` nanoseconds? */
static bool may_be_closed(const struct connection *connection, int64_t time, int64_t grace)
{
    switch (connection->phase) {
    case CONNECTION_NEW:
    case CONNECTION_IDLE:
        return time - connection->since >= grace;
    case CONNECTION_ANSWERING:
        return time - connection->since > answer_when_crowded;
    default:
        return false;
    }
}

/* Shut down the first `count` connections that may be, those on their way included. */
static void make_room(struct connections *connections, unsigned count, int64_t grace)
{
    int64_t time = clock_now(connections->clock);
    for (struct connection *connection = TAILQ_FIRST(&connections->list); connection && count > 0;
         connection = TAILQ_NEXT(connection, order)) {
        if (!may_be_closed(connection, time, grace))
            continue;
        if (!connection->closing)
            shut_down(connection);
        count--;
    }
}

struct connection *connections_add(struct connections *connections, int fd)
{
    struct connection *connection = malloc(sizeof *connection);
    if (!connection)
        return NULL;
    *connection = (struct connection){.fd = fd, .since = clock_now(connections->clock)};
    pthread_mutex_lock(&connections->mutex);
    make_room(connections, count_crowd(connections), 0);
    TAILQ_INSERT_TAIL(&connections->list, connection, order);
    connections->counts[connection->phase]++;
    pthread_mutex_unlock(&connections->mutex);
    return connection;
}

void connections_remove(struct connections *connections, struct connection *connection)
{
    pthread_mutex_lock(&connections->mutex);
    TAILQ_REMOVE(&connections->list, connection, order);
    connections->counts[connection->phase]--;
    pthread_cond_broadcast(&connections->changed);
    pthread_mutex_unlock(&connections->mutex);
    free(connection);
}

/* A request that it has made already is still read. */
static void dismiss_idle(struct connection *connection)
{
    if (connection->phase != CONNECTION_IDLE || connection->closing)
        return;
    connection->closing = true;
    shutdown(connection->fd, SHUT_RD);
}

void connections_enter(struct connections *connections, struct connection *connection,
                       enum connection_phase phase)
{
    pthread_mutex_lock(&connections->mutex);
    connections->counts[connection->phase]--;
    connections->counts[phase]++;
    connection->phase = phase;
    connection->since = clock_now(connections->clock);
    TAILQ_REMOVE(&connections->list, connection, order);
    TAILQ_INSERT_TAIL(&connections->list, connection, order);
    if (connections->leaving)
        dismiss_idle(connection);
    pthread_cond_broadcast(&connections->changed);
    pthread_mutex_unlock(&connections->mutex);
}

bool connections_are_kept(struct connections *connections)
{
    pthread_mutex_lock(&connections->mutex);
    bool kept = !connections->leaving && count_crowd(connections) == 0;
    pthread_mutex_unlock(&connections->mutex);
    return kept;
}

void connections_close_overdue(struct connections *connections)
{
    pthread_mutex_lock(&connections->mutex);
    int64_t time = clock_now(connections->clock);
    for (struct connection *connection = TAILQ_FIRST(&connections->list); connection;
         connection = TAILQ_NEXT(connection, order)) {
        int64_t seconds = seconds_allowed[connection->phase];
        if (seconds > 0 && time - connection->since > seconds * NANOSECONDS_PER_SECOND)
            shut_down(connection);
    }
    make_room(connections, count_crowd(connections), ask_when_nobody_waits);
    pthread_mutex_unlock(&connections->mutex);
}

void connections_dismiss(struct connections *connections)
{
    pthread_mutex_lock(&connections->mutex);
    connections->leaving = true;
    for (struct connection *connection = TAILQ_FIRST(&connections->list); connection;
         connection = TAILQ_NEXT(connection, order))
        dismiss_idle(connection);
    pthread_mutex_unlock(&connections->mutex);
}

/* Until when `connection` is waited for, if nothing changes. */
static int64_t awaited_until(const struct connection *connection)
{
    switch (connection->phase) {
    case CONNECTION_NEW:
        return connection->since + ask_when_leaving;
    case CONNECTION_IDLE:
        return connection->closing ? INT64_MAX : 0;
    default:
        return INT64_MAX;
    }
}

/* Until when anybody is waited for. With the mutex held. */
static int64_t busy_until(const struct connections *connections)
{
    int64_t latest = 0;
    for (const struct connection *connection = TAILQ_FIRST(&connections->list); connection;
         connection = TAILQ_NEXT(connection, order)) {
        int64_t until = awaited_until(connection);
        if (until > latest)
            latest = until;
    }
    return latest;
}

bool connections_await_idle(struct connections *connections, int64_t deadline)
{
    pthread_mutex_lock(&connections->mutex);
    int64_t time, until;
    while ((until = busy_until(connections)) > (time = clock_now(connections->clock)) &&
           time < deadline) {
        timed_condition_wait(&connections->changed, &connections->mutex,
                             until < deadline ? until : deadline);
    }
    pthread_mutex_unlock(&connections->mutex);
    return until <= time;
}

void connections_await_resumed(struct connections *connections)
{
    pthread_mutex_lock(&connections->mutex);
    while (connections->counts[CONNECTION_SUSPENDED] > 0)
        pthread_cond_wait(&connections->changed, &connections->mutex);
    pthread_mutex_unlock(&connections->mutex);
}
