// SPDX-License-Identifier: Apache-2.0
/*
 * The thread that serves all listening sockets and all their connections. Everything in src/web
 * that has to do with a connection happens in it, so nothing there needs a lock.
 */
#ifndef SOCKDIAG_WEB_WEB_THREAD_H
#define SOCKDIAG_WEB_WEB_THREAD_H

#include "base/clock.h"
#include "http_site.h"
#include "web_config.h"

#include <stdbool.h>

struct web_thread;

/*
 * Start to serve the `count` sockets `fds`, which listen, do not block and stay the caller's, with
 * at most `max_connections` for each. `config` (NULL: plain HTTP for everyone) becomes its own;
 * `site` and `clock` must outlive the thread. NULL, with `config` freed, when there is no memory,
 * descriptor or thread.
 */
struct web_thread *web_thread_start(const int *fds, unsigned count, unsigned max_connections,
                                    struct http_site *site, struct web_config *config,
                                    const struct clock *clock);

/* Put `config`, which becomes its own, in the place of the one that the thread was started with,
 * with TLS if and only if that had it; waits until the thread has taken it over. Requests from now
 * on are judged by it. Connections from before end after their next answer. */
void web_thread_configure(struct web_thread *thread, struct web_config *config);

/* Take no more connections, answer what was asked, for five seconds at most (clients that have not
 * asked yet have two), close all connections. NULL is allowed. */
void web_thread_stop(struct web_thread *thread);

#endif
