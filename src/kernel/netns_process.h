// SPDX-License-Identifier: Apache-2.0
/*
 * The network namespaces of other processes, as /proc shows them without privilege: /proc/PID/net
 * is that of the process, for any process of any user, unless /proc is mounted with hidepid=.
 *
 * The inode of /proc/PID/net/sockstat is the same for all processes of a namespace, and differs
 * between namespaces that exist at the same time (fs/proc/proc_net.c). A later namespace may have
 * the inode of one that is gone. It is not the number in net:[...].
 *
 * An open file below /proc/PID/net keeps its namespace alive: none stays open after a call.
 */
#ifndef SOCKDIAG_KERNEL_NETNS_PROCESS_H
#define SOCKDIAG_KERNEL_NETNS_PROCESS_H

#include "base/fault.h"
#include "procfs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A mount of proc. */
struct netns_proc {
    const char *root; /* "/proc", or a test's directory */
    int directory;    /* its descriptor, O_PATH */
};

/* False with `fault` filled when there is no such directory. `root` must outlive it. */
bool netns_proc_open(struct netns_proc *proc, const char *root, struct fault *fault);
void netns_proc_close(struct netns_proc *proc);

/* `context` is the consumer's. */
typedef void netns_process_consumer(void *context, uint32_t pid);

/* Call `consume` for every process that /proc lists, in any order. False with `fault` filled when
 * it cannot be listed. */
bool netns_list_processes(const struct netns_proc *proc, netns_process_consumer *consume,
                          void *context, struct fault *fault);

/* The inode of a process's namespace; 0 when the process is gone, a zombie, or hidden. */
uint64_t netns_of_process(const struct netns_proc *proc, uint32_t pid);

/* The inode of the namespace of the calling thread. */
uint64_t netns_of_caller(const struct netns_proc *proc);

/* Read /proc/PID/cgroup into `text`, NUL-terminated, at most `size` - 1 bytes of it. It is empty
 * when it cannot be read. */
void netns_read_cgroup(const struct netns_proc *proc, uint32_t pid, char *text, size_t size);

enum netns_file { NETNS_SOCKSTAT, NETNS_SOCKSTAT6, NETNS_SNMP, NETNS_NETSTAT, NETNS_FILES };

/* The label value: "sockstat", "sockstat6", "snmp" or "netstat". */
const char *netns_file_name(enum netns_file file);

/* The numbers of a namespace. Each file has a part of them. */
struct netns_numbers {
    /* sockstat and sockstat6, by family. Full sockets are those of struct tcp_usage. */
    uint64_t tcp[2], udp[2];
    uint64_t minisockets; /* sockstat, for both families: TIME_WAIT, and FIN_WAIT2 without owner */
    struct tcp_counters counters; /* snmp: the opens; netstat: the others */
};

enum netns_answer {
    NETNS_READ,
    NETNS_GONE,  /* the process has ended, or is in another namespace now: no error */
    NETNS_FAILED /* with the fault filled */
};

/* Read one file of the namespace `inode` through a process in it, and its part of `numbers`. A
 * kernel without IPv6 has no sockstat6: these numbers are 0. */
enum netns_answer netns_read(const struct netns_proc *proc, uint32_t pid, uint64_t inode,
                             enum netns_file file, struct netns_numbers *numbers,
                             struct fault *fault);

#endif
