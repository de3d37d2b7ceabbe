// SPDX-License-Identifier: Apache-2.0
/*
 * The events of the kernel's tracepoint, compared with what system calls returned. They are of the
 * whole host, so only samples of this program, or towards its ports, are compared to the event.
 */
#include "kernel/tcp_events.h"

#include "kernel/procfs.h"
#include "netns.h"
#include "scratch.h"
#include "skip.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/capability.h>
#include <math.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum { SERVER_PORT = 9410, CLOSED_PORT = 9411, PORTS = 20, EXIT_SKIPPED = 77 };

static struct tcp_events *events;
static uint64_t seen, lost; /* samples since it was opened, of any program */
static int listener = -1;

static void open_events(enum tcp_event event, uint64_t period)
{
    char error[512];
    events = tcp_events_open(event, period, error, sizeof error);
    seen = lost = 0;
    if (!events)
        fail_msg("%s", error);
}

static int close_all(void **state)
{
    (void)state;
    tcp_events_close(events);
    events = NULL;
    close(listener);
    listener = -1;
    return 0;
}

/* ---- samples ---- */

/* Those that are looked for. */
struct wanted {
    uint32_t process;     /* 0: any */
    uint16_t remote_port; /* 0: any */
    uint64_t found, others;
    struct tcp_event_sample last;
};

static void take(void *context, const struct tcp_event_sample *sample)
{
    struct wanted *wanted = context;
    bool match = (wanted->process == 0 || sample->process == wanted->process) &&
                 (wanted->remote_port == 0 || sample->remote_port == wanted->remote_port);
    seen++;
    wanted->found += match;
    wanted->others += !match;
    if (match)
        wanted->last = *sample;
}

static void read_events(struct wanted *wanted)
{
    lost += tcp_events_read(events, take, wanted);
}

/* The rings are the host's: nothing is lost unless others fill them. */
static void assert_nothing_lost(const struct wanted *wanted)
{
    if (wanted->others == 0)
        assert_int_equal(lost, 0);
}

static struct wanted read_own(uint16_t port)
{
    struct wanted wanted = {.process = (uint32_t)getpid(), .remote_port = port};
    read_events(&wanted);
    assert_nothing_lost(&wanted);
    return wanted;
}

/* Each sample is counted, and what is counted has a sample. An event of others may come at any
 * time, and where theirs fill the rings the kernel does not report all that is lost. */
static void assert_all_counted(const struct wanted *wanted)
{
    struct wanted later = *wanted;
    read_events(&later);
    uint64_t least = seen, count = tcp_events_count(events);
    read_events(&later);
    assert_true(least <= count);
    if (later.others == 0)
        assert_true(count <= seen + lost);
}

/* ---- sockets ---- */

static void listen_at_server_port(void)
{
    const struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(SERVER_PORT), .sin6_addr = in6addr_any};
    int one = 1;
    listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 4096), 0);
}

struct way {
    const char *name;
    int family, type, protocol;
    const char *address; /* of IPv6: of a v4-mapped one, too */
    int option;          /* of IPPROTO_IP; 0: none */
};

/* Connect once. 0 or the error. The descriptor stays open. */
static int connect_by(const struct way *way, uint16_t port, int *fd)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_ipv6 = way->family == AF_INET6;
    int one = 1;
    assert_int_equal(inet_pton(way->family, way->address,
                               is_ipv6 ? (void *)&ipv6.sin6_addr : (void *)&ipv4.sin_addr),
                     1);
    *fd = socket(way->family, way->type | SOCK_CLOEXEC, way->protocol);
    if (*fd < 0)
        return errno;
    if (way->option)
        assert_int_equal(setsockopt(*fd, IPPROTO_IP, way->option, &one, sizeof one), 0);
    int result = is_ipv6 ? connect(*fd, (const struct sockaddr *)&ipv6, sizeof ipv6)
                         : connect(*fd, (const struct sockaddr *)&ipv4, sizeof ipv4);
    return result == 0 || errno == EINPROGRESS ? 0 : errno;
}

