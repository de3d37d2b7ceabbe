// SPDX-License-Identifier: Apache-2.0
/*
 * The exporter with --collector.netns.walk: what it gives up, and what it does when it has no
 * helper, or has one no longer.
 */
#include "await.h"
#include "daemon_check.h"
#include "exposition_check.h"
#include "http_client.h"
#include "kernel/netns_helper.h"
#include "neighbour.h"
#include "netns.h"
#include "skip.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PORT = 10073, NEIGHBOUR_PORT = 9000, MOST_PAGES = 300 };

#define REQUEST "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

static struct daemon exporter;
static struct neighbour neighbour;

static void start(void (*before_exec)(void))
{
    static const char *const arguments[] = {"--collector.netns.walk", "--sample.cpu-budget=100",
                                            NULL};
    daemon_start_ready(&exporter, arguments, before_exec);
}

static int end_what_runs(void **daemon)
{
    neighbour_end(&neighbour);
    return daemon_end_what_runs(daemon);
}

static void await_page_with(const char *text)
{
    daemon_await_page(&exporter, PORT, text, true, MOST_PAGES);
}

static void assert_page_has(const char *line)
{
    struct http_reply reply;
    int fd = http_connect(NULL, "127.0.0.1", PORT);
    assert_true(fd >= 0);
    assert_int_equal(http_exchange(fd, REQUEST, &reply), 0);
    if (!strstr(reply.body, line))
        fail_msg("the page lacks %s", line);
    http_reply_free(&reply);
    close(fd);
}

/* None of its threads has a capability, and none can get one. */
static void test_the_exporter_keeps_no_capability(void **state)
{
    (void)state;
    start(NULL);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", exporter.pid);
    DIR *threads = opendir(path);
    assert_non_null(threads);
    unsigned count = 0;
    for (struct dirent *entry; (entry = readdir(threads));) {
        pid_t thread = atoi(entry->d_name);
        if (thread == 0)
            continue;
        count++;
        daemon_assert_status(thread, "CapPrm:\t0000000000000000\n");
        daemon_assert_status(thread, "CapEff:\t0000000000000000\n");
        daemon_assert_status(thread, "CapInh:\t0000000000000000\n");
        daemon_assert_status(thread, "CapBnd:\t0000000000000000\n");
        daemon_assert_status(thread, "CapAmb:\t0000000000000000\n");
        daemon_assert_status(thread, "NoNewPrivs:\t1\n");
    }
    closedir(threads);
    assert_true(count >= 3);
    daemon_assert_status(daemon_find_helper(&exporter), "CapEff:\t0000000000280000\n");
    assert_page_has("\nsockdiag_exporter_netns_walks_enabled 1\n");
    daemon_assert_end(&exporter, SIGTERM, 0);
}

static void test_a_dead_helper_ends_the_exporter(void **state)
{
    (void)state;
    start(NULL);
    kill(daemon_find_helper(&exporter), SIGKILL);
    daemon_assert_end(&exporter, 0, 1);
    assert_non_null(
        strstr(exporter.errors,
               "\nsockdiag_exporter: the namespace helper was killed by signal 9 (Killed)\n"));
}

/* It is asked often: listeners of each namespace every ten seconds. */
static void test_a_silent_helper_ends_the_exporter(void **state)
{
    (void)state;
    assert_int_equal(neighbour_start(&neighbour, NULL, NULL), 0);
    start(NULL);
    kill(daemon_find_helper(&exporter), SIGSTOP);
    daemon_assert_end(&exporter, 0, 1);
    assert_non_null(
        strstr(exporter.errors, "\nsockdiag_exporter: the namespace helper does not answer\n"));
}

/* Seven of ten ports, towards a listener of its own that accepts none. */
static int use_ports(void *argument)
{
    (void)argument;
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(NEIGHBOUR_PORT),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int error = netns_sysctl_write("ipv4/ip_local_port_range", "20000 20009");
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (error || bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 20) != 0)
        return error ? error : -errno;
    for (int i = 0; i < 7; i++) {
        int client = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(client, (const struct sockaddr *)&address, sizeof address) != 0)
            return -errno;
    }
    return 0;
}

static void test_the_page_tells_of_a_neighbour(void **state)
{
    (void)state;
    char text[256];
    assert_int_equal(neighbour_start(&neighbour, use_ports, NULL), 0);
    start(NULL);
    snprintf(text, sizeof text,
             ",local_address=\"127.0.0.1\",remote_address=\"127.0.0.1\","
             "remote_port=\"%d\",local_interface=\"\"} 7\n",
             NEIGHBOUR_PORT);
    await_page_with(text);
    assert_page_has("protocol=\"tcp\",scope=\"destination\"} 0.7\n");
    assert_page_has("state=\"established\"} 14\n");
    assert_page_has("\nsockdiag_netns_last_walk_timestamp_seconds{netns=");
    snprintf(text, sizeof text,
             ",local_address=\"127.0.0.1\",local_port=\"%d\",local_interface=\"\"} 7\n",
             NEIGHBOUR_PORT);
    await_page_with(text);
    daemon_assert_end(&exporter, SIGTERM, 0);
}

