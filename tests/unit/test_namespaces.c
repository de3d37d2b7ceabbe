// SPDX-License-Identifier: Apache-2.0
/*
 * Namespaces that come, go and are read, in a /proc of the test's own: each has a directory with
 * the four files, and the net of a process is a link to that. Time is the test's.
 */
#include "namespaces/namespaces.h"

#include "scratch.h"
#include "stderr_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND NANOSECONDS_PER_SECOND
#define ID     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID    "7e87f4f1-9c5d-4a6b-8f0e-0123456789ab"

struct fixture {
    struct clock clock;
    int64_t now;
    int64_t cpu;
    int64_t cost_of_a_reading;          /* of the CPU clock: what is measured costs that */
    char proc[64], names[64], pods[64]; /* the roots */
    struct namespaces *namespaces;
    struct namespaces_snapshot last;
    unsigned failures;
    struct fault fault;
};

/* ---- the world ---- */

__attribute__((format(printf, 2, 3))) static void put(const char *text, const char *format, ...)
{
    char name[PATH_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    scratch_write_text(name, text);
}

static void make_folder(const char *name)
{
    assert_true(mkdir(scratch_path(name), 0700) == 0 || errno == EEXIST);
}

struct numbers {
    unsigned tcp, tcp6, tw, udp, udp6, active, passive, started, overflows, drops;
};

static void put_numbers(const char *name, const struct numbers *n)
{
    char text[512];
    snprintf(text, sizeof text,
             "sockets: used 9\nTCP: inuse %u orphan 1 tw %u alloc 2 mem 3\nUDP: inuse %u mem 4\n",
             n->tcp, n->tw, n->udp);
    put(text, "ns/%s/sockstat", name);
    snprintf(text, sizeof text, "TCP6: inuse %u\nUDP6: inuse %u\n", n->tcp6, n->udp6);
    put(text, "ns/%s/sockstat6", name);
    snprintf(text, sizeof text, "Tcp: ActiveOpens PassiveOpens\nTcp: %u %u\n", n->active,
             n->passive);
    put(text, "ns/%s/snmp", name);
    snprintf(text, sizeof text,
             "TcpExt: TW TWKilled TWRecycled TCPTimeWaitOverflow ListenOverflows ListenDrops\n"
             "TcpExt: %u 0 0 %u %u %u\n",
             n->started, n->overflows, n->overflows + 1, n->drops);
    put(text, "ns/%s/netstat", name);
}

static void make_namespace(const char *name, const struct numbers *numbers)
{
    char path[64];
    snprintf(path, sizeof path, "ns/%s", name);
    make_folder(path);
    put_numbers(name, numbers);
}

/* A process in a namespace; NULL: a zombie, which has none. */
static void start(unsigned pid, const char *namespace, const char *cgroup)
{
    char folder[64], link[64], target[64];
    snprintf(folder, sizeof folder, "proc/%u", pid);
    make_folder(folder);
    put(cgroup, "proc/%u/cgroup", pid);
    if (!namespace)
        return;
    snprintf(link, sizeof link, "proc/%u/net", pid);
    snprintf(target, sizeof target, "../../ns/%s", namespace);
    unlink(scratch_path(link));
    assert_int_equal(symlink(target, scratch_path(link)), 0);
}

static void end(unsigned pid)
{
    char path[64];
    static const char *const names[] = {"/net", "/cgroup", ""};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "proc/%u%s", pid, names[i]);
        remove(scratch_path(path));
    }
}

static int64_t tell_time(void *context)
{
    return ((struct fixture *)context)->now;
}

static int64_t tell_cpu(void *context)
{
    struct fixture *f = context;
    return f->cpu += f->cost_of_a_reading;
}

static void create(struct fixture *f, size_t max, const char *include, const char *exclude)
{
    const struct namespaces_options options = {include, exclude, max, 0.01, 60 * SECOND};
    const struct namespaces_roots roots = {f->proc, f->names, f->pods};
    f->namespaces = namespaces_create(&options, &roots, &f->clock);
    assert_non_null(f->namespaces);
}

