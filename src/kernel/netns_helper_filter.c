// SPDX-License-Identifier: Apache-2.0
#include "netns_helper_filter.h"

#include <linux/netlink.h>
#include <linux/stat.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifdef CALL_FILTER_ARCHITECTURE

#define HERE ((uint32_t)AT_FDCWD)

static const struct allowed_call allowed[] = {
    ALLOW_IF(recvmsg, IS(0, NETNS_HELPER_SOCKET), IS(2, 0)),
    ALLOW_IF(sendmsg, IS(0, NETNS_HELPER_SOCKET), IS(2, MSG_NOSIGNAL)),
    ALLOW_IF(openat, IS(0, HERE), IS(2, NETNS_OPEN_FLAGS)),
    ALLOW_IF(openat, IS(0, HERE), IS(2, NETNS_OPEN_NAME_FLAGS)),
    ALLOW_IF(statx, IS(2, AT_EMPTY_PATH), IS(3, STATX_INO)),
    ALLOW_IF(setns, IS(1, CLONE_NEWNET)),
    ALLOW_IF(socket, IS(0, AF_NETLINK), IS(1, SOCK_RAW | SOCK_CLOEXEC), IS(2, NETLINK_SOCK_DIAG)),
    ALLOW(close),
    ALLOW(exit_group),
};
enum { ALLOWED = sizeof allowed / sizeof allowed[0] };

#else

static const struct allowed_call allowed[1];
enum { ALLOWED = 0 };

#endif

const struct allowed_call *netns_helper_allowed_calls(size_t *count)
{
    *count = ALLOWED;
    return allowed;
}

int netns_helper_apply_filter(void)
{
    return call_filter_apply(allowed, ALLOWED);
}
