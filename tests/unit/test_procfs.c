// SPDX-License-Identifier: Apache-2.0
/*
 * The short reads from /proc, from a folder that the test fills; and from the real /proc, in a
 * network namespace that holds nothing but the test's own sockets.
 */
#include "kernel/procfs.h"

#include "netns.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SOCKSTAT  "thread-self/net/sockstat"
#define SOCKSTAT6 "thread-self/net/sockstat6"
#define NETSTAT   "thread-self/net/netstat"
#define SNMP      "thread-self/net/snmp"
#define TW_LIMIT  "sys/net/ipv4/tcp_max_tw_buckets"
#define TW_REUSE  "sys/net/ipv4/tcp_tw_reuse"
#define STATM     "self/statm"

static bool read_usage(struct fault *fault)
{
    struct tcp_usage usage;
    return procfs_read_tcp_usage(scratch_directory(), &usage, fault);
}

static bool read_counters(struct fault *fault)
{
    struct tcp_counters counters;
    return procfs_read_tcp_counters(scratch_directory(), &counters, fault);
}

static bool read_settings(struct fault *fault)
{
    struct tcp_settings settings;
    return procfs_read_tcp_settings(scratch_directory(), &settings, fault);
}

static bool read_process(struct fault *fault)
{
    struct process_usage usage;
    return procfs_read_process_usage(scratch_directory(), &usage, fault);
}

/* Every file that is read, as a kernel would write it, and what reads it. No two numbers that
 * matter are the same. */
static const struct file {
    const char *name;
    const char *text;
    bool (*read)(struct fault *fault);
} files[] = {
    {SOCKSTAT,
     "sockets: used 1000\n"
     "TCP: inuse 20 orphan 3 tw 7 alloc 1001 mem 4\n"
     "UDP: inuse 5 mem 6\n",
     read_usage},
    {SOCKSTAT6, "TCP6: inuse 300\nUDP6: inuse 8\n", read_usage},
    {NETSTAT,
     "TcpExt: SyncookiesSent TW TWRecycled TWKilled ListenOverflows ListenDrops "
     "TCPTimeWaitOverflow TCPWqueueTooBig\n"
     "TcpExt: 1 20000 300 40 5000 60000 700000 8\n"
     "IpExt: InNoRoutes TW\n"
     "IpExt: 9 10\n",
     read_counters},
    {SNMP,
     "Ip: Forwarding ActiveOpens\n"
     "Ip: 1 2\n"
     "Tcp: RtoMin MaxConn ActiveOpens PassiveOpens AttemptFails\n"
     "Tcp: 200 -1 1000 30 4\n",
     read_counters},
    {TW_LIMIT, "262144\n", read_settings},
    {TW_REUSE, "2\n", read_settings},
    {STATM, "5000 300 20 1 0 400 0\n", read_process},
};

#define for_each_file(file)                                                                        \
    for (const struct file *file = files; file < files + sizeof files / sizeof files[0]; file++)

