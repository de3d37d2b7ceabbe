// SPDX-License-Identifier: Apache-2.0
/*
 * Waits, with a deadline, for changes in the kernel that no file descriptor reports: a TCP state
 * that changes, a queue that fills.
 */
#ifndef TESTS_SUPPORT_AWAIT_H
#define TESTS_SUPPORT_AWAIT_H

/* A condition: 1 when it holds, 0 when it does not yet, -errno when the check fails. */
typedef int await_condition(void *context);

/*
 * Check the condition at once and then every millisecond until it holds. Returns 0 when it holds,
 * -ETIMEDOUT when it does not within thirty seconds, or the condition's -errno.
 */
int await_until(await_condition *holds, void *context);

#endif
