// SPDX-License-Identifier: Apache-2.0
#include "acceptor.h"

#include "base/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/* Milliseconds until the next attempt, after descriptors, memory or places ran out. */
enum { PAUSE = 10 };

/* Between two warnings, in nanoseconds. */
static const int64_t silence = 60 * NANOSECONDS_PER_SECOND;

static bool has_room(const struct acceptor *acceptor, const struct http_daemon *daemon)
{
    return connections_have_room(&daemon->connections, acceptor->number);
}

int acceptor_poll_fd(struct acceptor *acceptor, const struct http_daemon *daemon, int *wait)
{
    if (!acceptor->short_of_resources && has_room(acceptor, daemon))
        return acceptor->fd;
    acceptor->short_of_resources = false;
    if (*wait > PAUSE)
        *wait = PAUSE;
    return -1;
}

/* All other errors of accept() are about one connection, or say that none waits (accept(2)). */
static bool is_shortage(int error_number)
{
    return error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS ||
           error_number == ENOMEM;
}

static void warn_of_shortage(struct acceptor *acceptor, int error_number)
{
    int64_t now = clock_now(&system_clock);
    if (now < acceptor->silent_until)
        return;
    acceptor->silent_until = now + silence;
    log_warn("web", "cannot accept a connection: %s", strerror(error_number));
}

void acceptor_take(struct acceptor *acceptor, struct http_daemon *daemon)
{
    for (int taken = 0; taken < CONNECTIONS_PER_TURN && has_room(acceptor, daemon); taken++) {
        struct sockaddr_storage client;
        socklen_t size = sizeof client;
        int fd =
            accept4(acceptor->fd, (struct sockaddr *)&client, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            acceptor->short_of_resources = is_shortage(errno);
            if (acceptor->short_of_resources)
                warn_of_shortage(acceptor, errno);
            return;
        }
        http_daemon_add(daemon, acceptor->number, fd, (struct sockaddr *)&client, size);
    }
}