static int set_up(void **state)
{
    static const char *const folders[] = {
        "proc", "ns", "names", "pods", "proc/sys", "proc/sys/net", "proc/sys/net/ipv4"};
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_int_equal(scratch_make(state), 0);
    strcpy(f->proc, scratch_path("proc"));
    strcpy(f->names, scratch_path("names"));
    strcpy(f->pods, scratch_path("pods"));
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        make_folder(folders[i]);
    put("1001\t2000\n", "proc/sys/net/ipv4/ip_local_port_range");
    put("1500-1599,3000\n", "proc/sys/net/ipv4/ip_local_reserved_ports");
    make_namespace("host",
                   &(struct numbers){.tcp = 3, .tcp6 = 4, .udp = 90, .udp6 = 10, .active = 45});
    start(1, "host", "0::/init.scope\n");
    start(2, "host", "0::/\n");
    assert_int_equal(symlink("2", scratch_path("proc/thread-self")), 0);
    f->now = 1000 * SECOND;
    f->clock = (struct clock){tell_time, tell_time, tell_cpu, f};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    namespaces_destroy(f->namespaces);
    free(f);
    return scratch_remove(state);
}

static void step(struct fixture *f)
{
    bool failed;
    f->now = f->now > 0 ? f->now : 1;
    namespaces_step(f->namespaces, f->now, &failed, &f->fault);
    f->failures += failed;
    namespaces_describe(f->namespaces, f->now, 0, &f->last);
}

/* Step each second, now and then for `seconds`. */
static void run_for(struct fixture *f, unsigned seconds)
{
    step(f);
    for (unsigned i = 0; i < seconds; i++) {
        f->now += SECOND;
        step(f);
    }
}

static const struct namespace_row *find(const struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->last.count; i++) {
        if (strcmp(f->last.rows[i].labels.name, name) == 0)
            return &f->last.rows[i];
    }
    return NULL;
}

static const struct namespace_row *get(const struct fixture *f, const char *name)
{
    const struct namespace_row *row = find(f, name);
    if (!row)
        fail_msg("no namespace %s", name);
    return row;
}

/* ---- coming and going ---- */

static void test_the_numbers_of_a_namespace(void **state)
{
    struct fixture *f = *state;
    make_namespace("web", &(struct numbers){10, 20, 5, 6, 7, 25, 8, 100, 3, 9});
    start(50, "web", "0::/docker/" ID "\n");
    create(f, 10, NULL, NULL);
    step(f);
    const struct namespace_row *row = get(f, "docker/0123456789ab");
    assert_true(row->has_sockets && row->has_opens && row->has_counters && row->has_bound);
    assert_int_equal(row->full_sockets, 30);
    assert_int_equal(row->minisockets, 5);
    assert_int_equal(row->minisockets_peak, 5);
    assert_int_equal(row->udp_sockets, 13);
    assert_int_equal(row->counters.active_opens, 25);
    assert_int_equal(row->counters.passive_opens, 8);
    assert_int_equal(row->counters.time_wait_started, 100);
    assert_int_equal(row->counters.time_wait_overflows, 3);
    assert_int_equal(row->counters.listen_overflows, 4);
    assert_int_equal(row->counters.listen_drops, 9);
    assert_int_equal(row->tcp_bound, 27); /* 35 sockets, 8 of them accepted */
    assert_false(row->has_usable);
    assert_string_equal(row->labels.container_id, ID);
    assert_string_equal(row->labels.runtime, "docker");
    assert_int_equal(f->failures, 0);
}

static void test_a_range_that_cannot_be_read_is_counted_and_read_soon(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(remove(scratch_path("proc/sys/net/ipv4/ip_local_port_range")), 0);
    create(f, 10, NULL, NULL);
    step(f);
    assert_int_equal(f->failures, 1);
    assert_false(get(f, "host")->has_usable);
    put("1001\t2000\n", "proc/sys/net/ipv4/ip_local_port_range");
    run_for(f, 10);
    assert_true(get(f, "host")->has_usable);
}

static void test_the_host_and_its_range(void **state)
{
    struct fixture *f = *state;
    create(f, 10, NULL, NULL);
    step(f);
    const struct namespace_row *row = get(f, "host");
    struct stat status;
    assert_int_equal(f->last.count, 1);
    assert_int_equal(stat(scratch_path("ns/host/sockstat"), &status), 0);
    assert_int_equal(row->labels.inode, status.st_ino);
    assert_true(row->has_usable);
    assert_int_equal(row->usable, 900);
    put("80-\n", "proc/sys/net/ipv4/ip_local_reserved_ports");
    run_for(f, 59);
    assert_true(get(f, "host")->has_usable);
    run_for(f, 1); /* a pass over all */
    assert_false(get(f, "host")->has_usable);
}

