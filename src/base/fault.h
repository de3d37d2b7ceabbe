// SPDX-License-Identifier: Apache-2.0
/*
 * What can go wrong when the kernel is asked, as a value: counted by its reason (the `reason`
 * label of sockdiag_exporter_errors_total) and told to a person in one line.
 */
#ifndef SOCKDIAG_FAULT_H
#define SOCKDIAG_FAULT_H

#include <stddef.h>

enum fault_reason {
    FAULT_NETLINK_OPEN,      /* no socket: descriptors used up, or address family forbidden */
    FAULT_NETLINK_SEND,      /* the request did not go out, or sock_diag is not there */
    FAULT_NETLINK_RECEIVE,   /* recv() failed or nothing came in time */
    FAULT_NETLINK_REFUSED,   /* the kernel answered with an error, first or at the end */
    FAULT_NETLINK_TRUNCATED, /* a reply was larger than the buffer: rows are lost */
    FAULT_NETLINK_MALFORMED, /* a reply that is not made as the protocol says */
    FAULT_PROC_READ,         /* a file of /proc could not be read */
    FAULT_PROC_PARSE,        /* a file of /proc does not hold what it should */
    FAULT_OUT_OF_MEMORY,
    FAULT_REASONS
};

/* `subject` is the file below /proc, a string that outlives the fault (a literal); NULL for
 * netlink. */
struct fault {
    enum fault_reason reason;
    int error_number; /* an errno value, or 0 where the reason says it all */
    const char *subject;
};

/* The label value, such as "netlink_refused". */
const char *fault_reason_name(enum fault_reason reason);

/* One line for a person, without a newline, into `text` (always NUL-terminated), with a hint of
 * what to do where there is one. */
void fault_describe(const struct fault *fault, char *text, size_t size);

#endif
