// SPDX-License-Identifier: Apache-2.0
/*
 * What the kernel says of its memory, of half-open connections and of connections that fail,
 * against /proc and against what the test did.
 */
#include "capture.h"
#include "netns.h"
#include "puppet.h"
#include "raw_segment.h"
#include "skip.h"
#include "zoo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SOCKSTAT "/proc/thread-self/net/sockstat"

typedef unsigned long long number;

/* Read `count` numbers with `format`, from the first line of the file that has them. False when
 * there is none. */
static bool scan(const char *path, const char *format, int count, number numbers[static 3])
{
    FILE *file = fopen(path, "re");
    char line[256];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file))
        found = sscanf(line, format, &numbers[0], &numbers[1], &numbers[2]) == count;
    if (file)
        fclose(file);
    return found;
}

static void scan_usage(number usage[static 3])
{
    assert_true(scan(SOCKSTAT, "TCP: inuse %*u orphan %llu tw %*u alloc %*u mem %llu", 2, usage));
}

static uint64_t to_bytes(number pages)
{
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Memory and orphans are those of the whole machine, and change at any time: read them until they
 * did not meanwhile. */
static void test_memory_and_orphans_are_those_of_proc(void **state)
{
    (void)state;
    struct tcp_pressure pressure;
    struct fault fault;
    number before[3], after[3];
    do {
        scan_usage(before);
        assert_true(procfs_read_tcp_pressure("/proc", &pressure, &fault));
        scan_usage(after);
    } while (before[0] != after[0] || before[1] != after[1]);
    assert_int_equal(pressure.orphans, before[0]);
    assert_int_equal(pressure.memory_bytes, to_bytes(before[1]));
}

/* Those of the first namespace; a test that runs in another one has none. */
static void test_the_limits_are_those_of_proc(void **state)
{
    (void)state;
    struct tcp_pressure pressure;
    struct fault fault;
    number memory[3], orphans[3];
    assert_true(procfs_read_tcp_pressure("/proc", &pressure, &fault));
    bool have_memory = scan("/proc/sys/net/ipv4/tcp_mem", "%llu %llu %llu", 3, memory);
    for (int level = 0; level < TCP_MEMORY_LEVELS; level++)
        assert_int_equal(pressure.memory_limit_bytes[level],
                         have_memory ? to_bytes(memory[level]) : PROCFS_ABSENT);
    bool have_orphans = scan("/proc/sys/net/ipv4/tcp_max_orphans", "%llu", 1, orphans);
    assert_int_equal(pressure.orphan_limit, have_orphans ? orphans[0] : PROCFS_ABSENT);
}

static void test_another_namespace_has_no_limits_and_no_error(void **state)
{
    (void)state;
    struct capture capture;
    capture_take(&capture);
    assert_true(procfs_is_number(capture.snapshot.pressure.memory_bytes));
    assert_true(procfs_is_number(capture.snapshot.pressure.orphans));
    assert_int_equal(capture.snapshot.pressure.memory_limit_bytes[TCP_MEMORY_HIGH], PROCFS_ABSENT);
    assert_int_equal(capture.snapshot.pressure.orphan_limit, PROCFS_ABSENT);
    assert_int_equal(capture.snapshot.errors[FAULT_PROC_READ], 0);
    assert_true(procfs_is_number(capture.snapshot.settings.time_wait_limit));
}

static void test_a_negative_limit_of_time_wait_is_none(void **state)
{
    (void)state;
    struct capture capture;
    assert_int_equal(netns_sysctl_write("ipv4/tcp_max_tw_buckets", "-1"), 0);
    capture_take(&capture);
    assert_int_equal(capture.snapshot.settings.time_wait_limit, PROCFS_UNLIMITED);
    assert_true(procfs_is_number(capture.snapshot.settings.tw_reuse));
    assert_int_equal(capture.snapshot.errors[FAULT_PROC_PARSE], 0);
}

static struct tcp_counters read_counters(void)
{
    struct capture capture;
    capture_take(&capture);
    assert_true(capture.snapshot.has_counters);
    return capture.snapshot.counters;
}

static int listen_on_loopback(struct sockaddr_in *place)
{
    socklen_t size = sizeof *place;
    *place = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)place, size), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)place, &size), 0);
    return fd;
}

