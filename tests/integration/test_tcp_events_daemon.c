// SPDX-License-Identifier: Apache-2.0
/*
 * The exporter with --collector.connect-failures and --collector.closers: what its page has, what
 * it gives up, and that it goes on without.
 */
#include "await.h"
#include "daemon_check.h"
#include "http_client.h"
#include "kernel/tcp_events.h"
#include "netns.h"
#include "skip.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PORT = 10073,
    SERVER_PORT = 9420,
    PORTS = 50,
    FAILURES = 37,
    MOST_PAGES = 60,
    EXIT_SKIPPED = 77
};

#define REQUEST "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

static struct daemon exporter;

static void start(void (*before_exec)(void))
{
    static const char *const arguments[] = {"--collector.connect-failures", "--collector.closers",
                                            "--collector.closers.period=1", NULL};
    daemon_start_ready(&exporter, arguments, before_exec);
}

/* Take all ports towards a listener, fail `failures_wanted` times, and close what was opened. */
static void run_out_of_ports(int failures_wanted)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(SERVER_PORT),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fds[PORTS], held = 0, failures = 0;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, PORTS), 0);
    while (failures < failures_wanted) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
            assert_in_range(held, 0, PORTS - 1);
            fds[held++] = fd;
            continue;
        }
        assert_int_equal(errno, EADDRNOTAVAIL);
        failures++;
        close(fd);
    }
    for (int i = 0; i < held; i++)
        close(fds[i]);
    close(listener);
}

/* The number after the next space that follows `part` on the page. */
static double find_value(const char *part)
{
    struct http_reply reply;
    char request[128];
    int fd = http_connect(NULL, "127.0.0.1", PORT);
    snprintf(request, sizeof request, REQUEST, "/metrics");
    assert_int_equal(http_exchange(fd, request, &reply), 0);
    close(fd);
    const char *found = strstr(reply.body, part);
    assert_non_null(found);
    double value = strtod(strchr(found + strlen(part), ' '), NULL);
    http_reply_free(&reply);
    return value;
}

static void test_the_page_names_who_and_whither(void **state)
{
    (void)state;
    start(NULL);
    prctl(PR_SET_NAME, "port hog");
    run_out_of_ports(FAILURES);
    daemon_await_page(&exporter, PORT,
                      "\nsockdiag_tcp_connect_port_failures_sampled_total{"
                      "program=\"port hog\",cgroup=\"/",
                      true, MOST_PAGES);
    daemon_await_page(&exporter, PORT, "remote_address=\"127.0.0.1\",remote_port=\"9420\"} 37\n",
                      true, MOST_PAGES);
    daemon_await_page(&exporter, PORT,
                      "\nsockdiag_tcp_closed_first_estimated_total{program=\"port hog\",cgroup=\"/",
                      true, MOST_PAGES);
    assert_true(find_value("estimated_total{program=\"port hog\",cgroup=\"/") >= 1);
    daemon_await_page(&exporter, PORT,
                      "\nsockdiag_exporter_events_enabled{event=\"closed_first\"} 1\n", true,
                      MOST_PAGES);
    daemon_assert_end(&exporter, SIGTERM, 0);
}

/* Wait for a page on which the value that follows `part` is `least` or more. */
static void await_value(const char *part, double least)
{
    for (int i = 0; i < 60; i++) {
        daemon_drop_messages(&exporter);
        assert_true(daemon_await_message(&exporter, "WATCHDOG=1"));
        if (find_value(part) >= least)
            return;
    }
    fail_msg("no page has %s of %.0f", part, least);
}

/* More than the rings hold: the total is exact, and what no row has is known. */
static void test_lost_samples_are_counted(void **state)
{
    (void)state;
    enum { FLOOD = 5000 };
    start(NULL);
    prctl(PR_SET_NAME, "port hog");
    run_out_of_ports(FLOOD);
    await_value("\nsockdiag_tcp_connect_port_failures_total", FLOOD);
    double lost = find_value("\nsockdiag_exporter_event_samples_lost_total{event=\"connect_port_"
                             "failure\"}");
    double sampled = find_value("program=\"port hog\"");
    assert_true(find_value("\nsockdiag_tcp_connect_port_failures_total") >= lost + sampled);
    assert_true(lost > 0);
    assert_true(lost + sampled >= (double)FLOOD);
    daemon_assert_end(&exporter, SIGTERM, 0);
}

static void test_no_capability_is_kept(void **state)
{
    (void)state;
    start(NULL);
    daemon_assert_status(exporter.pid, "CapPrm:\t0000000000000000\n");
    daemon_assert_status(exporter.pid, "CapBnd:\t0000000000000000\n");
    daemon_assert_status(exporter.pid, "NoNewPrivs:\t1\n");
    daemon_assert_end(&exporter, SIGTERM, 0);
}

static void hide_tracefs(void)
{
    mount("none", "/sys/kernel", "tmpfs", 0, NULL);
}

static void test_without_events_it_goes_on(void **state)
{
    (void)state;
    start(hide_tracefs);
    umount2("/sys/kernel", MNT_DETACH);
    daemon_await_page(&exporter, PORT,
                      "\nsockdiag_exporter_events_enabled{event=\"connect_port_failure\"} 0\n",
                      true, MOST_PAGES);
    daemon_assert_end(&exporter, SIGTERM, 0);
    assert_non_null(
        strstr(exporter.errors, "--collector.connect-failures does nothing: no tracepoint"));
    assert_non_null(strstr(exporter.errors, "--collector.closers does nothing: no tracepoint"));
}

#define with_exporter(test)                                                                        \
    cmocka_unit_test_prestate_setup_teardown(test, NULL, daemon_end_what_runs, &exporter)

int main(void)
{
    char error[512], range[32];
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    if (unshare(CLONE_NEWNS) == 0) {
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
        mount("none", "/sys/kernel/tracing", "tracefs", 0, NULL);
    }
    struct tcp_events *events = tcp_events_open(TCP_EVENT_CLOSED_FIRST, 1, error, sizeof error);
    if (!events) {
        fprintf(stderr, "SKIPPED, no events here: %s\n", error);
        return EXIT_SKIPPED;
    }
    tcp_events_close(events);
    snprintf(range, sizeof range, "%d %d", 20000, 20000 + PORTS - 1);
    if (netns_sysctl_write("ipv4/ip_local_port_range", range) != 0)
        return EXIT_FAILURE;
    const struct CMUnitTest tests[] = {
        with_exporter(test_the_page_names_who_and_whither),
        with_exporter(test_lost_samples_are_counted),
        with_exporter(test_no_capability_is_kept),
        with_exporter(test_without_events_it_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
