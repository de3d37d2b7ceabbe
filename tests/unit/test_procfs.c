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
#define MEMORY    "sys/net/ipv4/tcp_mem"
#define ORPHANS   "sys/net/ipv4/tcp_max_orphans"
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

static bool read_pressure(struct fault *fault)
{
    struct tcp_pressure pressure;
    return procfs_read_tcp_pressure(scratch_directory(), &pressure, fault);
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
     "TcpExt: SyncookiesSent SyncookiesRecv SyncookiesFailed TW TWRecycled TWKilled "
     "ListenOverflows ListenDrops TCPTimeWaitOverflow TCPReqQFullDoCookies TCPReqQFullDrop "
     "TCPWqueueTooBig\n"
     "TcpExt: 1 2 3 20000 300 40 5000 60000 700000 11 12 8\n"
     "IpExt: InNoRoutes TW\n"
     "IpExt: 9 10\n",
     read_counters},
    {SNMP,
     "Ip: Forwarding ActiveOpens\n"
     "Ip: 1 2\n"
     "Tcp: RtoMin MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab OutRsts\n"
     "Tcp: 200 -1 1000 30 4 5 6 7\n",
     read_counters},
    {TW_LIMIT, "262144\n", read_settings},
    {TW_REUSE, "2\n", read_settings},
    {SOCKSTAT,
     "sockets: used 1000\n"
     "TCP: inuse 20 orphan 3 tw 7 alloc 1001 mem 4\n"
     "UDP: inuse 5 mem 6\n",
     read_pressure},
    {MEMORY, "1000\t2000\t3000\n", read_pressure},
    {ORPHANS, "65536\n", read_pressure},
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

static void assert_pressure_of_healthy_files(void)
{
    struct tcp_pressure pressure;
    struct fault fault;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    assert_true(procfs_read_tcp_pressure(scratch_directory(), &pressure, &fault));
    assert_int_equal(pressure.memory_bytes, 4 * page);
    assert_int_equal(pressure.memory_limit_bytes[TCP_MEMORY_LOW], 1000 * page);
    assert_int_equal(pressure.memory_limit_bytes[TCP_MEMORY_PRESSURE], 2000 * page);
    assert_int_equal(pressure.memory_limit_bytes[TCP_MEMORY_HIGH], 3000 * page);
    assert_int_equal(pressure.orphans, 3);
    assert_int_equal(pressure.orphan_limit, 65536);
}

static void test_memory_of_tcp_is_in_bytes(void **state)
{
    (void)state;
    assert_pressure_of_healthy_files();
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

/* Other namespaces than the first do not have them. */
static void test_missing_limits_of_the_host_are_no_fault(void **state)
{
    (void)state;
    struct tcp_pressure pressure;
    struct fault fault;
    take_away(MEMORY);
    take_away(ORPHANS);
    assert_true(procfs_read_tcp_pressure(scratch_directory(), &pressure, &fault));
    assert_int_equal(pressure.orphans, 3);
    assert_int_equal(pressure.orphan_limit, PROCFS_ABSENT);
    for (enum tcp_memory_level level = 0; level < TCP_MEMORY_LEVELS; level++)
        assert_int_equal(pressure.memory_limit_bytes[level], PROCFS_ABSENT);
}

static void test_any_other_missing_file_is_a_fault(void **state)
{
    (void)state;
    for_each_file(file)
    {
        if (strcmp(file->name, SOCKSTAT6) == 0 || strcmp(file->name, MEMORY) == 0 ||
            strcmp(file->name, ORPHANS) == 0)
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
        for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
            if (strcmp(file->name, TW_LIMIT) != 0 || strcmp(garbage[i], "-1\n") != 0)
                assert_parse_fault(file, garbage[i]);
        }
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
        if (file->read != read_settings && strcmp(file->name, ORPHANS) != 0)
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
        {SOCKSTAT, "inuse"}, {SOCKSTAT, "tw"},     {SOCKSTAT6, "inuse"},
        {SOCKSTAT, "mem"},   {SOCKSTAT, "orphan"},
    };
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        for_each_file(file)
        {
            bool usage = strstr("inuse tw", columns[i].column);
            if (strcmp(file->name, columns[i].file) != 0 || usage != (file->read == read_usage))
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

/* Read the counters, and assert that of the healthy ones exactly one is missing. */
static void assert_absent_alone(bool good, const char *what)
{
    struct tcp_counters counters, healthy;
    struct fault fault;
    assert_int_equal(procfs_read_tcp_counters(scratch_directory(), &counters, &fault), good);
    put_healthy_files();
    assert_true(procfs_read_tcp_counters(scratch_directory(), &healthy, &fault));
    const uint64_t *value = (uint64_t *)&counters, *wanted = (uint64_t *)&healthy;
    size_t absent = 0;
    for (size_t i = 0; i < sizeof counters / sizeof *value; i++) {
        if (value[i] == PROCFS_ABSENT)
            absent++;
        else if (value[i] != wanted[i])
            fail_msg("without %s another number is different", what);
    }
    if (absent != 1)
        fail_msg("without %s %zu numbers are absent", what, absent);
}

static const struct {
    const char *file;
    const char *column;
} counter_columns[] = {
    {NETSTAT, "TW "},
    {NETSTAT, "TWKilled"},
    {NETSTAT, "TWRecycled"},
    {NETSTAT, "TCPTimeWaitOverflow"},
    {NETSTAT, "ListenOverflows"},
    {NETSTAT, "ListenDrops"},
    {NETSTAT, "TCPReqQFullDrop"},
    {NETSTAT, "TCPReqQFullDoCookies"},
    {NETSTAT, "SyncookiesSent"},
    {NETSTAT, "SyncookiesRecv"},
    {NETSTAT, "SyncookiesFailed"},
    {SNMP, "ActiveOpens Passive"},
    {SNMP, "PassiveOpens"},
    {SNMP, "AttemptFails"},
    {SNMP, "EstabResets"},
    {SNMP, "OutRsts"},
};
enum { COUNTER_COLUMNS = sizeof counter_columns / sizeof counter_columns[0] };

static void test_a_column_that_the_kernel_lacks_is_absent_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTER_COLUMNS; i++) {
        for_each_file(file)
        {
            if (strcmp(file->name, counter_columns[i].file) != 0)
                continue;
            char text[512];
            strcpy(text, file->text);
            char *column = strstr(text, counter_columns[i].column);
            assert_non_null(column);
            column[0] = '?'; /* another name in the same place */
            put(file->name, text);
            assert_absent_alone(true, counter_columns[i].column);
        }
    }
}