static int connect_to(const struct sockaddr_in *place)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (const struct sockaddr *)place, sizeof *place) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Refused ones are opened, fail and are reset by the host's own answer. */
static void test_opens_failures_and_resets(void **state)
{
    (void)state;
    const struct linger reset = {.l_onoff = 1};
    struct sockaddr_in place;
    int listener = listen_on_loopback(&place), clients[3];
    struct tcp_counters before = read_counters();
    for (int i = 0; i < 3; i++) {
        clients[i] = connect_to(&place);
        assert_true(clients[i] >= 0);
    }
    struct tcp_counters opened = read_counters();
    assert_int_equal(opened.active_opens - before.active_opens, 3);
    assert_int_equal(opened.passive_opens - before.passive_opens, 3);
    assert_int_equal(opened.failed_attempts, before.failed_attempts);
    assert_int_equal(opened.resets_sent, before.resets_sent);

    int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    setsockopt(clients[0], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(clients[0]); /* sends a reset, and the other end gets it */
    struct tcp_counters aborted = read_counters();
    assert_int_equal(aborted.established_resets - opened.established_resets, 2);
    assert_int_equal(aborted.resets_sent - opened.resets_sent, 1);

    struct sockaddr_in nobody = place;
    nobody.sin_port = htons(1);
    assert_int_equal(connect_to(&nobody), -1);
    struct tcp_counters refused = read_counters();
    assert_int_equal(refused.active_opens - aborted.active_opens, 1);
    assert_int_equal(refused.failed_attempts - aborted.failed_attempts, 1);
    assert_int_equal(refused.resets_sent - aborted.resets_sent, 1);
    close(server);
    close(clients[1]);
    close(clients[2]);
    close(listener);
}

/* A listener with a backlog of 4, and SYNs of 7 clients beyond the void. Returns how many of them
 * are not half-open now: 3, or 2 since the kernel lets one more than the backlog be. */
static uint64_t flood(const char *syncookies)
{
    enum { CLIENTS = 7 };
    int injector = raw_segment_open();
    assert_true(injector >= 0);
    assert_int_equal(netns_sysctl_write("ipv4/tcp_syncookies", syncookies), 0);
    struct puppet server = puppet_none(injector), clients[CLIENTS];
    struct endpoint place = endpoint_parse("::ffff:192.0.2.1", 0);
    struct endpoint peer = endpoint_parse("::ffff:198.51.100.7", 4000);
    assert_int_equal(puppet_listen(&server, AF_INET, &place, 4), 0);
    for (int i = 0; i < CLIENTS; i++, peer.port++) {
        clients[i] = puppet_none(injector);
        assert_int_equal(puppet_peer_knocks(&clients[i], &server.local, &peer), 0);
    }
    struct capture capture;
    capture_take(&capture);
    for (int i = 0; i < CLIENTS; i++)
        puppet_vanish(&clients[i]);
    puppet_vanish(&server);
    close(injector);
    uint64_t refused = CLIENTS - capture.snapshot.sockets[TCP_STATE_SYN_RECV];
    assert_in_range(refused, 2, 3);
    return refused;
}

static void test_a_full_syn_queue_drops(void **state)
{
    (void)state;
    struct tcp_counters before = read_counters();
    uint64_t refused = flood("0");
    struct tcp_counters after = read_counters();
    assert_int_equal(after.syn_queue_full_drops - before.syn_queue_full_drops, refused);
    assert_int_equal(after.syn_queue_full_cookies, before.syn_queue_full_cookies);
    assert_int_equal(after.syncookies_sent, before.syncookies_sent);
    assert_int_equal(after.listen_drops - before.listen_drops, refused);
}

static void test_a_full_syn_queue_answers_with_cookies(void **state)
{
    (void)state;
    struct tcp_counters before = read_counters();
    uint64_t refused = flood("1");
    struct tcp_counters after = read_counters();
    assert_int_equal(after.syn_queue_full_cookies - before.syn_queue_full_cookies, refused);
    assert_int_equal(after.syncookies_sent - before.syncookies_sent, refused);
    assert_int_equal(after.syn_queue_full_drops, before.syn_queue_full_drops);
    assert_int_equal(after.listen_drops, before.listen_drops);
}

static void test_fin_wait2_of_processes_and_of_the_kernel(void **state)
{
    (void)state;
    struct zoo *zoo;
    struct capture capture;
    assert_int_equal(
        zoo_create(&(struct zoo_population){.fin_wait2 = 3, .fin_wait2_mini = 5}, NULL, &zoo), 0);
    capture_take(&capture);
    assert_int_equal(capture.snapshot.sockets[TCP_STATE_FIN_WAIT2], 8);
    assert_int_equal(capture.snapshot.fin_wait2_minisockets, 5);
    zoo_destroy(zoo);
}

int main(void)
{
    const struct CMUnitTest before_the_namespace[] = {
        cmocka_unit_test(test_the_limits_are_those_of_proc),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_and_orphans_are_those_of_proc),
        cmocka_unit_test(test_another_namespace_has_no_limits_and_no_error),
        cmocka_unit_test(test_opens_failures_and_resets),
        cmocka_unit_test(test_a_full_syn_queue_drops),
        cmocka_unit_test(test_a_full_syn_queue_answers_with_cookies),
        cmocka_unit_test(test_fin_wait2_of_processes_and_of_the_kernel),
        cmocka_unit_test(test_a_negative_limit_of_time_wait_is_none),
    };
    int failed = cmocka_run_group_tests_name("limits", before_the_namespace, NULL, NULL);
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return failed ? failed : skipped;
    return failed + cmocka_run_group_tests_name("pressure", tests, NULL, NULL);
}