/* ---- connect() without a port ---- */

static const struct way ways[] = {
    {"IPv4", AF_INET, SOCK_STREAM, 0, "127.0.0.1", 0},
    {"non-blocking", AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, "127.0.0.1", 0},
    {"IP_BIND_ADDRESS_NO_PORT", AF_INET, SOCK_STREAM, 0, "127.0.0.1", IP_BIND_ADDRESS_NO_PORT},
    {"IPv6", AF_INET6, SOCK_STREAM, 0, "::1", 0},
    {"v4-mapped", AF_INET6, SOCK_STREAM, 0, "::ffff:127.0.0.1", 0},
    {"MPTCP", AF_INET, SOCK_STREAM, IPPROTO_MPTCP, "127.0.0.1", 0},
};

static void assert_remote(const struct tcp_event_sample *sample, const struct way *way)
{
    struct ip_address address = {{0}};
    bool is_ipv6 = strcmp(way->address, "::1") == 0;
    inet_pton(is_ipv6 ? AF_INET6 : AF_INET, is_ipv6 ? "::1" : "127.0.0.1", &address);
    assert_int_equal(sample->family, is_ipv6 ? IP_FAMILY_IPV6 : IP_FAMILY_IPV4);
    assert_memory_equal(&sample->remote_address, &address, sizeof address);
}

/* Take all ports, and then as many attempts again: each fails, and is counted once. */
static void exhaust_by(const struct way *way)
{
    int fds[2 * PORTS];
    uint64_t failed = 0;
    for (int i = 0; i < 2 * PORTS; i++) {
        int error = connect_by(way, SERVER_PORT, &fds[i]);
        if (way->protocol == IPPROTO_MPTCP && fds[i] < 0) {
            print_message("%s: the kernel has none\n", way->name);
            return;
        }
        assert_true(error == 0 || error == EADDRNOTAVAIL);
        failed += error != 0;
    }
    assert_true(failed >= PORTS);
    struct wanted own = read_own(SERVER_PORT);
    if (own.found != failed)
        fail_msg("%s: %ju failed, %ju were seen", way->name, (uintmax_t)failed,
                 (uintmax_t)own.found);
    assert_all_counted(&own);
    assert_remote(&own.last, way);
    assert_int_not_equal(own.last.cgroup, 0);
    for (int i = 0; i < 2 * PORTS; i++)
        close(fds[i]);
}

static void test_each_connect_without_a_port_is_counted(void **state)
{
    (void)state;
    listen_at_server_port();
    open_events(TCP_EVENT_PORT_FAILURE, 1);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        /* Its TIME_WAITs are not in the way of the next. */
        char range[32];
        snprintf(range, sizeof range, "%zu %zu", 20000 + 100 * i, 20000 + 100 * i + PORTS - 1);
        assert_int_equal(netns_sysctl_write("ipv4/ip_local_port_range", range), 0);
        exhaust_by(&ways[i]);
    }
}

