// SPDX-License-Identifier: Apache-2.0
#include "dump.h"

#include <unistd.h>

/* A socket for one dump, or -1 with `fault` filled. */
static int open_sock_diag(const struct kernel_access *kernel, struct fault *fault)
{
    int fd = kernel->open_sock_diag(kernel->opener_context);
    if (fd >= 0)
        return fd;
    *fault = (struct fault){.reason = FAULT_NETLINK_OPEN, .error_number = -fd};
    return -1;
}

bool dump_tcp(const struct kernel_access *kernel, tcp_state_set states,
              socket_record_consumer *consume, void *context, uint64_t *rows, struct fault *fault)
{
    int fd = open_sock_diag(kernel, fault);
    if (fd < 0)
        return false;
    bool whole = sock_diag_dump_tcp(fd, states, consume, context, rows, fault);
    close(fd);
    return whole;
}

bool dump_udp(const struct kernel_access *kernel, enum ip_family family,
              socket_record_consumer *consume, void *context, uint64_t *rows, struct fault *fault)
{
    int fd = open_sock_diag(kernel, fault);
    if (fd < 0)
        return false;
    bool whole = sock_diag_dump_udp(fd, family, consume, context, rows, fault);
    close(fd);
    return whole;
}
