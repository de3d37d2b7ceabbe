// SPDX-License-Identifier: Apache-2.0
/*
 * Waiting, with a deadline, for what the kernel reports but does not announce: a TCP state that
 * changes without an event on any file descriptor, a queue that fills.
 */
#ifndef TESTS_SUPPORT_AWAIT_H
#define TESTS_SUPPORT_AWAIT_H

/* A condition: 1 when it holds, 0 when it does not yet, -errno when that cannot be told. */
typedef int await_condition(void *context);

/*
 * Asks once a millisecond until the condition holds; the first question comes at once. Returns 0
 * when it holds, -ETIMEDOUT when it does not within thirty seconds, or the condition's -errno.
 */
int await_until(await_condition *holds, void *context);

#endif
