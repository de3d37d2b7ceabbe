// SPDX-License-Identifier: Apache-2.0
/*
 * Sockets made in other network namespaces, by a helper process.
 *
 * sock_diag answers for the namespace in which its socket was created. Entering a namespace takes
 * CAP_SYS_ADMIN, and finding it through a process takes CAP_SYS_PTRACE. The process that parses
 * HTTP, TLS and netlink must have neither. The helper has both and nothing else, parses nothing,
 * and passes descriptors. docs/security.md says what an attacker can get from it.
 *
 * The helper dies with its parent. When it dies, or does not answer for a second, the exporter
 * exits too.
 */
#ifndef SOCKDIAG_KERNEL_NETNS_HELPER_H
#define SOCKDIAG_KERNEL_NETNS_HELPER_H

#include "capabilities.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The capabilities that the helper needs. */
#define NETNS_HELPER_CAPABILITIES (CAPABILITY_BIT(CAP_SYS_ADMIN) | CAPABILITY_BIT(CAP_SYS_PTRACE))

/* A namespace to enter. Every field counts, and no byte is left undefined: fill it with
 * netns_target_of_process() or netns_target_of_name(). */
struct netns_target {
    /* By process: the inode of /proc/PID/net/sockstat. By name: the inode of /run/netns/NAME. The
     * helper refuses a namespace with another inode, for example if the pid was reused. */
    uint64_t inode;
    /* SO_NETNS_COOKIE of the namespace when it was entered before; 0: not known. Unlike inodes,
     * cookies are never reused. The helper does not look at it. */
    uint64_t cookie;
    int32_t pid;             /* 0: by name */
    char name[NAME_MAX + 1]; /* a file of /run/netns */
    char padding[4];
};

struct netns_target netns_target_of_process(int32_t pid, uint64_t inode, uint64_t cookie);

/* A name that is too long is cut: the helper finds no such file, or one with another inode. */
struct netns_target netns_target_of_name(const char *name, uint64_t inode, uint64_t cookie);

enum netns_descriptor {
    NETNS_SOCKET, /* a sock_diag socket; it pins the namespace while it is open */
    /* Of /proc/sys/net/ipv4, for reading. They pin nothing; reading fails with ENOENT once the
     * namespace is gone. -1 unless they were asked for. */
    NETNS_PORT_RANGE,
    NETNS_RESERVED_PORTS,
    NETNS_TIME_WAIT_LIMIT,
    NETNS_DESCRIPTORS
};

/* The result of entering a namespace; the descriptors belong to the caller. */
struct netns_door {
    int descriptors[NETNS_DESCRIPTORS]; /* -1: none */
    uint64_t inode;                     /* of net/sockstat in there */
    uint64_t cookie;                    /* SO_NETNS_COOKIE; 0 before Linux 5.14 */
};

void netns_door_close(struct netns_door *door);

struct netns_helper;

/*
 * Start the helper: fork, and execute this program again, whose main() must call
 * netns_helper_is_asked_for() first. Call it before the first thread starts, and drop the
 * capabilities afterwards. NULL, with `error` filled with one line, on failure. Free with
 * netns_helper_stop().
 */
struct netns_helper *netns_helper_start(char *error, size_t error_size);
void netns_helper_stop(struct netns_helper *helper);

/*
 * Let the helper open a sock_diag socket in the namespace, and its settings if `with_settings`.
 * Waits a second at most. Only one thread may call this.
 *
 * 0, or -errno with an empty `door`:
 *   -ENOENT, -ESRCH, -ENXIO, -EINVAL   the namespace is gone, or its process or name is
 *   -ESTALE                            another namespace is there now
 *   -EMFILE, -ENOBUFS, -ENOMEM         no descriptors left, or no memory to ask
 *   -EPERM, -EACCES                    a security module or a user namespace forbids it
 *   -EPIPE                             the helper has failed: this is final
 */
int netns_helper_enter(struct netns_helper *helper, const struct netns_target *target,
                       bool with_settings, struct netns_door *door);

/* Has the helper died, or failed to answer? If so `error` gets one line. Any thread may call this:
 * netns_helper_enter() sends SIGCHLD to this process when the helper fails. */
bool netns_helper_has_failed(struct netns_helper *helper, char *error, size_t error_size);

/* The pid of the helper, for tests. */
int netns_helper_pid(const struct netns_helper *helper);

/*
 * Was this process started as the helper? True if its argv[0] is the name that netns_helper_start()
 * uses, which nobody types. Descriptor 0 is then a socket of netns_helper_start().
 */
bool netns_helper_is_asked_for(int count, char *const arguments[]);

/* Run the helper until the exporter ends. Does not return. */
_Noreturn void netns_helper_run(void);

#endif