static void make_folders(const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", scratch_path(name));
    for (char *slash = path + strlen(scratch_directory()); (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

static void put_bytes(const char *name, const char *bytes, size_t length)
{
    make_folders(name);
    scratch_write(name, bytes, length);
}

static void put(const char *name, const char *text)
{
    put_bytes(name, text, strlen(text));
}

static void take_away(const char *name)
{
    assert_int_equal(remove(scratch_path(name)), 0);
}

/* A file that is there but that not even root can open. */
static void make_unreadable(const char *name)
{
    take_away(name);
    assert_int_equal(symlink(scratch_path(name), scratch_path(name)), 0);
}

static void put_healthy_files(void)
{
    for_each_file(file) put(file->name, file->text);
    make_folders("self/fd/");
}

static int make_root(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    put_healthy_files();
    return 0;
}

static void assert_read_fault(const struct file *file, int error_number)
{
    struct fault fault = {.reason = FAULT_REASONS};
    if (file->read(&fault))
        fail_msg("%s was read", file->name);
    assert_int_equal(fault.reason, FAULT_PROC_READ);
    assert_int_equal(fault.error_number, error_number);
    assert_non_null(strstr(file->name, fault.subject));
}

static void assert_parse_fault(const struct file *file, const char *text)
{
    struct fault fault = {.reason = FAULT_REASONS};
    put(file->name, text);
    if (file->read(&fault))
        fail_msg("%s was understood: %s", file->name, text);
    assert_int_equal(fault.reason, FAULT_PROC_PARSE);
    assert_non_null(strstr(file->name, fault.subject));
    put(file->name, file->text);
}

static void assert_usage_of_healthy_files(void)
{
    struct tcp_usage usage;
    struct fault fault;
    assert_true(procfs_read_tcp_usage(scratch_directory(), &usage, &fault));
    assert_int_equal(usage.full_sockets, 320);
    assert_int_equal(usage.minisockets, 7);
}

static void assert_counters_of_healthy_files(void)
{
    struct tcp_counters counters;
    struct fault fault;
    assert_true(procfs_read_tcp_counters(scratch_directory(), &counters, &fault));
    assert_int_equal(counters.time_wait_started, 20040);
    assert_int_equal(counters.time_wait_reused, 300);
    assert_int_equal(counters.time_wait_overflows, 700000);
    assert_int_equal(counters.listen_overflows, 5000);
    assert_int_equal(counters.listen_drops, 60000);
    assert_int_equal(counters.active_opens, 1000);
    assert_int_equal(counters.passive_opens, 30);
}

static void assert_settings_of_healthy_files(void)
{
    struct tcp_settings settings;
    struct fault fault;
    assert_true(procfs_read_tcp_settings(scratch_directory(), &settings, &fault));
    assert_int_equal(settings.time_wait_limit, 262144);
    assert_int_equal(settings.tw_reuse, 2);
}

static void test_usage_adds_ipv6_to_ipv4(void **state)
{
    (void)state;
    assert_usage_of_healthy_files();
}

static void test_counters_come_from_their_columns(void **state)
{
    (void)state;
    assert_counters_of_healthy_files();
}

static void test_settings_are_the_whole_file(void **state)
{
    (void)state;
    assert_settings_of_healthy_files();
}

static void test_memory_is_in_bytes(void **state)
{
    (void)state;
    struct process_usage usage;
    struct fault fault;
    assert_true(procfs_read_process_usage(scratch_directory(), &usage, &fault));
    assert_int_equal(usage.virtual_bytes, 5000 * sysconf(_SC_PAGESIZE));
    assert_int_equal(usage.resident_bytes, 300 * sysconf(_SC_PAGESIZE));
    put(STATM, "7 6"); /* no more is needed */
    assert_true(procfs_read_process_usage(scratch_directory(), &usage, &fault));
    assert_int_equal(usage.resident_bytes, 6 * sysconf(_SC_PAGESIZE));
}

/* The number of the next descriptor. */
static int find_next_descriptor(void)
{
    int fd = dup(STDOUT_FILENO);
    close(fd);
    return fd;
}

static void test_reading_leaves_no_descriptor_open(void **state)
{
    (void)state;
    struct fault fault;
    int next = find_next_descriptor();
    for_each_file(file)
    {
        assert_true(file->read(&fault));
        put(file->name, "");
        assert_false(file->read(&fault));
        put(file->name, file->text);
    }
    assert_int_equal(find_next_descriptor(), next);
}

static void test_missing_sockstat6_is_no_fault(void **state)
{
    (void)state;
    struct tcp_usage usage;
    struct fault fault;
    take_away(SOCKSTAT6);
    assert_true(procfs_read_tcp_usage(scratch_directory(), &usage, &fault));
    assert_int_equal(usage.full_sockets, 20);
    assert_int_equal(usage.minisockets, 7);
}

static void test_any_other_missing_file_is_a_fault(void **state)
{
    (void)state;
    for_each_file(file)
    {
        if (strcmp(file->name, SOCKSTAT6) == 0)
            continue;
        take_away(file->name);
        assert_read_fault(file, ENOENT);
        put(file->name, file->text);
    }
}

static void test_an_unreadable_file_is_a_fault(void **state)
{
    (void)state;
    for_each_file(file)
    {
        make_unreadable(file->name);
        assert_read_fault(file, ELOOP);
        take_away(file->name);
        put(file->name, file->text);
    }
}

static void test_a_failing_read_is_a_fault(void **state)
{
    (void)state;
    for_each_file(file)
    {
        take_away(file->name);
        assert_int_equal(mkdir(scratch_path(file->name), 0700),
                         0); /* opens, but read() says EISDIR */
        assert_read_fault(file, EISDIR);
        take_away(file->name);
        put(file->name, file->text);
    }
}

static void test_a_missing_root_is_a_fault(void **state)
{
    (void)state;
    struct tcp_usage usage;
    struct fault fault;
    assert_false(procfs_read_tcp_usage("/nonexistent", &usage, &fault));
    assert_int_equal(fault.reason, FAULT_PROC_READ);
    assert_int_equal(fault.error_number, ENOENT);
}

static void test_missing_descriptors_are_a_fault(void **state)
{
    (void)state;
    take_away("self/fd");
    assert_read_fault(&(struct file){.name = "self/fd", .read = read_process}, ENOENT);
}

static void test_garbage_is_a_parse_fault(void **state)
{
    (void)state;
    static const char *const garbage[] = {
        "",
        "\n",
        "garbage\n",
        "TCP:\nTCP6:\nTcpExt:\nTcp:\n",
        "TCP: inuse\nTCP: tw\nTCP6: inuse\nTcpExt: TW\nTcp: ActiveOpens\n",
        "TCP: inuse x tw y\nTCP6: inuse -1\nTcpExt: TW\nTcpExt: x\nTcp: ActiveOpens\nTcp: -3\n",
        "TCP: inuse 0x5 tw 5.5\nTCP6: inuse 1e3\n",
        "-1\n",
        "\xff\xfe\x01",
    };
    for_each_file(file)
    {
        for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++)
            assert_parse_fault(file, garbage[i]);
    }
}

static void test_bytes_of_zero_are_a_parse_fault(void **state)
{
    (void)state;
    for_each_file(file)
    {
        struct fault fault;
        put_bytes(file->name, "\0\0\0\0", 4);
        assert_false(file->read(&fault));
        assert_int_equal(fault.reason, FAULT_PROC_PARSE);
        put(file->name, file->text);
    }
}

static void test_a_setting_with_more_than_a_number_is_a_parse_fault(void **state)
{
    (void)state;
    for_each_file(file)
    {
        if (file->read != read_settings)
            continue;
        assert_parse_fault(file, "2x\n");
        assert_parse_fault(file, "2 monkeys\n");
        assert_parse_fault(file, "2\n3\n");
    }
}

static void test_memory_that_is_no_two_numbers_is_a_parse_fault(void **state)
{
    (void)state;
    for_each_file(file)
    {
        if (file->read != read_process)
            continue;
        assert_parse_fault(file, "5000\n");
        assert_parse_fault(file, "5000 many\n");
        assert_parse_fault(file, "-5 3\n");
        assert_parse_fault(file, "18446744073709551616 1 0 0 0 0 0\n");
    }
}

static void test_a_missing_column_is_a_parse_fault(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *column;
    } columns[] = {
        {SOCKSTAT, "inuse"},
        {SOCKSTAT, "tw"},
        {SOCKSTAT6, "inuse"},
        {NETSTAT, "TW "},
        {NETSTAT, "TWKilled"},
        {NETSTAT, "TWRecycled"},
        {NETSTAT, "TCPTimeWaitOverflow"},
        {NETSTAT, "ListenOverflows"},
        {NETSTAT, "ListenDrops"},
        {SNMP, "ActiveOpens Passive"},
        {SNMP, "PassiveOpens"},
    };
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        for_each_file(file)
        {
            if (strcmp(file->name, columns[i].file) != 0)
                continue;
            char text[512];
            strcpy(text, file->text);
            char *column = strstr(text, columns[i].column);
            assert_non_null(column);
            column[0] = '?'; /* another name in the same place */
            assert_parse_fault(file, text);
        }
    }
}

