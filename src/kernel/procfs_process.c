// SPDX-License-Identifier: Apache-2.0
#include "procfs.h"

#include "base/printable.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "proc_file.h"

static bool read_memory(const char *root, struct process_usage *usage, struct fault *fault)
{
    struct proc_file file;
    uint64_t pages[2]; /* total, resident: proc_pid_statm(5) */
    if (!proc_file_read(&file, root, "self/statm", fault) ||
        !proc_file_get_numbers(&file, pages, 2))
        return false;
    uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
    usage->virtual_bytes = pages[0] * page_size;
    usage->resident_bytes = pages[1] * page_size;
    return true;
}

static bool count_descriptors(const char *root, uint64_t *open, struct fault *fault)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/self/fd", root);
    DIR *directory = opendir(path);
    if (!directory)
        return fault_set(fault, FAULT_PROC_READ, errno, "self/fd");
    *open = 0;
    for (const struct dirent *entry; (entry = readdir(directory));)
        *open += entry->d_name[0] != '.';
    closedir(directory);
    --*open; /* `directory` has one, too */
    return true;
}

bool procfs_read_process_usage(const char *root, struct process_usage *usage, struct fault *fault)
{
    struct timespec cpu = {0};
    struct rlimit descriptors = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    getrlimit(RLIMIT_NOFILE, &descriptors);
    usage->cpu_seconds = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9;
    usage->max_descriptors = descriptors.rlim_cur;
    return read_memory(root, usage, fault) &&
           count_descriptors(root, &usage->open_descriptors, fault);
}

void procfs_read_program(const char *root, uint32_t pid, char name[static PROGRAM_NAME_SIZE])
{
    char path[32], text[PROGRAM_NAME_SIZE + 1] = "";
    struct fault ignored; /* the process is gone */
    memset(name, 0, PROGRAM_NAME_SIZE);
    snprintf(path, sizeof path, "%" PRIu32 "/comm", pid);
    if (pid == 0 || !proc_file_read_text(text, sizeof text, root, path, &ignored))
        return;
    size_t length = strlen(text);
    copy_printable(name, PROGRAM_NAME_SIZE, text, length > 0 ? length - 1 : 0); /* no newline */
}