static void test_no_other_failure_is_counted(void **state)
{
    (void)state;
    static const struct way unreachable = {"unreachable",     AF_INET, SOCK_STREAM, 0,
                                           "255.255.255.255", 0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd, fds[8];
    assert_int_equal(netns_sysctl_write("ipv4/ip_local_port_range", "30000 30003"), 0);
    open_events(TCP_EVENT_PORT_FAILURE, 1);
    assert_int_equal(connect_by(&ways[0], CLOSED_PORT, &fd), ECONNREFUSED);
    close(fd);
    assert_int_not_equal(connect_by(&unreachable, SERVER_PORT, &fd), 0);
    close(fd);
    bool in_use = false, again = false;
    for (int i = 0; i < 8; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        in_use |= bind(fds[i], (const struct sockaddr *)&address, sizeof address) != 0 &&
                  errno == EADDRINUSE;
    }
    assert_true(in_use);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
    address.sin_port = htons(SERVER_PORT);
    for (int i = 0; i < 8; i++) {
        fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
        again |= connect(fds[i], (const struct sockaddr *)&address, sizeof address) != 0 &&
                 errno == EAGAIN;
    }
    assert_true(again);
    for (int i = 0; i < 8; i++)
        close(fds[i]);
    assert_int_equal(read_own(0).found, 0);
}

/* ---- who closes first ---- */

static void connect_and_close(unsigned times, bool reset)
{
    for (unsigned i = 0; i < times; i++) {
        int fd, server;
        assert_int_equal(connect_by(&ways[0], SERVER_PORT, &fd), 0);
        server = accept(listener, NULL, NULL);
        const struct linger now = {.l_onoff = reset};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close(fd);
        close(server);
    }
}

static void widen_ports(void)
{
    assert_int_equal(netns_sysctl_write("ipv4/ip_local_port_range", "10000 60999"), 0);
}

static void test_each_first_close_is_counted(void **state)
{
    (void)state;
    widen_ports();
    listen_at_server_port();
    open_events(TCP_EVENT_CLOSED_FIRST, 1);
    connect_and_close(50, false); /* not more than a ring holds */
    connect_and_close(50, true);  /* resets leave no TIME_WAIT */
    struct wanted own = read_own(SERVER_PORT);
    assert_int_equal(own.found, 50);
    assert_all_counted(&own);
}

/* One after the other, as fast as it goes; what is read in time is complete. */
static void test_nothing_is_lost_under_churn(void **state)
{
    (void)state;
    enum { ROUNDS = 400, EACH = 50 };
    struct wanted own = {.process = (uint32_t)getpid(), .remote_port = SERVER_PORT};
    widen_ports();
    assert_int_equal(netns_sysctl_write("ipv4/tcp_max_tw_buckets", "100"), 0);
    listen_at_server_port();
    open_events(TCP_EVENT_CLOSED_FIRST, 1);
    for (int i = 0; i < ROUNDS; i++) {
        connect_and_close(EACH, false);
        read_events(&own);
    }
    assert_true(own.found + lost >= ROUNDS * EACH);
    assert_nothing_lost(&own);
    assert_all_counted(&own);
}

/* Nothing is lost of the count, and what is lost of the samples is known. */
static void test_a_full_ring_is_known(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    cpu_set_t any, one;
    /* Each CPU has a ring, and only a later sample on the same CPU reports what its ring lost. */
    assert_int_equal(sched_getaffinity(0, sizeof any, &any), 0);
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    widen_ports();
    listen_at_server_port();
    open_events(TCP_EVENT_CLOSED_FIRST, 1);
    connect_and_close(MANY, false);
    struct wanted own = {.process = (uint32_t)getpid()};
    uint64_t count = tcp_events_count(events);
    read_events(&own);
    assert_true(count >= MANY);
    assert_true(own.found > 0);
    /* A record of the loss comes with the next sample. */
    for (int i = 0; i < 100 && lost == 0; i++) {
        connect_and_close(1, false);
        read_events(&own);
    }
    assert_int_equal(sched_setaffinity(0, sizeof any, &any), 0);
    assert_true(lost > 0);
    assert_true(seen + lost <= tcp_events_count(events));
}

/* A child that makes connections, closes each after `seconds`, and ends. */
static pid_t start_program(const char *name, unsigned connections, unsigned lasting)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    int fds[64], servers[64];
    prctl(PR_SET_NAME, name);
    for (unsigned i = 0; i < connections; i += lasting) {
        for (unsigned n = 0; n < lasting; n++) {
            if (connect_by(&ways[0], SERVER_PORT, &fds[n]) != 0)
                _exit(1);
            servers[n] = accept(listener, NULL, NULL);
        }
        for (unsigned n = 0; n < lasting; n++) {
            close(fds[n]);
            close(servers[n]);
        }
    }
    _exit(0);
}

struct shares {
    uint32_t processes[2];
    uint64_t samples[2];
};

static void share(void *context, const struct tcp_event_sample *sample)
{
    struct shares *shares = context;
    for (int i = 0; i < 2; i++)
        shares->samples[i] += sample->process == shares->processes[i];
}