static void test_a_name_is_not_the_beginning_of_another(void **state)
{
    (void)state;
    put(SOCKSTAT, "TCP6: inuse 1 tw 1\nTCP: tws 2 inuse4 3 inuse 20 tw 7\n");
    put(NETSTAT, "TcpExt: TWKilled TWRecycled TW ListenOverflowsMore ListenOverflows ListenDrops "
                 "TCPTimeWaitOverflow\n"
                 "TcpExt: 40 300 20000 1 5000 60000 700000\n");
    assert_usage_of_healthy_files();
    assert_counters_of_healthy_files();
}

static void test_a_row_shorter_than_its_headings_is_a_parse_fault(void **state)
{
    (void)state;
    for_each_file(file)
    {
        if (strcmp(file->name, NETSTAT) == 0)
            assert_parse_fault(file,
                               "TcpExt: SyncookiesSent TW TWRecycled TWKilled\nTcpExt: 1 2\n");
        if (strcmp(file->name, SNMP) == 0)
            assert_parse_fault(file, "Tcp: ActiveOpens PassiveOpens\nTcp: 1\n");
    }
}

static void test_numbers_of_64_bits_are_read_whole(void **state)
{
    (void)state;
    struct tcp_usage usage;
    struct tcp_counters counters;
    struct tcp_settings settings;
    struct fault fault;
    take_away(SOCKSTAT6);
    put(SOCKSTAT, "TCP: inuse 18446744073709551615 tw 18446744073709551614\n");
    put(NETSTAT, "TcpExt: TW TWRecycled TWKilled ListenOverflows ListenDrops TCPTimeWaitOverflow\n"
                 "TcpExt: 18446744073709551615 18446744073709551613 0 18446744073709551612 "
                 "18446744073709551611 18446744073709551610\n");
    put(TW_LIMIT, "18446744073709551609\n");

    assert_true(procfs_read_tcp_usage(scratch_directory(), &usage, &fault));
    assert_int_equal(usage.full_sockets, UINT64_MAX);
    assert_int_equal(usage.minisockets, UINT64_MAX - 1);
    assert_true(procfs_read_tcp_counters(scratch_directory(), &counters, &fault));
    assert_int_equal(counters.time_wait_started, UINT64_MAX);
    assert_int_equal(counters.time_wait_reused, UINT64_MAX - 2);
    assert_int_equal(counters.listen_overflows, UINT64_MAX - 3);
    assert_int_equal(counters.listen_drops, UINT64_MAX - 4);
    assert_int_equal(counters.time_wait_overflows, UINT64_MAX - 5);
    assert_true(procfs_read_tcp_settings(scratch_directory(), &settings, &fault));
    assert_int_equal(settings.time_wait_limit, UINT64_MAX - 6);
}

