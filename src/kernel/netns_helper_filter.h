// SPDX-License-Identifier: Apache-2.0
/*
 * The system calls that the helper may make (seccomp, BPF of linux/seccomp.h). Private to
 * src/kernel.
 */
#ifndef SOCKDIAG_KERNEL_NETNS_HELPER_FILTER_H
#define SOCKDIAG_KERNEL_NETNS_HELPER_FILTER_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>

/* The descriptor of the pair's socket, in the helper. */
enum { NETNS_HELPER_SOCKET = 0 };

/* How it opens a namespace of a process and its settings, and one by its name. */
#define NETNS_OPEN_FLAGS      (O_RDONLY | O_CLOEXEC)
#define NETNS_OPEN_NAME_FLAGS (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

/* One call that is allowed, with the values that some of its arguments must have: those of 32 bits,
 * of which the kernel reads no more either. */
struct netns_allowed_call {
    int number;
    unsigned checks;
    struct {
        unsigned argument;
        uint32_t value;
    } check[3];
};

/* The list, for the test. */
const struct netns_allowed_call *netns_helper_allowed_calls(size_t *count);

/* Let the kernel kill this process at any call that is not on the list. Needs no_new_privs. 0, or
 * -errno: -EINVAL without CONFIG_SECCOMP_FILTER, -ENOTSUP on a processor that it was not written
 * for. */
int netns_helper_apply_filter(void);

#endif