/* Live sockets would show the second alone. */
static void test_two_programs_get_their_shares(void **state)
{
    (void)state;
    enum { INSTANT = 20000, LASTING = 4000, PERIOD = 37 };
    static const unsigned made[2] = {INSTANT, LASTING};
    struct shares shares = {{0}, {0}};
    int status;
    widen_ports();
    listen_at_server_port();
    open_events(TCP_EVENT_CLOSED_FIRST, PERIOD);
    shares.processes[0] = (uint32_t)start_program("instant", INSTANT, 1);
    shares.processes[1] = (uint32_t)start_program("lasting", LASTING, 50);
    for (int left = 2; left > 0;) {
        pid_t ended = waitpid(-1, &status, WNOHANG);
        assert_true(ended >= 0);
        if (ended > 0)
            assert_int_equal(status, 0);
        left -= ended > 0;
        assert_int_equal(tcp_events_read(events, share, &shares), 0);
    }
    for (int i = 0; i < 2; i++) {
        double expected = (double)made[i] / (double)PERIOD;
        double error = 4 * sqrt(expected); /* docs/time_wait.md has the half of it */
        if (fabs((double)shares.samples[i] - expected) > error)
            fail_msg("%ju samples of %u, expected %.0f", (uintmax_t)shares.samples[i], made[i],
                     expected);
    }
}

/* ---- privileges ---- */

/* In a child with these capabilities, and as another user: the reason for refusal, "" if there is
 * none. */
static void try_with(uint64_t capabilities, bool own_user_namespace, char text[static 512])
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        const struct __user_cap_data_struct data[2] = {
            {(uint32_t)capabilities, (uint32_t)capabilities, 0},
            {(uint32_t)(capabilities >> 32), (uint32_t)(capabilities >> 32), 0}};
        char reason[512] = "";
        prctl(PR_SET_KEEPCAPS, 1);
        if ((own_user_namespace && unshare(CLONE_NEWUSER) != 0) ||
            (!own_user_namespace && setresuid(65534, 65534, 65534) != 0) ||
            (!own_user_namespace && syscall(SYS_capset, &header, data) != 0))
            snprintf(reason, sizeof reason, "cannot try: %s", strerror(errno));
        else
            tcp_events_close(tcp_events_open(TCP_EVENT_PORT_FAILURE, 1, reason, sizeof reason));
        _exit(write(ends[1], reason, sizeof reason) == sizeof reason ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], text, 512), 512);
    close(ends[0]);
    waitpid(pid, NULL, 0);
}

static void assert_refused(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("not \"%s\": %s", part, text);
    assert_null(strchr(text, '\n'));
}

/* As Debian's kernels have it, by default: only CAP_SYS_ADMIN opens it. */
static bool perf_is_closed(void)
{
    int level = 0;
    FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &level), 1);
    fclose(file);
    return level > 2;
}

static void test_each_missing_privilege_has_its_line(void **state)
{
    (void)state;
    const uint64_t perfmon = UINT64_C(1) << 38, read_search = 1 << CAP_DAC_READ_SEARCH;
    char text[512];
    try_with(perfmon | read_search, false, text);
    if (perf_is_closed())
        assert_refused(text, "kernel.perf_event_paranoid of at most 2");
    else
        assert_string_equal(text, "");
    try_with(perfmon, false, text);
    assert_refused(text, "only root and CAP_DAC_READ_SEARCH can read tracefs");
    try_with(read_search, false, text);
    assert_refused(text, "needs CAP_PERFMON outside of any user namespace");
#ifndef __SANITIZE_THREAD__ /* with its thread there are no user namespaces */
    try_with(0, true, text);
    assert_true(strstr(text, "CAP_PERFMON") || strstr(text, "CAP_DAC_READ_SEARCH"));
#endif
}

