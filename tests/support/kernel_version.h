// SPDX-License-Identifier: Apache-2.0
/* What a test may expect of the kernel that it runs on. */
#ifndef TESTS_SUPPORT_KERNEL_VERSION_H
#define TESTS_SUPPORT_KERNEL_VERSION_H

#include <stdbool.h>

/* Is it this version or a later one? */
bool kernel_is_at_least(unsigned major, unsigned minor);

/* Does it have IPv6? Not with ipv6.disable=1. */
bool kernel_has_ipv6(void);

#endif