static void test_a_number_beyond_64_bits_is_a_parse_fault(void **state)
{
    (void)state;
#define TOO_LARGE "18446744073709551616"
    static const struct {
        const char *file;
        const char *text;
    } cases[] = {
        {SOCKSTAT, "TCP: inuse " TOO_LARGE " tw 1\n"},
        {SOCKSTAT, "TCP: inuse 1 tw " TOO_LARGE "\n"},
        {SOCKSTAT6, "TCP6: inuse 99999999999999999999999999\n"},
        {SNMP, "Tcp: ActiveOpens PassiveOpens\nTcp: 1 " TOO_LARGE "\n"},
        {TW_LIMIT, TOO_LARGE "\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for_each_file(file)
        {
            if (strcmp(file->name, cases[i].file) == 0)
                assert_parse_fault(file, cases[i].text);
        }
    }
}

/* The healthy text of `file` after so many bytes of other lines. */
static void put_after_padding(const struct file *file, size_t padding)
{
    char *text = malloc(padding + strlen(file->text) + 1);
    assert_non_null(text);
    memset(text, 'x', padding);
    for (size_t i = 79; i < padding; i += 80)
        text[i] = '\n';
    text[padding - 1] = '\n';
    strcpy(text + padding, file->text);
    put(file->name, text);
    free(text);
}

static void test_a_file_of_256_kib_is_a_read_fault(void **state)
{
    (void)state;
    static const size_t lengths[] = {262144, 262145, 600000};
    for_each_file(file)
    {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            put_after_padding(file, lengths[i] - strlen(file->text));
            assert_read_fault(file, EFBIG);
        }
        put(file->name, file->text);
    }
}