static void test_new_processes_are_seen_within_ten_seconds(void **state)
{
    struct fixture *f = *state;
    create(f, 10, NULL, NULL);
    run_for(f, 1);
    make_namespace("a", &(struct numbers){.tcp = 1});
    start(50, "a", "0::/a.service\n");
    run_for(f, 8);
    assert_int_equal(f->last.count, 1);
    run_for(f, 1);
    assert_int_equal(get(f, "a.service")->full_sockets, 1);
    end(50);
    run_for(f, 2); /* found out at the next reading, and looked for in the pass after that */
    assert_int_equal(f->last.count, 1);
    assert_int_equal(f->failures, 0);
}

static void test_a_process_that_moves_is_seen_within_a_minute(void **state)
{
    struct fixture *f = *state;
    start(50, "host", "0::/a.service\n");
    create(f, 10, NULL, NULL);
    step(f);
    make_namespace("a", &(struct numbers){.tcp = 1});
    start(50, "a", "0::/a.service\n");
    run_for(f, 59);
    assert_int_equal(f->last.count, 1);
    run_for(f, 1);
    assert_int_equal(get(f, "a.service")->full_sockets, 1);
}

static void test_an_event_makes_a_full_pass_at_once(void **state)
{
    struct fixture *f = *state;
    start(50, "host", "0::/a.service\n");
    create(f, 10, NULL, NULL);
    step(f);
    make_namespace("a", &(struct numbers){.tcp = 1});
    start(50, "a", "0::/a.service\n");
    run_for(f, 3);
    assert_int_equal(f->last.count, 1);
    put("", "names/blue");
    run_for(f, 1);
    assert_int_equal(f->last.count, 2);
    /* Also when the directory is made later. */
    assert_int_equal(remove(scratch_path("names/blue")), 0);
    assert_int_equal(remove(scratch_path("names")), 0);
    run_for(f, 3);
    make_namespace("b", &(struct numbers){.tcp = 1});
    start(50, "b", "0::/b.service\n");
    make_folder("names");
    run_for(f, 1);
    assert_non_null(find(f, "b.service"));
}

static void test_it_is_read_through_whoever_is_left(void **state)
{
    struct fixture *f = *state;
    make_namespace("a", &(struct numbers){.tcp = 1});
    for (unsigned pid = 50; pid < 53; pid++)
        start(pid, "a", "0::/a.service\n");
    create(f, 10, NULL, NULL);
    step(f);
    end(50);
    start(51, "host", "0::/\n"); /* it has left */
    put_numbers("a", &(struct numbers){.tcp = 2});
    run_for(f, 1);
    assert_int_equal(get(f, "a.service")->full_sockets, 2);
    assert_int_equal(f->failures, 0);
    end(52);
    run_for(f, 2);
    assert_null(find(f, "a.service"));
}

static void test_an_inode_that_is_used_again_is_another_namespace(void **state)
{
    struct fixture *f = *state;
    make_namespace("a", &(struct numbers){.tw = 50});
    start(50, "a", "0::/docker/" ID "\n");
    create(f, 10, NULL, NULL);
    run_for(f, 1);
    assert_int_equal(get(f, "docker/0123456789ab")->minisockets_peak, 50);
    end(50);
    start(51, "a", "0::/b.service\n"); /* the kernel gave the same number to the next one */
    put_numbers("a", &(struct numbers){.tw = 7});
    run_for(f, 10);
    assert_null(find(f, "docker/0123456789ab"));
    assert_int_equal(get(f, "b.service")->minisockets_peak, 7);
}

static void test_zombies_have_none(void **state)
{
    struct fixture *f = *state;
    start(60, NULL, "");
    make_folder("proc/1x");
    make_folder("proc/0");
    create(f, 10, NULL, NULL);
    run_for(f, 61);
    assert_int_equal(f->last.count, 1);
    assert_int_equal(f->failures, 0);
}