static void test_a_number_that_is_none_is_absent_alone(void **state)
{
    (void)state;
    put(NETSTAT, "TcpExt: SyncookiesSent SyncookiesRecv SyncookiesFailed TW TWRecycled TWKilled "
                 "ListenOverflows ListenDrops TCPTimeWaitOverflow TCPReqQFullDoCookies "
                 "TCPReqQFullDrop\n"
                 "TcpExt: 1 2 3 20000 x 40 5000 60000 700000 11 12\n");
    assert_absent_alone(false, "TWRecycled");
    put(SNMP, "Tcp: ActiveOpens PassiveOpens AttemptFails EstabResets OutRsts\n"
              "Tcp: 1000 -30 4 5 7\n");
    assert_absent_alone(false, "PassiveOpens");
}

static void test_without_opens_there_is_a_fault(void **state)
{
    (void)state;
    uint64_t opens;
    struct fault fault;
    assert_true(procfs_read_active_opens(scratch_directory(), &opens, &fault));
    assert_int_equal(opens, 1000);
    put(SNMP, "Tcp: PassiveOpens\nTcp: 1\n");
    assert_false(procfs_read_active_opens(scratch_directory(), &opens, &fault));
    assert_int_equal(fault.reason, FAULT_PROC_PARSE);
    assert_string_equal(fault.subject, SNMP);
}

/* Numbers of the file `name`, among `size` bytes of numbers, are absent, and only they. */
static void assert_only_absent(const char *name, const void *numbers, size_t size, size_t first,
                               size_t count)
{
    const uint64_t *values = numbers;
    for (size_t i = 0; i < size / sizeof *values; i++) {
        bool expected = i >= first && i < first + count;
        if ((values[i] == PROCFS_ABSENT) != expected)
            fail_msg("without %s number %zu is %s", name, i, expected ? "there" : "absent");
    }
}

