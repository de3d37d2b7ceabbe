// SPDX-License-Identifier: Apache-2.0
/*
 * The thread that runs a libmicrohttpd daemon. libmicrohttpd could have one itself, but nobody
 * knows what that is at: when MHD_quiesce_daemon() returns to another thread, it may have accepted
 * a connection that it tells of only later (0.9.75, daemon.c: MHD_accept_connection()). Here the
 * daemon is quiesced between two of its turns. Nor does this thread spin where that one would: when
 * a client has sent half of something, or there is no descriptor for a connection. Private to
 * src/web.
 */
#ifndef SOCKDIAG_WEB_DAEMON_THREAD_H
#define SOCKDIAG_WEB_DAEMON_THREAD_H

#include <microhttpd.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum daemon_order { DAEMON_RUN, DAEMON_QUIESCE, DAEMON_END };

/* How many turns with an event it takes, and some more: a TLS handshake takes 7, an answer 2. */
enum daemon_service { DAEMON_CONNECTION = 12, DAEMON_REQUEST = 4 };

struct daemon_thread {
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int wake_fd;    /* an eventfd: there is something to do besides what the daemon waits for */
    int idle_turns; /* of the daemon, without an event; below 0 while a long answer is sent */
    int vain_turns; /* with an event, beyond those that a service takes */
    _Atomic enum daemon_order order;
    sem_t obeyed; /* once for each DAEMON_QUIESCE */
};

/* Begin to run `daemon`, which was started with MHD_USE_EPOLL and without a thread of its own, and
 * stays the caller's. False, with nothing to be ended, when there is no descriptor or thread to be
 * had. */
bool daemon_thread_start(struct daemon_thread *thread, struct MHD_Daemon *daemon);

/* A connection was accepted, for whatever comes of it, or a request has begun. For the daemon's
 * callbacks, which run in this thread. Without it the daemon is slowed down to a thousand turns a
 * second and a tenth of a CPU. */
void daemon_thread_serves(struct daemon_thread *thread, enum daemon_service service);

/* An answer of so many bytes is sent now, which makes room in the row of turns for it. For the
 * daemon's callbacks, too. */
void daemon_thread_sends(struct daemon_thread *thread, size_t bytes);

/* When this returns, the daemon takes no more connections, has told of all that it has taken, and
 * does not look at the listening socket any more. */
void daemon_thread_quiesce(struct daemon_thread *thread);

/* Let it go on with a suspended `connection`. From any thread; `thread` must not be ended before
 * this returns. */
void daemon_thread_resume(struct daemon_thread *thread, struct MHD_Connection *connection);

/* End the thread. The daemon is not run any more, and can be stopped if no connection is
 * suspended. */
void daemon_thread_end(struct daemon_thread *thread);

#endif
