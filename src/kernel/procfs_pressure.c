// SPDX-License-Identifier: Apache-2.0
#include "procfs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "proc_file.h"

/* Convert pages to bytes. A number that does not fit stands for no limit. */
static uint64_t to_bytes(uint64_t pages)
{
    uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE);
    return pages < PROCFS_UNLIMITED / size ? pages * size : PROCFS_UNLIMITED;
}

static bool read_usage(const char *root, struct tcp_pressure *pressure, struct fault *fault)
{
    struct proc_file file;
    uint64_t pages;
    if (!proc_file_read(&file, root, "thread-self/net/sockstat", fault) ||
        !proc_file_get_keyed(&file, "TCP:", "mem", &pages) ||
        !proc_file_get_keyed(&file, "TCP:", "orphan", &pressure->orphans))
        return false;
    pressure->memory_bytes = to_bytes(pages);
    return true;
}

static bool read_memory_limits(const char *root, struct tcp_pressure *pressure, struct fault *fault)
{
    struct proc_file file;
    uint64_t pages[TCP_MEMORY_LEVELS];
    if (!proc_file_read(&file, root, "sys/net/ipv4/tcp_mem", fault))
        return fault->error_number == ENOENT;
    if (!proc_file_get_numbers(&file, pages, TCP_MEMORY_LEVELS))
        return false;
    for (enum tcp_memory_level level = 0; level < TCP_MEMORY_LEVELS; level++)
        pressure->memory_limit_bytes[level] = to_bytes(pages[level]);
    return true;
}

static bool read_orphan_limit(const char *root, struct tcp_pressure *pressure, struct fault *fault)
{
    struct proc_file file;
    if (!proc_file_read(&file, root, "sys/net/ipv4/tcp_max_orphans", fault))
        return fault->error_number == ENOENT;
    return proc_file_get_number(&file, &pressure->orphan_limit);
}

bool procfs_read_tcp_pressure(const char *root, struct tcp_pressure *pressure, struct fault *fault)
{
    static bool (*const readers[])(const char *, struct tcp_pressure *, struct fault *) = {
        read_usage, read_memory_limits, read_orphan_limit};
    struct fault next;
    bool good = true;
    memset(pressure, 0xff, sizeof *pressure); /* all absent */
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
        good = readers[i](root, pressure, good ? fault : &next) && good;
    return good;
}