static void test_a_large_file_is_read_to_its_end(void **state)
{
    (void)state;
    for_each_file(file)
    {
        if (file->read == read_usage || file->read == read_counters)
            put_after_padding(file, 16000 - strlen(file->text));
    }
    assert_usage_of_healthy_files();
    assert_counters_of_healthy_files();
}

static void test_the_last_line_needs_no_newline(void **state)
{
    (void)state;
    put(SOCKSTAT, "TCP: inuse 20 orphan 3 tw 7");
    put(SOCKSTAT6, "TCP6: inuse 300");
    put(SNMP, "Tcp: PassiveOpens ActiveOpens\nTcp: 30 1000");
    put(TW_LIMIT, "262144");
    put(TW_REUSE, "2");
    assert_usage_of_healthy_files();
    assert_counters_of_healthy_files();
    assert_settings_of_healthy_files();
}

static void test_a_carriage_return_is_no_part_of_a_number(void **state)
{
    (void)state;
    put(SOCKSTAT, "TCP: inuse 20 orphan 3 tw 7\r\n");
    put(SOCKSTAT6, "TCP6: inuse 300\r\n");
    put(TW_LIMIT, "262144\r\n");
    put(TW_REUSE, "2\r\n");
    assert_usage_of_healthy_files();
    assert_settings_of_healthy_files();
}

/* A namespace without a socket, or skip. */
static void enter_empty_namespace(void)
{
    if (netns_enter_own() == 0)
        return;
    if (getenv("REQUIRE_NAMESPACES"))
        fail_msg("no network namespace can be made");
    skip();
}

/* A socket that is bound to a port of the kernel's choice; -1 without such a family. */
static int bound_socket(int family)
{
    struct sockaddr_in6 any = {.sin6_family = (sa_family_t)family};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 && family == AF_INET6)
        return -1;
    socklen_t length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof any;
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, length), 0);
    return fd;
}

static void test_the_kernel_counts_our_listeners(void **state)
{
    (void)state;
    static const int families[] = {AF_INET, AF_INET6, AF_INET, AF_INET6};
    struct tcp_usage usage;
    struct fault fault;
    enter_empty_namespace();
    assert_true(procfs_read_tcp_usage("/proc", &usage, &fault));
    assert_int_equal(usage.full_sockets, 0);
    assert_int_equal(usage.minisockets, 0);

    int sockets[4];
    uint64_t listening = 0;
    for (size_t i = 0; i < 4; i++) {
        sockets[i] = bound_socket(families[i]);
        assert_true(procfs_read_tcp_usage("/proc", &usage, &fault));
        assert_int_equal(usage.full_sockets, listening); /* only bound: not counted */
        if (sockets[i] < 0)
            continue;
        assert_int_equal(listen(sockets[i], 1), 0);
        assert_true(procfs_read_tcp_usage("/proc", &usage, &fault));
        assert_int_equal(usage.full_sockets, ++listening);
    }
    for (size_t i = 0; i < 4; i++)
        close(sockets[i]);
}

static void test_the_kernel_counts_our_connection(void **state)
{
    (void)state;
    struct tcp_counters before, after;
    struct fault fault;
    enter_empty_namespace();
    assert_true(procfs_read_tcp_counters("/proc", &before, &fault));
    assert_int_equal(before.active_opens, 0);
    assert_int_equal(before.passive_opens, 0);
    assert_int_equal(before.time_wait_started, 0);

    int listener = bound_socket(AF_INET);
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, length), 0);
    int server = accept(listener, NULL, NULL);
    assert_true(server >= 0);

    assert_true(procfs_read_tcp_counters("/proc", &after, &fault));
    assert_int_equal(after.active_opens, 1);
    assert_int_equal(after.passive_opens, 1);
    assert_int_equal(after.listen_drops, 0);
    close(client);
    close(server);
    close(listener);
}

static void test_the_kernel_shows_its_settings(void **state)
{
    (void)state;
    struct tcp_settings settings;
    struct fault fault;
    enter_empty_namespace();
    assert_int_equal(netns_sysctl_write("ipv4/tcp_max_tw_buckets", "12345"), 0);
    assert_int_equal(netns_sysctl_write("ipv4/tcp_tw_reuse", "1"), 0);
    assert_true(procfs_read_tcp_settings("/proc", &settings, &fault));
    assert_int_equal(settings.time_wait_limit, 12345);
    assert_int_equal(settings.tw_reuse, 1);
}

