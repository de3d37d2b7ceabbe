// SPDX-License-Identifier: Apache-2.0
#include "netns_process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/read_to_end.h"

/* Room for "PID/" and the longest name below. */
enum { PATH_SIZE = 40 };

bool netns_proc_open(struct netns_proc *proc, const char *root, struct fault *fault)
{
    proc->root = root;
    proc->directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return proc->directory >= 0 || fault_set(fault, FAULT_PROC_READ, errno, "");
}

void netns_proc_close(struct netns_proc *proc)
{
    close(proc->directory);
}

/* The process whose directory has this name; 0 for other entries of /proc. */
static uint32_t parse_pid(const char *name)
{
    char *end;
    unsigned long pid = name[0] >= '1' && name[0] <= '9' ? strtoul(name, &end, 10) : 0;
    return pid > 0 && *end == '\0' && pid <= INT32_MAX ? (uint32_t)pid : 0;
}

bool netns_list_processes(const struct netns_proc *proc, netns_process_consumer *consume,
                          void *context, struct fault *fault)
{
    DIR *directory = opendir(proc->root);
    if (!directory)
        return fault_set(fault, FAULT_PROC_READ, errno, "");
    for (const struct dirent *entry; (entry = readdir(directory));) {
        uint32_t pid = parse_pid(entry->d_name);
        if (pid > 0)
            consume(context, pid);
    }
    closedir(directory);
    return true;
}

static uint64_t read_inode(const struct netns_proc *proc, const char *path)
{
    struct stat status;
    return fstatat(proc->directory, path, &status, 0) == 0 ? status.st_ino : 0;
}

uint64_t netns_of_process(const struct netns_proc *proc, uint32_t pid)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%" PRIu32 "/net/sockstat", pid);
    return read_inode(proc, path);
}

uint64_t netns_of_caller(const struct netns_proc *proc)
{
    return read_inode(proc, "thread-self/net/sockstat");
}

void netns_read_cgroup(const struct netns_proc *proc, uint32_t pid, char *text, size_t size)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%" PRIu32 "/cgroup", pid);
    int fd = openat(proc->directory, path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read_to_end(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
}
