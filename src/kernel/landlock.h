// SPDX-License-Identifier: Apache-2.0
/*
 * Landlock (Documentation/userspace-api/landlock.rst of the kernel): a process drops access to
 * files and TCP ports that its user has.
 */
#ifndef SOCKDIAG_KERNEL_LANDLOCK_H
#define SOCKDIAG_KERNEL_LANDLOCK_H

#include <stddef.h>

/*
 * Allow this thread, and those that it starts later, to read files and directories beneath
 * `directories` (NULLs are skipped), and nothing else that Landlock knows: no writing, no
 * execution, no bind() or connect() of TCP. Open files stay open. Instead of a directory that does
 * not exist, the nearest existing one above it is allowed. Needs no_new_privs.
 *
 * Returns the version of Landlock, 1 or more, or -errno: -ENOSYS and -EOPNOTSUPP where the kernel
 * has none.
 */
int landlock_read_only(const char *const directories[], size_t count);

#endif
