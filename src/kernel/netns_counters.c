// SPDX-License-Identifier: Apache-2.0
#include "netns_process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "procfs_tcp.h"

static const char *const names[NETNS_FILES] = {
    [NETNS_SOCKSTAT] = "sockstat",
    [NETNS_SOCKSTAT6] = "sockstat6",
    [NETNS_SNMP] = "snmp",
    [NETNS_NETSTAT] = "netstat",
};

const char *netns_file_name(enum netns_file file)
{
    return names[file];
}

/* The subjects of faults. */
static const char *const subjects[NETNS_FILES] = {
    [NETNS_SOCKSTAT] = "PID/net/sockstat",
    [NETNS_SOCKSTAT6] = "PID/net/sockstat6",
    [NETNS_SNMP] = "PID/net/snmp",
    [NETNS_NETSTAT] = "PID/net/netstat",
};

/* Does the error of an open() mean that there is no such process, or that it has ended and has no
 * namespace any more? */
static bool is_gone(int error)
{
    return error == ENOENT || error == ESRCH || error == ENXIO;
}

/* Is `fd` a file of the namespace `inode`? Only the inode of sockstat identifies a namespace: other
 * files are not checked. */
static bool is_of_namespace(int fd, enum netns_file file, uint64_t inode)
{
    struct stat status;
    return file != NETNS_SOCKSTAT || (fstat(fd, &status) == 0 && status.st_ino == inode);
}

static bool parse(const struct proc_file *text, enum netns_file file, struct netns_numbers *numbers)
{
    switch (file) {
    case NETNS_SOCKSTAT:
        return proc_file_get_keyed(text, "TCP:", "inuse", &numbers->tcp[0]) &&
               proc_file_get_keyed(text, "TCP:", "tw", &numbers->minisockets) &&
               proc_file_get_keyed(text, "UDP:", "inuse", &numbers->udp[0]);
    case NETNS_SOCKSTAT6:
        return proc_file_get_keyed(text, "TCP6:", "inuse", &numbers->tcp[1]) &&
               proc_file_get_keyed(text, "UDP6:", "inuse", &numbers->udp[1]);
    case NETNS_SNMP:
        return procfs_parse_snmp(text, &numbers->counters);
    default:
        return procfs_parse_netstat(text, &numbers->counters);
    }
}

enum netns_answer netns_read(const struct netns_proc *proc, uint32_t pid, uint64_t inode,
                             enum netns_file file, struct netns_numbers *numbers,
                             struct fault *fault)
{
    char path[40];
    snprintf(path, sizeof path, "%" PRIu32 "/net/%s", pid, names[file]);
    int fd = openat(proc->directory, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && file == NETNS_SOCKSTAT6 && errno == ENOENT) {
        numbers->tcp[1] = numbers->udp[1] = 0;
        return NETNS_READ;
    }
    if (fd < 0 && is_gone(errno))
        return NETNS_GONE;
    if (fd < 0) {
        fault_set(fault, FAULT_PROC_READ, errno, subjects[file]);
        return NETNS_FAILED;
    }
    if (!is_of_namespace(fd, file, inode)) {
        close(fd);
        return NETNS_GONE;
    }
    struct proc_file text;
    return proc_file_read_open(&text, fd, subjects[file], fault) && parse(&text, file, numbers)
               ? NETNS_READ
               : NETNS_FAILED;
}
