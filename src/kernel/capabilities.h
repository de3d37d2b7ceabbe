// SPDX-License-Identifier: Apache-2.0
/*
 * Linux capabilities of the calling thread: read them, and reduce them.
 */
#ifndef SOCKDIAG_KERNEL_CAPABILITIES_H
#define SOCKDIAG_KERNEL_CAPABILITIES_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Bit n is capability n. */
typedef uint64_t capability_set;
#define CAPABILITY_BIT(capability) ((capability_set)1 << (capability))

/* The permitted capabilities; 0 if they cannot be read. */
capability_set capabilities_read(void);

/*
 * Drop every capability that is not in `kept`, for good: permitted, effective, inheritable and
 * ambient. No program that this thread executes gets any (no_new_privs). A thread that has
 * CAP_SETPCAP also reduces its bounding set to `kept` and locks the bits that make uid 0 special;
 * without CAP_SETPCAP it cannot, and relies on no_new_privs.
 *
 * Call it before the first thread starts: other threads keep theirs. 0 or -errno; -EPERM if one of
 * `kept` is missing.
 */
int capabilities_keep(capability_set kept);

/*
 * Become another user for good, and keep the capabilities until capabilities_keep() drops them.
 * Needs CAP_SETUID, and no other threads. 0 or -errno; -EINVAL if this user namespace has no such
 * user.
 */
int capabilities_take_along(uid_t user);

/*
 * Give `passed`, which this thread must have, to the next program that it executes. With
 * CAP_SETPCAP, also drop all others from the bounding set, so that no later program gets them: the
 * next program cannot do that itself. 0 or -errno.
 */
int capabilities_pass_on(capability_set passed);

#endif