static void test_a_file_takes_no_number_of_others_with_it(void **state)
{
    (void)state;
    struct tcp_counters counters;
    struct tcp_settings settings;
    struct tcp_pressure pressure;
    struct fault fault;
    const size_t from_netstat = offsetof(struct tcp_counters, active_opens) / sizeof(uint64_t);
    const size_t from_snmp = sizeof counters / sizeof(uint64_t) - from_netstat;
    const struct {
        const char *file;
        size_t first, count;
    } cases[] = {{NETSTAT, 0, from_netstat},
                 {SNMP, from_netstat, from_snmp},
                 {TW_LIMIT, 0, 1},
                 {TW_REUSE, 1, 1},
                 {MEMORY, 1, 3},
                 {ORPHANS, 5, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make_unreadable(cases[i].file);
        fault.subject = NULL;
        if (i < 2) {
            assert_false(procfs_read_tcp_counters(scratch_directory(), &counters, &fault));
            assert_only_absent(cases[i].file, &counters, sizeof counters, cases[i].first,
                               cases[i].count);
        } else if (i < 4) {
            assert_false(procfs_read_tcp_settings(scratch_directory(), &settings, &fault));
            assert_only_absent(cases[i].file, &settings, sizeof settings, cases[i].first,
                               cases[i].count);
        } else {
            assert_false(procfs_read_tcp_pressure(scratch_directory(), &pressure, &fault));
            assert_only_absent(cases[i].file, &pressure, sizeof pressure, cases[i].first,
                               cases[i].count);
        }
        assert_string_equal(fault.subject, cases[i].file);
        take_away(cases[i].file);
        put_healthy_files();
    }
    make_unreadable(SOCKSTAT);
    assert_false(procfs_read_tcp_pressure(scratch_directory(), &pressure, &fault));
    assert_int_equal(pressure.memory_bytes, PROCFS_ABSENT);
    assert_int_equal(pressure.orphans, PROCFS_ABSENT);
    assert_int_equal(pressure.orphan_limit, 65536);
    take_away(SOCKSTAT);
}

/* The first of two faults is told. */
static void test_two_files_that_fail_are_one_fault(void **state)
{
    (void)state;
    struct tcp_counters counters;
    struct tcp_settings settings;
    struct tcp_pressure pressure;
    struct fault fault;
    put(NETSTAT, "");
    take_away(SNMP);
    assert_false(procfs_read_tcp_counters(scratch_directory(), &counters, &fault));
    assert_int_equal(fault.reason, FAULT_PROC_PARSE);
    assert_string_equal(fault.subject, NETSTAT);
    put(TW_LIMIT, "x");
    take_away(TW_REUSE);
    assert_false(procfs_read_tcp_settings(scratch_directory(), &settings, &fault));
    assert_string_equal(fault.subject, TW_LIMIT);
    put(MEMORY, "1 2 x");
    put(ORPHANS, "x");
    assert_false(procfs_read_tcp_pressure(scratch_directory(), &pressure, &fault));
    assert_string_equal(fault.subject, MEMORY);
    assert_int_equal(pressure.memory_limit_bytes[TCP_MEMORY_LOW], PROCFS_ABSENT);
}

static void test_a_negative_limit_is_none(void **state)
{
    (void)state;
    struct tcp_settings settings;
    struct fault fault;
    put(TW_LIMIT, "-1\n");
    assert_true(procfs_read_tcp_settings(scratch_directory(), &settings, &fault));
    assert_int_equal(settings.time_wait_limit, PROCFS_UNLIMITED);
    assert_int_equal(settings.tw_reuse, 2);
    for_each_file(file)
    {
        if (strcmp(file->name, TW_LIMIT) != 0)
            continue;
        assert_parse_fault(file, "-\n");
        assert_parse_fault(file, "--1\n");
        assert_parse_fault(file, "- 1\n");
        assert_parse_fault(file, "-1x\n");
        assert_parse_fault(file, "-1 2\n");
    }
}

/* As administrators write it who want none. */
static void test_a_limit_of_memory_beyond_64_bits_is_none(void **state)
{
    (void)state;
    struct tcp_pressure pressure;
    struct fault fault;
    put(MEMORY, "1000 9223372036854775807 18446744073709551615\n");
    assert_true(procfs_read_tcp_pressure(scratch_directory(), &pressure, &fault));
    assert_int_equal(pressure.memory_limit_bytes[0], 1000 * sysconf(_SC_PAGESIZE));
    assert_int_equal(pressure.memory_limit_bytes[1], PROCFS_UNLIMITED);
    assert_int_equal(pressure.memory_limit_bytes[2], PROCFS_UNLIMITED);
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
                 "TcpExt: 18446744073709551605 18446744073709551603 0 18446744073709551602 "
                 "18446744073709551601 18446744073709551600\n");
    put(TW_LIMIT, "18446744073709551599\n");

    assert_true(procfs_read_tcp_usage(scratch_directory(), &usage, &fault));
    assert_int_equal(usage.full_sockets, UINT64_MAX);
    assert_int_equal(usage.minisockets, UINT64_MAX - 1);
    assert_true(procfs_read_tcp_counters(scratch_directory(), &counters, &fault));
    assert_int_equal(counters.time_wait_started, UINT64_MAX - 10);
    assert_int_equal(counters.time_wait_reused, UINT64_MAX - 12);
    assert_int_equal(counters.listen_overflows, UINT64_MAX - 13);
    assert_int_equal(counters.listen_drops, UINT64_MAX - 14);
    assert_int_equal(counters.time_wait_overflows, UINT64_MAX - 15);
    assert_true(procfs_read_tcp_settings(scratch_directory(), &settings, &fault));
    assert_int_equal(settings.time_wait_limit, UINT64_MAX - 16);
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
        with_root(test_memory_of_tcp_is_in_bytes),
        with_root(test_counters_come_from_their_columns),
        with_root(test_settings_are_the_whole_file),
        with_root(test_memory_is_in_bytes),
        with_root(test_reading_leaves_no_descriptor_open),
        with_root(test_missing_sockstat6_is_no_fault),
        with_root(test_missing_limits_of_the_host_are_no_fault),
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
        with_root(test_a_column_that_the_kernel_lacks_is_absent_alone),
        with_root(test_a_number_that_is_none_is_absent_alone),
        with_root(test_without_opens_there_is_a_fault),
        with_root(test_a_file_takes_no_number_of_others_with_it),
        with_root(test_two_files_that_fail_are_one_fault),
        with_root(test_a_negative_limit_is_none),
        with_root(test_a_limit_of_memory_beyond_64_bits_is_none),
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
