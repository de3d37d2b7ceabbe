// SPDX-License-Identifier: Apache-2.0
/*
 * A separate network namespace for a test, with a void: a device without any host behind it.
 *
 * The void is a veth pair. Its near end has an address, and the default route of both families (of
 * IPv4 alone, if the kernel has no other) leads through it to a neighbour that does not exist: the
 * neighbour's entry is permanent and no device has its link-layer address. So packets to addresses
 * outside of the namespace disappear without an ICMP error and never leave the machine. Packets
 * written into the far end arrive at the near end as if a remote host had sent them (raw_segment.h
 * does that).
 */
#ifndef TESTS_SUPPORT_NETNS_H
#define TESTS_SUPPORT_NETNS_H

#define NETNS_VOID_NEAR "void0"
#define NETNS_VOID_FAR  "void1"

/* The near end's addresses, from the ranges for documentation (RFC 5737, RFC 3849, RFC 7042). */
#define NETNS_VOID_MAC  "00:00:5e:00:53:01"
#define NETNS_VOID_IPV4 "192.0.2.1"
#define NETNS_VOID_IPV6 "2001:db8::1"

/*
 * Moves the calling thread into a new network namespace and brings its loopback device up. Without
 * the right to make one, it first makes a user namespace that maps its own user and group to root;
 * this needs a process with a single thread, so call it first in main.
 *
 * Returns 0, or -errno when both fail: the caller should skip its tests and report it.
 */
int netns_enter_own(void);

/*
 * The next two change the namespace of the calling thread if netns_enter_own() made it. In any
 * other namespace, such as the machine's, they do nothing and return -EPERM.
 */

/*
 * Adds the void, unless it exists. Runs `ip` of iproute2, which writes the reason of a failure to
 * standard error.
 *
 * Returns 0, -ENOENT without iproute2, -EOPNOTSUPP when `ip` fails (no veth in this kernel, for
 * instance), or another -errno.
 */
int netns_add_void(void);

/*
 * Sets a sysctl; the path is relative to /proc/sys/net and has slashes ("ipv4/tcp_fin_timeout").
 * The kernel hides or locks sysctls that are not per namespace: -ENOENT or -EACCES.
 *
 * Returns 0 or -errno (-EINVAL: the kernel refuses the value).
 */
int netns_sysctl_write(const char *path, const char *value);

#endif