/* ---- names ---- */

static void test_pods_get_their_names_when_these_appear(void **state)
{
    struct fixture *f = *state;
    make_namespace("a", &(struct numbers){.tcp = 1});
    start(50, "a", "0::/kubepods/pod" UID "/" ID "\n");
    create(f, 10, NULL, NULL);
    step(f);
    get(f, "pod-" UID);
    make_folder("pods/shop_web-0_" UID);
    run_for(f, 10);
    const struct namespace_row *row = get(f, "shop/web-0");
    assert_string_equal(row->labels.pod.namespace, "shop");
    assert_string_equal(row->labels.pod.pod, "web-0");
    assert_string_equal(row->labels.pod.uid, UID);
    assert_string_equal(row->labels.runtime, "kubernetes");
}

static void test_a_later_process_may_tell_more(void **state)
{
    struct fixture *f = *state;
    make_namespace("a", &(struct numbers){.tcp = 1});
    start(50, "a", "0::/user.slice/session-3.scope\n"); /* nsenter */
    create(f, 10, NULL, NULL);
    step(f);
    get(f, "session-3.scope");
    start(51, "a", "0::/docker/" ID "\n");
    run_for(f, 10);
    get(f, "docker/0123456789ab");
    assert_int_equal(f->last.count, 2);
}

static void test_a_later_process_does_not_tell_less(void **state)
{
    struct fixture *f = *state;
    make_namespace("a", &(struct numbers){.tcp = 1});
    start(50, "a", "0::/a.service\n");
    start(51, "a", "0::/\n");
    create(f, 10, NULL, NULL);
    step(f);
    get(f, "a.service");
}

static void test_the_host_is_nobodys(void **state)
{
    struct fixture *f = *state;
    start(50, "host", "0::/docker/" ID "\n"); /* a container on the host's network */
    create(f, 10, NULL, NULL);
    step(f);
    assert_string_equal(get(f, "host")->labels.runtime, "");
    assert_string_equal(get(f, "host")->labels.container_id, "");
}

static void test_not_every_process_is_asked(void **state)
{
    struct fixture *f = *state;
    make_namespace("a", &(struct numbers){.tcp = 1});
    for (unsigned pid = 50; pid < 66; pid++)
        start(pid, "a", "0::/\n");
    start(66, "a", "0::/a.service\n"); /* the 17th */
    create(f, 10, NULL, NULL);
    step(f);
    assert_null(find(f, "a.service"));
    assert_int_equal(f->last.count, 2);
}

/* ---- listed, other and excluded ones ---- */

static void test_what_is_beyond_the_most_is_summed(void **state)
{
    struct fixture *f = *state;
    make_namespace("a", &(struct numbers){10, 1, 5, 6, 7, 25, 8, 100, 3, 9});
    make_namespace("b", &(struct numbers){20, 2, 6, 1, 1, 70, 1, 50, 0, 0});
    start(50, "a", "0::/a.service\n");
    make_namespace("c", &(struct numbers){.tcp = 0});
    start(51, "b", "0::/b.service\n");
    start(52, "c", "0::/c.service\n");
    create(f, 1, NULL, NULL);
    step(f);
    assert_int_equal(f->last.count, 1);
    assert_int_equal(f->last.other_count, 3);
    const struct namespace_row *others = &f->last.others;
    assert_string_equal(others->labels.name, "other");
    assert_int_equal(others->full_sockets, 33);
    assert_int_equal(others->minisockets, 11);
    assert_int_equal(others->minisockets_peak, 11);
    assert_int_equal(others->udp_sockets, 15);
    assert_int_equal(others->tcp_bound, 28); /* the higher one */
    assert_int_equal(others->counters.time_wait_started, 0);
    put_numbers("host", &(struct numbers){.started = 7777, .active = 777});
    put_numbers("a", &(struct numbers){10, 1, 5, 6, 7, 35, 9, 140, 3, 9});
    put_numbers("b", &(struct numbers){20, 2, 6, 1, 1, 72, 1, 51, 0, 2});
    run_for(f, 20);
    assert_int_equal(others->counters.time_wait_started, 41);
    assert_int_equal(others->counters.listen_drops, 2);
    assert_int_equal(others->counters.active_opens, 12);
    end(51);
    run_for(f, 20);
    assert_int_equal(f->last.other_count, 2);
    assert_int_equal(others->full_sockets, 11);
    assert_int_equal(others->counters.time_wait_started, 41); /* it never falls */
}

