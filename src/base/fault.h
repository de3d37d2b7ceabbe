// SPDX-License-Identifier: Apache-2.0
/*
 * A failure to read from the kernel, as a value: counted by its reason (the `reason` label of
 * sockdiag_exporter_errors_total) and described in one line.
 */
#ifndef SOCKDIAG_FAULT_H
#define SOCKDIAG_FAULT_H

#include <stdbool.h>
#include <stddef.h>

enum fault_reason {
    FAULT_NETLINK_OPEN,      /* no socket: out of descriptors, or the family is forbidden */
    FAULT_NETLINK_SEND,      /* the request was not sent, or there is no sock_diag */
    FAULT_NETLINK_RECEIVE,   /* recv() failed or timed out */
    FAULT_NETLINK_REFUSED,   /* the kernel answered with an error, at the start or at the end */
    FAULT_NETLINK_TRUNCATED, /* a reply was larger than the buffer: rows are lost */
    FAULT_NETLINK_MALFORMED, /* a reply does not follow the protocol */
    FAULT_PROC_READ,         /* a file of /proc cannot be read */
    FAULT_PROC_PARSE,        /* a file of /proc does not have the expected content */
    FAULT_OUT_OF_MEMORY,
    FAULT_REASONS
};

struct fault {
    enum fault_reason reason;
    int error_number;    /* an errno value, or 0 */
    const char *subject; /* a file below /proc, as a string literal; NULL for netlink */
};

/* Fill `fault`; always false, so that a function can fail with `return fault_set(...)`. */
bool fault_set(struct fault *fault, enum fault_reason reason, int error_number,
               const char *subject);

/* The label value, such as "netlink_refused". */
const char *fault_reason_name(enum fault_reason reason);

/* Describe the fault in one line without a newline in `text`, NUL-terminated, with a hint for the
 * operator, if there is one. */
void fault_describe(const struct fault *fault, char *text, size_t size);

#endif
