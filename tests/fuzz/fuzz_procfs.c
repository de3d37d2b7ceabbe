// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes as every file of /proc, which are links to one. What is found is as
 * promised, and what is read in two ways is the same.
 *
 * Covers: src/kernel/proc_file.c src/kernel/procfs*.c src/kernel/netns_process.c
 * src/kernel/netns_counters.c
 */
#include "kernel/netns_process.h"
#include "kernel/procfs.h"

#include "scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const files[] = {
    "thread-self/net/sockstat",
    "thread-self/net/sockstat6",
    "thread-self/net/netstat",
    "thread-self/net/snmp",
    "sys/net/ipv4/tcp_max_tw_buckets",
    "sys/net/ipv4/tcp_tw_reuse",
    "sys/net/ipv4/tcp_mem",
    "sys/net/ipv4/tcp_max_orphans",
    "sys/net/ipv4/ip_local_reserved_ports",
    "self/statm",
    "self/fd/0",
    "1/comm",
    "1/cgroup",
    "1/net/sockstat",
    "1/net/sockstat6",
    "1/net/snmp",
    "1/net/netstat",
};

static const char *root;
static int contents = -1; /* of them all */
static bool has_greatest; /* number, which stands for an absent one */
static struct netns_proc proc;

static void remove_root(void)
{
    scratch_remove(NULL);
}

static void make_folders(char *path)
{
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(path, 0700);
    }
}

static void make_root(void)
{
    struct fault fault;
    if (scratch_make(NULL) != 0 || atexit(remove_root) != 0)
        abort();
    root = scratch_directory();

    contents = open(scratch_path("contents"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *path = strdup(scratch_path(files[i]));
        make_folders(path);
        if (link(scratch_path("contents"), path) != 0)
            abort();
        free(path);
    }
    scratch_write_text("sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
    if (contents < 0 || !netns_proc_open(&proc, root, &fault))
        abort();
}

static void put(const void *text, size_t size)
{
    if (ftruncate(contents, 0) != 0 || pwrite(contents, text, size, 0) != (ssize_t)size)
        abort();
}

/* A file that is there can only be too large, or not be understood. */
static bool check(bool good, const struct fault *fault)
{
    if (!good && (!fault->subject || !*fault->subject ||
                  (fault->reason != FAULT_PROC_READ && fault->reason != FAULT_PROC_PARSE)))
        abort();
    return good;
}

static void check_numbers(const uint64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] == PROCFS_ABSENT && !has_greatest)
            abort();
    }
}

static void read_tcp(void)
{
    struct fault fault;
    struct tcp_usage usage;
    struct tcp_counters counters;
    struct tcp_settings settings;
    struct tcp_pressure pressure;
    uint64_t opens;
    check(procfs_read_tcp_usage(root, &usage, &fault), &fault);
    check(procfs_read_tcp_counters(root, &counters, &fault), &fault);
    if (check(procfs_read_active_opens(root, &opens, &fault), &fault) &&
        opens != counters.active_opens)
        abort();
    if (check(procfs_read_tcp_settings(root, &settings, &fault), &fault))
        check_numbers((const uint64_t *)&settings, sizeof settings / sizeof(uint64_t));
    if (check(procfs_read_tcp_pressure(root, &pressure, &fault), &fault))
        check_numbers((const uint64_t *)&pressure, sizeof pressure / sizeof(uint64_t));
}

/* A process of the same namespace has the same counters. */
static void read_namespace(void)
{
    struct fault fault;
    struct tcp_counters counters;
    struct netns_numbers numbers = {.minisockets = 0};
    struct stat status;
    bool good = true;
    fstat(contents, &status);
    for (enum netns_file file = 0; file < NETNS_FILES; file++) {
        enum netns_answer answer = netns_read(&proc, 1, status.st_ino, file, &numbers, &fault);
        if (answer == NETNS_GONE)
            abort();
        bool is_counters = file == NETNS_SNMP || file == NETNS_NETSTAT;
        good &= check(answer == NETNS_READ, &fault) || !is_counters;
    }
    if (check(procfs_read_tcp_counters(root, &counters, &fault), &fault) != good ||
        (good && memcmp(&counters, &numbers.counters, sizeof counters) != 0))
        abort();
}

/* As the kernel prints a set of ports: proc_do_large_bitmap(), kernel/sysctl.c. */
static size_t print_ports(char *text, const struct port_set *ports)
{
    size_t length = 0;
    for (unsigned first = 0, last; first <= UINT16_MAX; first = last + 1) {
        last = first;
        if (!port_set_has(ports, (uint16_t)first))
            continue;
        while (last < UINT16_MAX && port_set_has(ports, (uint16_t)(last + 1)))
            last++;
        length += (size_t)sprintf(text + length, last > first ? "%s%u-%u" : "%s%u",
                                  length > 0 ? "," : "", first, last);
    }
    return length + (size_t)sprintf(text + length, "\n");
}

/* What is read from a list, printed and read again is the same. */
static void read_ports(void)
{
    static struct port_settings settings, again;
    static char text[256 * 1024];
    struct fault fault;
    if (!check(procfs_read_port_settings(root, &settings, &fault), &fault))
        return;
    put(text, print_ports(text, &settings.reserved));
    if (!procfs_read_port_settings(root, &again, &fault) ||
        memcmp(&settings, &again, sizeof settings) != 0)
        abort();
}

static void read_range(void)
{
    static struct port_settings settings;
    struct fault fault;
    int none = open("/dev/null", O_RDONLY | O_CLOEXEC);
    lseek(contents, 0, SEEK_SET);
    if (check(procfs_read_open_port_settings(contents, none, &settings, &fault), &fault) &&
        settings.low > settings.high)
        abort();
    close(none);
}

static void read_process(void)
{
    struct fault fault;
    struct process_usage usage;
    char name[PROGRAM_NAME_SIZE], cgroup[64];
    check(procfs_read_process_usage(root, &usage, &fault), &fault);
    procfs_read_program(root, 1, name);
    if (strnlen(name, sizeof name) == sizeof name)
        abort();
    for (const char *letter = name; *letter; letter++) {
        if (*letter < ' ' || *letter > '~')
            abort();
    }
    netns_read_cgroup(&proc, 1, cgroup, sizeof cgroup);
    if (strnlen(cgroup, sizeof cgroup) == sizeof cgroup)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (contents < 0)
        make_root();
    put(data, size);
    has_greatest = memmem(data, size, "18446744073709551615", 20);
    read_tcp();
    read_namespace();
    read_process();
    read_range();
    read_ports();
    return 0;
}