static void test_a_counter_that_vanishes_adds_nothing(void **state)
{
    struct fixture *f = *state;
    make_namespace("a", &(struct numbers){.started = 10, .drops = 5});
    start(50, "a", "0::/a.service\n");
    create(f, 1, NULL, NULL);
    step(f);
    put("TcpExt: TW TWKilled\nTcpExt: 15 0\n", "ns/a/netstat");
    run_for(f, 20);
    assert_int_equal(f->last.others.counters.time_wait_started, 5);
    assert_int_equal(f->last.others.counters.listen_drops, 0);
    put_numbers("a", &(struct numbers){.started = 16, .drops = 7});
    run_for(f, 20);
    assert_int_equal(f->last.others.counters.time_wait_started, 6);
    assert_int_equal(f->last.others.counters.listen_drops, 0);
    assert_int_equal(f->failures, 0);
}

static void test_excluded_ones_are_not_read(void **state)
{
    struct fixture *f = *state;
    make_namespace("a", &(struct numbers){.tcp = 1});
    start(50, "a", "0::/a.service\n");
    put("TCP: nothing\n", "ns/a/sockstat"); /* a failure for who reads it */
    create(f, 10, NULL, "^a[.]");
    run_for(f, 5);
    assert_int_equal(f->failures, 0);
    assert_int_equal(f->last.count, 1);
    assert_int_equal(f->last.excluded_count, 1);
    assert_int_equal(f->last.other_count, 0);
}

/* ---- when ---- */

static unsigned count_readings(struct fixture *f, enum netns_file file, unsigned seconds)
{
    unsigned count = 0;
    double last = f->last.oldest_reading[file];
    for (unsigned i = 0; i < seconds; i++) {
        f->now += SECOND;
        step(f);
        count += f->last.oldest_reading[file] > last;
        last = f->last.oldest_reading[file];
    }
    return count;
}

static void test_each_file_has_its_interval(void **state)
{
    struct fixture *f = *state;
    create(f, 10, NULL, NULL);
    run_for(f, 30);
    assert_int_equal(count_readings(f, NETNS_SOCKSTAT, 60), 60);
    assert_int_equal(count_readings(f, NETNS_SOCKSTAT6, 60), 12);
    assert_int_equal(count_readings(f, NETNS_SNMP, 60), 12);
    assert_int_equal(count_readings(f, NETNS_NETSTAT, 60), 4);
    assert_true(f->last.interval_seconds[NETNS_NETSTAT] == 15);
}

static void test_after_a_long_wait_nothing_is_read_twice(void **state)
{
    struct fixture *f = *state;
    create(f, 10, NULL, NULL);
    run_for(f, 30);
    f->now += 100 * SECOND;
    step(f);
    assert_int_equal(count_readings(f, NETNS_SNMP, 10), 2);
}

static void test_the_bound_grows_with_the_sockets_and_falls_with_the_opens(void **state)
{
    struct fixture *f = *state;
    make_namespace("a", &(struct numbers){.tcp = 100, .active = 10, .passive = 100});
    start(50, "a", "0::/a.service\n");
    create(f, 10, NULL, NULL);
    run_for(f, 7); /* past the reading of snmp after six seconds */
    assert_int_equal(get(f, "a.service")->tcp_bound, 10);
    put_numbers("a", &(struct numbers){.tcp = 150, .active = 30, .passive = 130});
    bool grew = false;
    for (int i = 0; i < 6; i++) {
        run_for(f, 1);
        uint64_t bound = get(f, "a.service")->tcp_bound;
        assert_true(bound == 60 || bound == 30);
        grew |= bound == 60;
    }
    assert_true(grew);
    assert_int_equal(get(f, "a.service")->tcp_bound, 30);
}

