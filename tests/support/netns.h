// SPDX-License-Identifier: Apache-2.0
/*
 * A network namespace of the test's own, and in it a void: a device behind which there is nothing.
 *
 * The void is a veth pair. Its near end has an address, and the default route of both families
 * leads through it to a neighbour that does not exist: the neighbour's entry is permanent and its
 * link-layer address is nobody's. So whatever the namespace sends to an address that is not its own
 * disappears, without an ICMP error and without a chance to leave the machine. What is written into
 * the far end arrives at the near end as if a host out there had sent it (raw_segment.h does that).
 */
#ifndef TESTS_SUPPORT_NETNS_H
#define TESTS_SUPPORT_NETNS_H

#define NETNS_VOID_NEAR "void0"
#define NETNS_VOID_FAR  "void1"

/* The near end's addresses, of the ranges for documentation (RFC 5737, RFC 3849, RFC 7042). */
#define NETNS_VOID_MAC  "00:00:5e:00:53:01"
#define NETNS_VOID_IPV4 "192.0.2.1"
#define NETNS_VOID_IPV6 "2001:db8::1"

/*
 * Moves the calling thread into a fresh network namespace and brings its loopback device up. Where
 * the caller may not make one, it gets one of a fresh user namespace, in which its own user and
 * group are mapped to root; that needs a process of a single thread, so call this first in main.
 *
 * Returns 0, or -errno when neither way is open: the caller should skip its tests, and say so.
 */
int netns_enter_own(void);

/*
 * The next two change the namespace of the calling thread, and only one that netns_enter_own() has
 * made: in any other, such as the machine's, they do nothing and return -EPERM.
 */

/*
 * Adds the void; if it is there already, nothing is done. Runs `ip` of iproute2, which writes the
 * reason of a failure to standard error.
 *
 * Returns 0, -ENOENT without iproute2, -EOPNOTSUPP when `ip` fails (no veth or no IPv6 in this
 * kernel, for instance), or another -errno.
 */
int netns_add_void(void);

/*
 * Sets a sysctl; the path is relative to /proc/sys/net and has slashes ("ipv4/tcp_fin_timeout").
 * The kernel hides or locks what is not per namespace: -ENOENT or -EACCES.
 *
 * Returns 0 or -errno (-EINVAL: the kernel does not like the value).
 */
int netns_sysctl_write(const char *path, const char *value);

#endif
