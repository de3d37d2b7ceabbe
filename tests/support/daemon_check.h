// SPDX-License-Identifier: Apache-2.0
/*
 * Checks of a running exporter: that it starts and ends, what its page has, and what the kernel
 * reports about it.
 */
#ifndef TESTS_SUPPORT_DAEMON_CHECK_H
#define TESTS_SUPPORT_DAEMON_CHECK_H

#include "daemon.h"

#include <stdint.h>

/* As daemon_start(), and wait for READY=1. */
void daemon_start_ready(struct daemon *daemon, const char *const arguments[],
                        void (*before_exec)(void));

/* As daemon_end(), which must return `code`. */
void daemon_assert_end(struct daemon *daemon, int signal_number, int code);

/* A teardown, whose `*state` is the daemon: kill it if it still runs, and print its errors. */
int daemon_end_what_runs(void **state);

/* Wait until the page of metrics at 127.0.0.1:`port` has `text` or, unless `present`, lacks it.
 * There is a new page with each WATCHDOG=1; after `most` of them the test fails. */
void daemon_await_page(const struct daemon *daemon, uint16_t port, const char *text, bool present,
                       int most);

/* The status of this thread or process (proc_pid_status(5)) must have `line`. */
void daemon_assert_status(pid_t thread, const char *line);

/* The only child of the exporter: the helper. */
pid_t daemon_find_helper(const struct daemon *daemon);

#endif
