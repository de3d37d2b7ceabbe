// SPDX-License-Identifier: Apache-2.0
/*
 * The names that network namespaces have in /run/netns (ip-netns(8)), and which namespace of a
 * process each is.
 *
 * There are two ways to identify a namespace. One is the inode of /proc/PID/ns/net, which the
 * kernel shows only for the caller's own processes, or with CAP_SYS_PTRACE. The other needs no
 * privilege: the kernel's number for a namespace (RTM_GETNSID, net/core/net_namespace.c). But a
 * namespace has a number only if it contains the peer of a device in the caller's namespace, such
 * as the other end of a veth pair.
 */
#ifndef SOCKDIAG_KERNEL_NETNS_NAMES_H
#define SOCKDIAG_KERNEL_NETNS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "netns_process.h"

/* The identity of a namespace, as far as it is known. Two handles are of the same namespace if they
 * have one of the numbers in common. */
struct netns_handle {
    uint64_t inode; /* the number in net:[...]; 0: unknown */
    int32_t number; /* as seen from the caller's namespace; -1: it has none, or unknown */
};

bool netns_handle_equal(const struct netns_handle *a, const struct netns_handle *b);

struct netns_names {
    const char *root; /* "/run/netns", or a test's directory */
    int link;         /* netlink; -1: no numbers */
};

/* `root` must outlive it. */
void netns_names_open(struct netns_names *names, const char *root);
void netns_names_close(struct netns_names *names);

/* The handle of a process's namespace. */
struct netns_handle netns_names_of_process(const struct netns_names *names,
                                           const struct netns_proc *proc, uint32_t pid);

/* `context` is the consumer's. */
typedef void netns_name_consumer(void *context, const char *name,
                                 const struct netns_handle *handle);

/* Call `consume` for each name, in any order. Each file is open only while it is read. The handle
 * of a file that is no namespace has neither number. A directory that does not exist has no names;
 * in one with more than NETNS_NAMES_MOST files, the rest is left out. */
enum { NETNS_NAMES_MOST = 16384 };
void netns_names_read(const struct netns_names *names, netns_name_consumer *consume, void *context);

#endif
