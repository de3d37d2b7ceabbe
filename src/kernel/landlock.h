// SPDX-License-Identifier: Apache-2.0
/*
 * Landlock (Documentation/userspace-api/landlock.rst of the kernel): a process gives up access to
 * files and TCP ports that its user would have.
 */
#ifndef SOCKDIAG_KERNEL_LANDLOCK_H
#define SOCKDIAG_KERNEL_LANDLOCK_H

#include <stddef.h>

/*
 * Allow this thread, and those that it starts later, to read what is beneath `directories`, NULLs
 * left out, and nothing else that Landlock knows: no writing, no execution, no bind() or connect()
 * of TCP. What is open stays open. A directory that does not exist yet counts as the nearest one
 * above it. Needs no_new_privs.
 *
 * The version of Landlock, 1 or more, or -errno: -ENOSYS and -EOPNOTSUPP where the kernel has none.
 */
int landlock_read_only(const char *const directories[], size_t count);

#endif
