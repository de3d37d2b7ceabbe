// SPDX-License-Identifier: Apache-2.0
#include "acceptor.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* So many at once, then those who are connected have their turn. */
enum { SERIES = 10 };

/* When means are short, in milliseconds. */
enum { PAUSE = 100 };

/* Between two words to the operator, in nanoseconds. */
static const int64_t silence = 60 * NANOSECONDS_PER_SECOND;

/* For so many more connections. */
static unsigned room(const struct acceptor *acceptor)
{
    unsigned count =
        MHD_get_daemon_info(acceptor->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
    return acceptor->limit > count ? acceptor->limit - count : 0;
}

int acceptor_poll_fd(struct acceptor *acceptor, int *wait)
{
    if (acceptor->short_of_means) {
        acceptor->short_of_means = false;
        if (*wait > PAUSE)
            *wait = PAUSE;
        return -1;
    }
    return room(acceptor) > 0 ? acceptor->fd : -1;
}

/* Whatever else accept() may say is of one connection alone, or that none waits (accept(2)). */
static bool is_shortage(int error_number)
{
    return error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS ||
           error_number == ENOMEM;
}

static void tell(struct acceptor *acceptor, int error_number)
{
    int64_t time = clock_now(&system_clock);
    if (time < acceptor->silent_until)
        return;
    acceptor->silent_until = time + silence;
    log_warn("web", "cannot take a connection: %s", strerror(error_number));
}

/* False when there is none to be had. */
static bool take_one(struct acceptor *acceptor)
{
    struct sockaddr_storage client;
    socklen_t size = sizeof client;
    int fd = accept4(acceptor->fd, (struct sockaddr *)&client, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    acceptor->short_of_means = fd < 0 && is_shortage(errno);
    if (acceptor->short_of_means)
        tell(acceptor, errno);
    if (fd < 0)
        return false;
    MHD_add_connection(acceptor->daemon, fd, (struct sockaddr *)&client, size); /* or closes it */
    return true;
}

int acceptor_take(struct acceptor *acceptor)
{
    /* Asked before: libmicrohttpd 1.0 counts a new connection only when it has its next turn. */
    unsigned most = room(acceptor), count = 0;
    while (count < most && count < SERIES && take_one(acceptor))
        count++;
    return (int)count;
}