/* Three connections that this side closed first. */
static int leave_time_wait(void *argument)
{
    (void)argument;
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(NEIGHBOUR_PORT),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 20) != 0)
        return -errno;
    for (int i = 0; i < 3; i++) {
        char none;
        int client = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(client, (const struct sockaddr *)&address, sizeof address) != 0)
            return -errno;
        int server = accept(listener, NULL, NULL);
        shutdown(client, SHUT_WR);
        ssize_t length = read(server, &none, 1); /* the end */
        close(server);
        length += read(client, &none, 1);
        close(client);
        if (length != 0)
            return -EPROTO;
    }
    return netns_sysctl_write("ipv4/tcp_max_tw_buckets", "5000");
}

/* Its sockets may outlive all processes, TIME_WAIT for instance. */
static void test_a_name_without_a_process_is_enough(void **state)
{
    (void)state;
    assert_int_equal(neighbour_make_run_netns(), 0);
    start(NULL);
    assert_int_equal(neighbour_start(&neighbour, leave_time_wait, NULL), 0);
    assert_int_equal(neighbour_name(&neighbour, "/run/netns/blue"), 0);
    neighbour_end(&neighbour);
    await_page_with("\nsockdiag_netns_tcp_state_sockets{netns=\"blue\",state=\"time_wait\"} 3\n");
    assert_page_has("\nsockdiag_netns_tcp_state_sockets{netns=\"blue\",state=\"listen\"} 0\n");
    assert_page_has("\nsockdiag_netns_tcp_time_wait_limit{netns=\"blue\"} 5000\n");
    assert_int_equal(umount("/run/netns/blue"), 0);
    assert_int_equal(unlink("/run/netns/blue"), 0);
    daemon_await_page(&exporter, PORT, "netns=\"blue\"", false, MOST_PAGES);
    daemon_assert_end(&exporter, SIGTERM, 0);
    assert_int_equal(umount("/run"), 0);
}

static char only_page[1 << 20];

static double read_series(const char *series)
{
    return exposition_read(only_page, strlen(only_page), series);
}

/* All namespaces but the exporter's own? Some may refuse; one may be gone before its walk. */
static int are_all_walked(void *command)
{
    FILE *output = popen(command, "r");
    assert_non_null(output);
    only_page[fread(only_page, 1, sizeof only_page - 1, output)] = '\0';
    assert_int_equal(pclose(output), 0);
    return read_series("sockdiag_exporter_netns_walks_total") +
               read_series("sockdiag_exporter_netns_walk_failures_total") ==
           read_series("sockdiag_netns_namespaces{kind=\"named\"}") - 1;
}

/* Whatever the budget says. */
static void test_the_only_page_has_walks(void **state)
{
    (void)state;
    char text[512];
    assert_int_equal(neighbour_start(&neighbour, use_ports, NULL), 0);
    snprintf(text, sizeof text, "%s --once --collector.netns.walk --sample.cpu-budget 0.1",
             getenv("EXPORTER"));
    assert_int_equal(await_until(are_all_walked, text), 0);
    assert_non_null(strstr(only_page, "protocol=\"tcp\",scope=\"destination\"} 0.7\n"));
    assert_non_null(strstr(only_page, "\nsockdiag_exporter_netns_walks_enabled 1\n"));
    snprintf(text, sizeof text,
             ",local_address=\"127.0.0.1\",local_port=\"%d\",local_interface=\"\"} 7\n",
             NEIGHBOUR_PORT);
    assert_non_null(strstr(only_page, text));
}

/* A terminal or systemd may send it to both. */
static void test_a_stop_of_both_is_a_clean_one(void **state)
{
    (void)state;
    start(NULL);
    kill(daemon_find_helper(&exporter), SIGTERM);
    daemon_assert_end(&exporter, SIGTERM, 0);
}

static void lack_ptrace(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    syscall(SYS_capget, &header, data);
    prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE);
    data[0].effective &= ~(1U << CAP_SYS_PTRACE);
    data[0].permitted = data[0].effective;
    syscall(SYS_capset, &header, data);
}

static void test_without_a_capability_it_goes_on_without_walks(void **state)
{
    (void)state;
    start(lack_ptrace);
    assert_page_has("\nsockdiag_exporter_netns_walks_enabled 0\n");
    daemon_assert_status(exporter.pid, "CapPrm:\t0000000000000000\n");
    daemon_assert_end(&exporter, SIGTERM, 0);
    const char *warning = strstr(exporter.errors, "level=warn");
    assert_non_null(warning);
    assert_non_null(strstr(warning, "CAP_SYS_PTRACE is missing"));
    assert_null(strstr(warning + 1, "level=warn"));
}

#define with_exporter(test)                                                                        \
    cmocka_unit_test_prestate_setup_teardown(test, NULL, end_what_runs, &exporter)

int main(void)
{
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    const struct CMUnitTest tests[] = {
        with_exporter(test_the_exporter_keeps_no_capability),
        with_exporter(test_a_dead_helper_ends_the_exporter),
        with_exporter(test_a_silent_helper_ends_the_exporter),
        with_exporter(test_the_page_tells_of_a_neighbour),
        with_exporter(test_a_name_without_a_process_is_enough),
        with_exporter(test_the_only_page_has_walks),
        with_exporter(test_a_stop_of_both_is_a_clean_one),
        with_exporter(test_without_a_capability_it_goes_on_without_walks),
    };
    return cmocka_run_group_tests_name("netns_daemon", tests, NULL, NULL);
}
