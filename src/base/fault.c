// SPDX-License-Identifier: Apache-2.0
#include "fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const char *sentence;
} reasons[FAULT_REASONS] = {
    [FAULT_NETLINK_OPEN] = {"netlink_open", "cannot open a sock_diag netlink socket"},
    [FAULT_NETLINK_SEND] = {"netlink_send", "cannot send a sock_diag request"},
    [FAULT_NETLINK_RECEIVE] = {"netlink_receive", "no answer from sock_diag"},
    [FAULT_NETLINK_REFUSED] = {"netlink_refused", "sock_diag returned an error"},
    [FAULT_NETLINK_TRUNCATED] = {"netlink_truncated", "a sock_diag reply was truncated"},
    [FAULT_NETLINK_MALFORMED] = {"netlink_malformed", "a sock_diag reply is malformed"},
    [FAULT_PROC_READ] = {"proc_read", "cannot read /proc/"},
    [FAULT_PROC_PARSE] = {"proc_parse", "cannot parse /proc/"},
    [FAULT_OUT_OF_MEMORY] = {"out_of_memory", "out of memory"},
};

bool fault_set(struct fault *fault, enum fault_reason reason, int error_number, const char *subject)
{
    *fault = (struct fault){reason, error_number, subject};
    return false;
}

const char *fault_reason_name(enum fault_reason reason)
{
    return reasons[reason].name;
}

/* A hint for the operator, or "". */
static const char *find_hint(const struct fault *fault)
{
    switch (fault->reason) {
    case FAULT_NETLINK_OPEN:
        if (fault->error_number == EAFNOSUPPORT || fault->error_number == EPERM ||
            fault->error_number == EACCES)
            return "; a sandbox must allow AF_NETLINK";
        return fault->error_number == EPROTONOSUPPORT ? "; the kernel needs CONFIG_SOCK_DIAG" : "";
    case FAULT_NETLINK_SEND:
    case FAULT_NETLINK_REFUSED:
        /* -ENOENT: there is no handler for the family or the protocol. -EOPNOTSUPP: there is none
         * for the compat request of TCP (net/core/sock_diag.c, net/ipv4/inet_diag.c).
         * -ECONNREFUSED: sock_diag has no socket in this namespace (net/netlink/af_netlink.c). */
        return fault->error_number == ENOENT || fault->error_number == EOPNOTSUPP ||
                       fault->error_number == ECONNREFUSED
                   ? "; load the modules tcp_diag, udp_diag and unix_diag (CONFIG_INET_DIAG, "
                     "CONFIG_UNIX_DIAG)"
                   : "";
    default:
        return "";
    }
}

void fault_describe(const struct fault *fault, char *text, size_t size)
{
    const char *error = fault->error_number ? strerror(fault->error_number) : NULL;
    snprintf(text, size, "%s%s%s%s%s", reasons[fault->reason].sentence,
             fault->subject ? fault->subject : "", error ? ": " : "", error ? error : "",
             find_hint(fault));
}