static void test_slow_files_are_spread_over_their_interval(void **state)
{
    struct fixture *f = *state;
    char name[16];
    unsigned most = 0;
    for (unsigned i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "n%u", i);
        make_namespace(name, &(struct numbers){.tcp = 1});
        start(50 + i, name, "0::/\n");
    }
    create(f, 100, NULL, NULL);
    run_for(f, 20);
    for (unsigned i = 0; i < 15; i++) {
        struct numbers next = {.started = 1000 + i};
        unsigned now_read = 0;
        for (unsigned j = 0; j < 30; j++) {
            snprintf(name, sizeof name, "n%u", j);
            put_numbers(name, &next);
        }
        run_for(f, 1);
        for (size_t j = 0; j < f->last.count; j++)
            now_read += f->last.rows[j].counters.time_wait_started == next.started;
        most = now_read > most ? now_read : most;
    }
    assert_true(most >= 1 && most <= 6);
}

static void test_costs_stretch_the_readings(void **state)
{
    struct fixture *f = *state;
    f->cost_of_a_reading = 20 * 1000 * 1000; /* 20 ms a file; sockstat may take 5.6 ms/s */
    create(f, 10, NULL, NULL);
    run_for(f, 60);
    assert_true(f->last.interval_seconds[NETNS_SOCKSTAT] > 3.5 &&
                f->last.interval_seconds[NETNS_SOCKSTAT] < 3.6);
    assert_true(namespaces_load(f->namespaces) <= 0.01);
    f->cost_of_a_reading = 0;
    run_for(f, 120);
    assert_true(f->last.interval_seconds[NETNS_SOCKSTAT] == 1);
}

static void test_a_step_before_its_time_does_nothing(void **state)
{
    struct fixture *f = *state;
    bool failed;
    create(f, 10, NULL, NULL);
    int64_t next = namespaces_step(f->namespaces, f->now, &failed, &f->fault);
    assert_int_equal(next, f->now + SECOND);
    assert_int_equal(namespaces_step(f->namespaces, f->now + SECOND * 4 / 10, &failed, &f->fault),
                     next);
    put_numbers("host", &(struct numbers){.tw = 77});
    /* Within half a second it is done, and the ticks stay where they are. */
    assert_int_equal(namespaces_step(f->namespaces, f->now + SECOND * 6 / 10, &failed, &f->fault),
                     next + SECOND);
    namespaces_describe(f->namespaces, f->now + SECOND, 0, &f->last);
    assert_int_equal(get(f, "host")->minisockets, 77);
    /* After a long wait there is nothing to catch up with. */
    assert_int_equal(namespaces_step(f->namespaces, f->now + 100 * SECOND, &failed, &f->fault),
                     f->now + 101 * SECOND);
}

static void test_old_numbers_vanish(void **state)
{
    struct fixture *f = *state;
    create(f, 10, NULL, NULL);
    step(f);
    namespaces_describe(f->namespaces, f->now + 3 * SECOND, 0, &f->last);
    assert_true(get(f, "host")->has_sockets);
    namespaces_describe(f->namespaces, f->now + 4 * SECOND, 0, &f->last);
    assert_false(get(f, "host")->has_sockets || get(f, "host")->has_bound);
    assert_true(get(f, "host")->has_opens);
    namespaces_describe(f->namespaces, f->now + 4 * SECOND, SECOND, &f->last);
    assert_true(get(f, "host")->has_sockets);
    namespaces_describe(f->namespaces, f->now + 16 * SECOND, 0, &f->last);
    assert_false(get(f, "host")->has_opens);
    assert_true(get(f, "host")->has_counters);
    namespaces_describe(f->namespaces, f->now + 46 * SECOND, 0, &f->last);
    assert_false(get(f, "host")->has_counters);
}

static void test_the_peak_is_forgotten(void **state)
{
    struct fixture *f = *state;
    put_numbers("host", &(struct numbers){.tw = 500});
    create(f, 10, NULL, NULL);
    run_for(f, 1);
    put_numbers("host", &(struct numbers){.tw = 5});
    run_for(f, 55);
    assert_int_equal(get(f, "host")->minisockets_peak, 500);
    run_for(f, 10);
    assert_int_equal(get(f, "host")->minisockets_peak, 5);
}

/* ---- failures ---- */

static void test_a_file_that_cannot_be_understood_is_a_failure(void **state)
{
    struct fixture *f = *state;
    create(f, 10, NULL, NULL);
    step(f);
    put("TCP: nothing\n", "ns/host/sockstat");
    run_for(f, 3);
    assert_int_equal(f->failures, 3);
    assert_int_equal(f->fault.reason, FAULT_PROC_PARSE);
    assert_string_equal(f->fault.subject, "PID/net/sockstat");
}

