// SPDX-License-Identifier: Apache-2.0
/*
 * The thread that runs a libmicrohttpd daemon and accepts connections for it. libmicrohttpd could
 * have a thread itself, but that one spins where this one does not: when a client has sent half of
 * something. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_DAEMON_THREAD_H
#define SOCKDIAG_WEB_DAEMON_THREAD_H

#include "acceptor.h"
#include <microhttpd.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum daemon_order { DAEMON_RUN, DAEMON_QUIESCE, DAEMON_END };

struct daemon_thread {
    struct MHD_Daemon *daemon;
    struct acceptor acceptor;
    bool accepting; /* until it is quiesced */
    pthread_t thread;
    int wake_fd;    /* an eventfd: there is something to do besides what the daemon waits for */
    int idle_turns; /* of the daemon, without an event; below 0 while a long answer is sent */
    int vain_turns; /* with an event, beyond those that a service takes */
    _Atomic enum daemon_order order;
    sem_t obeyed; /* once for each DAEMON_QUIESCE */
};

/* Begin to run `daemon`, which was started with MHD_USE_EPOLL and MHD_USE_NO_LISTEN_SOCKET and
 * without a thread of its own, and to accept connections for it, up to `limit`, from `listen_fd`,
 * which does not block. Both stay the caller's. False, with nothing to be ended, when there is no
 * descriptor or thread to be had. */
bool daemon_thread_start(struct daemon_thread *thread, struct MHD_Daemon *daemon, int listen_fd,
                         unsigned limit);

/* A request has begun. For the daemon's callbacks, which run in this thread. Without requests and
 * new connections the daemon is slowed down to a thousand turns a second and a tenth of a CPU. */
void daemon_thread_serves_request(struct daemon_thread *thread);

/* An answer of so many bytes is sent now, which makes room in the row of turns for it. For the
 * daemon's callbacks, too. */
void daemon_thread_sends(struct daemon_thread *thread, size_t bytes);

/* When this returns, no more connections are accepted, and the daemon has told of all that were. */
void daemon_thread_quiesce(struct daemon_thread *thread);

/* Let it go on with a suspended `connection`. From any thread; `thread` must not be ended before
 * this returns. */
void daemon_thread_resume(struct daemon_thread *thread, struct MHD_Connection *connection);

/* End the thread. The daemon is not run any more, and can be stopped if no connection is
 * suspended. */
void daemon_thread_end(struct daemon_thread *thread);

#endif