/* Those of this process, without /proc. */
static uint64_t count_descriptors(void)
{
    uint64_t count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void test_our_own_descriptors_are_counted(void **state)
{
    (void)state;
    struct process_usage usage;
    struct fault fault;
    struct rlimit limit;
    assert_true(procfs_read_process_usage("/proc", &usage, &fault));
    assert_int_equal(usage.open_descriptors, count_descriptors());

    int more = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(procfs_read_process_usage("/proc", &usage, &fault));
    assert_int_equal(usage.open_descriptors, count_descriptors());
    assert_int_equal(close(more), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(usage.max_descriptors, limit.rlim_cur);
}

static void test_our_own_cpu_time_lies_between_two_readings_of_it(void **state)
{
    (void)state;
    struct process_usage usage;
    struct fault fault;
    struct timespec before, after;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before), 0);
    assert_true(procfs_read_process_usage("/proc", &usage, &fault));
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after), 0);
    assert_true(usage.cpu_seconds >= (double)before.tv_sec + (double)before.tv_nsec / 1e9);
    assert_true(usage.cpu_seconds <= (double)after.tv_sec + (double)after.tv_nsec / 1e9);
}

static void test_our_own_memory_is_plausible(void **state)
{
    (void)state;
    enum { TOUCHED = 8 << 20 };
    struct process_usage before, after;
    struct fault fault;
    assert_true(procfs_read_process_usage("/proc", &before, &fault));
    char *memory = malloc(TOUCHED);
    assert_non_null(memory);
    memset(memory, 1, TOUCHED);
    assert_true(procfs_read_process_usage("/proc", &after, &fault));
    assert_int_equal(memory[TOUCHED / 2], 1);
    free(memory);
    assert_true(after.resident_bytes >= before.resident_bytes + TOUCHED / 2);
    assert_true(after.virtual_bytes >= after.resident_bytes);
}

#define with_root(test) cmocka_unit_test_setup_teardown(test, make_root, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_root(test_usage_adds_ipv6_to_ipv4),
        with_root(test_counters_come_from_their_columns),
        with_root(test_settings_are_the_whole_file),
        with_root(test_memory_is_in_bytes),
        with_root(test_reading_leaves_no_descriptor_open),
        with_root(test_missing_sockstat6_is_no_fault),
        with_root(test_any_other_missing_file_is_a_fault),
        with_root(test_an_unreadable_file_is_a_fault),
        with_root(test_a_failing_read_is_a_fault),
        with_root(test_a_missing_root_is_a_fault),
        with_root(test_missing_descriptors_are_a_fault),
        with_root(test_garbage_is_a_parse_fault),
        with_root(test_bytes_of_zero_are_a_parse_fault),
        with_root(test_a_setting_with_more_than_a_number_is_a_parse_fault),
        with_root(test_memory_that_is_no_two_numbers_is_a_parse_fault),
        with_root(test_a_missing_column_is_a_parse_fault),
        with_root(test_a_name_is_not_the_beginning_of_another),
        with_root(test_a_row_shorter_than_its_headings_is_a_parse_fault),
        with_root(test_numbers_of_64_bits_are_read_whole),
        with_root(test_a_number_beyond_64_bits_is_a_parse_fault),
        with_root(test_a_file_of_256_kib_is_a_read_fault),
        with_root(test_a_large_file_is_read_to_its_end),
        with_root(test_the_last_line_needs_no_newline),
        with_root(test_a_carriage_return_is_no_part_of_a_number),
        cmocka_unit_test(test_the_kernel_counts_our_listeners),
        cmocka_unit_test(test_the_kernel_counts_our_connection),
        cmocka_unit_test(test_the_kernel_shows_its_settings),
        cmocka_unit_test(test_our_own_descriptors_are_counted),
        cmocka_unit_test(test_our_own_cpu_time_lies_between_two_readings_of_it),
        cmocka_unit_test(test_our_own_memory_is_plausible),
    };
    return cmocka_run_group_tests_name("procfs", tests, NULL, NULL);
}