static void test_a_kernel_without_ipv6(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(remove(scratch_path("ns/host/sockstat6")), 0);
    create(f, 10, NULL, NULL);
    run_for(f, 6);
    assert_int_equal(f->failures, 0);
    assert_true(get(f, "host")->has_sockets);
    assert_int_equal(get(f, "host")->full_sockets, 3);
}

static unsigned count_lines(struct fixture *f, unsigned seconds)
{
    struct stderr_lines lines = stderr_lines_start();
    run_for(f, seconds);
    return stderr_lines_stop(&lines, NULL);
}

static void test_who_sees_nobody_else_says_so_once(void **state)
{
    struct fixture *f = *state;
    end(1);
    start(70, "host", "0::/\n");
    create(f, 10, NULL, NULL);
    assert_int_equal(count_lines(f, 30), 1); /* process 1 is hidden */
    assert_true(f->last.processes_hidden);
    start(1, "host", "0::/init.scope\n");
    assert_int_equal(count_lines(f, 20), 0);
    assert_false(f->last.processes_hidden);
    end(2);
    end(70);
    assert_int_equal(count_lines(f, 20), 1); /* 1 is alone: a PID namespace of its own */
    assert_true(f->last.processes_hidden);
}

static void test_wrong_roots_and_expressions(void **state)
{
    struct fixture *f = *state;
    struct namespaces_options options = {"(", NULL, 10, 0.01, SECOND};
    struct namespaces_roots roots = {scratch_path("proc"), "", ""};
    assert_null(namespaces_create(&options, &roots, &f->clock));
    options.include = NULL;
    roots.proc = scratch_path("missing");
    assert_null(namespaces_create(&options, &roots, &f->clock));
}

#define NAMESPACES_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NAMESPACES_TEST(test_the_numbers_of_a_namespace),
        NAMESPACES_TEST(test_a_range_that_cannot_be_read_is_counted_and_read_soon),
        NAMESPACES_TEST(test_the_host_and_its_range),
        NAMESPACES_TEST(test_new_processes_are_seen_within_ten_seconds),
        NAMESPACES_TEST(test_a_process_that_moves_is_seen_within_a_minute),
        NAMESPACES_TEST(test_an_event_makes_a_full_pass_at_once),
        NAMESPACES_TEST(test_it_is_read_through_whoever_is_left),
        NAMESPACES_TEST(test_an_inode_that_is_used_again_is_another_namespace),
        NAMESPACES_TEST(test_zombies_have_none),
        NAMESPACES_TEST(test_pods_get_their_names_when_these_appear),
        NAMESPACES_TEST(test_a_later_process_may_tell_more),
        NAMESPACES_TEST(test_a_later_process_does_not_tell_less),
        NAMESPACES_TEST(test_the_host_is_nobodys),
        NAMESPACES_TEST(test_not_every_process_is_asked),
        NAMESPACES_TEST(test_what_is_beyond_the_most_is_summed),
        NAMESPACES_TEST(test_a_counter_that_vanishes_adds_nothing),
        NAMESPACES_TEST(test_excluded_ones_are_not_read),
        NAMESPACES_TEST(test_each_file_has_its_interval),
        NAMESPACES_TEST(test_after_a_long_wait_nothing_is_read_twice),
        NAMESPACES_TEST(test_the_bound_grows_with_the_sockets_and_falls_with_the_opens),
        NAMESPACES_TEST(test_slow_files_are_spread_over_their_interval),
        NAMESPACES_TEST(test_costs_stretch_the_readings),
        NAMESPACES_TEST(test_a_step_before_its_time_does_nothing),
        NAMESPACES_TEST(test_old_numbers_vanish),
        NAMESPACES_TEST(test_the_peak_is_forgotten),
        NAMESPACES_TEST(test_a_file_that_cannot_be_understood_is_a_failure),
        NAMESPACES_TEST(test_a_kernel_without_ipv6),
        NAMESPACES_TEST(test_who_sees_nobody_else_says_so_once),
        NAMESPACES_TEST(test_wrong_roots_and_expressions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