static void test_without_tracefs_it_says_so(void **state)
{
    (void)state;
    char error[512];
    assert_int_equal(mount("none", "/sys/kernel", "tmpfs", 0, NULL), 0);
    assert_null(tcp_events_open(TCP_EVENT_PORT_FAILURE, 1, error, sizeof error));
    assert_refused(error, "the kernel is older than 4.16, or tracefs is not mounted");
    assert_int_equal(umount2("/sys/kernel", MNT_DETACH), 0);
}

/* What it took is not needed any more. A child does not have the rings of samples. */
static void test_reading_takes_no_privilege(void **state)
{
    (void)state;
    int status;
    widen_ports();
    listen_at_server_port();
    open_events(TCP_EVENT_CLOSED_FIRST, 1);
    connect_and_close(3, false);
    pid_t pid = fork();
    if (pid == 0) {
        if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
            _exit(2);
        _exit(tcp_events_count(events) >= 3 ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

/* ---- CPUs ---- */

/* With this in place of /sys/devices/system/cpu/online. */
static unsigned count_uncounted(const char *online)
{
    static const char file[] = "/sys/devices/system/cpu/online";
    scratch_write_text("online", online);
    assert_int_equal(mount(scratch_path("online"), file, NULL, MS_BIND, NULL), 0);
    unsigned uncounted = tcp_events_uncounted_cpus(events);
    assert_int_equal(umount2(file, MNT_DETACH), 0);
    return uncounted;
}

static void test_cpus_that_came_later_are_not_counted(void **state)
{
    (void)state;
    long last = sysconf(_SC_NPROCESSORS_ONLN) - 1;
    char all[64], more[128];
    snprintf(all, sizeof all, "0-%ld\n", last);
    snprintf(more, sizeof more, "0-%ld,1000-1002,1064,4095\n", last);
    open_events(TCP_EVENT_CLOSED_FIRST, 1);
    assert_int_equal(tcp_events_uncounted_cpus(events), 0);
    assert_int_equal(count_uncounted(all), 0);
    assert_int_equal(count_uncounted(more), 5);
    assert_int_equal(count_uncounted(all), 0);
    assert_int_equal(count_uncounted("0\n"), 0);
    assert_int_equal(count_uncounted(all), last); /* they were offline */
}

/* ---- programs ---- */

static void test_programs_have_names(void **state)
{
    (void)state;
    char name[PROGRAM_NAME_SIZE], was[PROGRAM_NAME_SIZE];
    prctl(PR_GET_NAME, was);
    prctl(PR_SET_NAME, "a\nb\"c d");
    procfs_read_program("/proc", (uint32_t)getpid(), name);
    prctl(PR_SET_NAME, was);
    assert_string_equal(name, "a_b\"c d");
    procfs_read_program("/proc", 0, name);
    assert_string_equal(name, "");
    procfs_read_program("/proc", UINT32_MAX, name);
    assert_string_equal(name, "");
}

/* In a mount namespace of this program. */
static void mount_tracefs(void)
{
    if (unshare(CLONE_NEWNS) != 0)
        return;
    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    if (access("/sys/kernel/tracing/events", F_OK) != 0)
        mount("none", "/sys/kernel/tracing", "tracefs", 0, NULL);
}

#define with_events(test) cmocka_unit_test_teardown(test, close_all)

int main(void)
{
    char error[512];
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    mount_tracefs();
    events = tcp_events_open(TCP_EVENT_PORT_FAILURE, 1, error, sizeof error);
    if (!events) {
        fprintf(stderr, "SKIPPED, no events here: %s\n", error);
        return EXIT_SKIPPED;
    }
    close_all(NULL);
    const struct CMUnitTest tests[] = {
        with_events(test_each_connect_without_a_port_is_counted),
        with_events(test_no_other_failure_is_counted),
        with_events(test_each_first_close_is_counted),
        with_events(test_nothing_is_lost_under_churn),
        with_events(test_a_full_ring_is_known),
        with_events(test_two_programs_get_their_shares),
        with_events(test_each_missing_privilege_has_its_line),
        with_events(test_reading_takes_no_privilege),
        with_events(test_cpus_that_came_later_are_not_counted),
        with_events(test_programs_have_names),
        with_events(test_without_tracefs_it_says_so),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
