// SPDX-License-Identifier: Apache-2.0
/*
 * The exporter as a process: the program that $EXPORTER names, started in the namespace of the
 * test.
 */
#ifndef TESTS_SUPPORT_DAEMON_H
#define TESTS_SUPPORT_DAEMON_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

enum { DAEMON_MAX_ARGUMENTS = 16, DAEMON_ERRORS = 65536 /* as much as a pipe holds */ };

struct daemon {
    pid_t pid;                  /* 0: it does not run */
    int notify_fd;              /* receives its messages to systemd */
    int error_fd;               /* reads its standard error */
    char errors[DAEMON_ERRORS]; /* what was left to read there when it ended */
};

/*
 * Start it with `arguments` (NULL at the end, without the program's name). It ends with the test.
 * The child calls `before_exec`, unless it is NULL, just before exec(). 0 or -errno.
 */
int daemon_start(struct daemon *daemon, const char *const arguments[], void (*before_exec)(void));

/* Wait, thirty seconds at most, until it sends `message` to systemd; drop messages before it. */
bool daemon_await_message(const struct daemon *daemon, const char *message);

/* Drop the messages that have arrived: the next one is new. */
void daemon_drop_messages(const struct daemon *daemon);

/* Lower one of its limits to `limit`: in a child that becomes its user, as root may not do it
 * without CAP_SYS_RESOURCE. */
bool daemon_limit(const struct daemon *daemon, unsigned resource, rlim_t limit);

/* Send `signal_number`, or none if that is 0, and wait for its end; after a minute it is killed.
 * Its exit code, or the negative number of the signal that ended it. Closes the descriptors. */
int daemon_end(struct daemon *daemon, int signal_number);

#endif
