// SPDX-License-Identifier: Apache-2.0
/*
 * The system calls that the helper may make. Private to src/kernel.
 */
#ifndef SOCKDIAG_KERNEL_NETNS_HELPER_FILTER_H
#define SOCKDIAG_KERNEL_NETNS_HELPER_FILTER_H

#include "call_filter.h"

#include <fcntl.h>

/* The descriptor of the helper's socket, in the helper. */
enum { NETNS_HELPER_SOCKET = 0 };

/* How the helper opens the namespace of a process, its settings, and a namespace by its name. */
#define NETNS_OPEN_FLAGS      (O_RDONLY | O_CLOEXEC)
#define NETNS_OPEN_NAME_FLAGS (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

/* The list, for the test. */
const struct allowed_call *netns_helper_allowed_calls(size_t *count);

/* Let the kernel kill this process at any call that is not on the list: as call_filter_apply(). */
int netns_helper_apply_filter(void);

#endif
