// SPDX-License-Identifier: Apache-2.0
/*
 * The exporter's sandbox: whose process it is in the end, what it has given up, and what it says
 * about that. Every other test of the exporter runs in the sandbox as well.
 */
#include "daemon_check.h"
#include "http_client.h"
#include "kernel/call_filter.h"
#include "kernel/capabilities.h"
#include "scratch.h"
#include "skip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORT = 10073, LOW_PORT = 80, MOST_PAGES = 60 };

#define REQUEST "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
#define NONE    "0000000000000000\n"

static struct daemon exporter;
static unsigned nobody, nobodys_group;
static bool can_become; /* the test's user can become nobody */

#define START(...) daemon_start_ready(&exporter, (const char *[]){__VA_ARGS__, NULL}, NULL)

/* The exporter with these arguments does not start: one line, and exit code 1. */
static void assert_refused(const char *const arguments[], void (*before_exec)(void),
                           const char *line)
{
    assert_int_equal(daemon_start(&exporter, arguments, before_exec), 0);
    daemon_assert_end(&exporter, 0, 1);
    assert_string_equal(exporter.errors, line);
}

static unsigned count_text(const char *text)
{
    unsigned count = 0;
    for (const char *found = exporter.errors; (found = strstr(found, text)); found++)
        count++;
    return count;
}

static void assert_user(pid_t thread, unsigned user, unsigned group)
{
    char line[64];
    snprintf(line, sizeof line, "\nUid:\t%u\t%u\t%u\t%u\n", user, user, user, user);
    daemon_assert_status(thread, line);
    snprintf(line, sizeof line, "\nGid:\t%u\t%u\t%u\t%u\n", group, group, group, group);
    daemon_assert_status(thread, line);
}

/* Each of its threads is in the sandbox, as this user. */
static void assert_all_threads_in(unsigned user, unsigned group)
{
    char path[64];
    unsigned count = 0;
    snprintf(path, sizeof path, "/proc/%d/task", exporter.pid);
    DIR *threads = opendir(path);
    assert_non_null(threads);
    for (struct dirent *entry; (entry = readdir(threads));) {
        pid_t thread = atoi(entry->d_name);
        if (thread == 0)
            continue;
        count++;
        assert_user(thread, user, group);
        daemon_assert_status(thread, "\nCapPrm:\t" NONE);
        daemon_assert_status(thread, "\nCapEff:\t" NONE);
        daemon_assert_status(thread, "\nCapInh:\t" NONE);
        daemon_assert_status(thread, "\nCapAmb:\t" NONE);
        daemon_assert_status(thread, "\nNoNewPrivs:\t1\n");
        daemon_assert_status(thread, "\nSeccomp:\t2\n");
    }
    closedir(threads);
    assert_true(count >= 4); /* main, log, web, sampler */
}

static void assert_page_has(unsigned short port, const char *line)
{
    struct http_reply reply;
    int fd = http_connect(NULL, "127.0.0.1", port);
    assert_true(fd >= 0);
    assert_int_equal(http_exchange(fd, REQUEST, &reply), 0);
    close(fd);
    if (!strstr(reply.body, line))
        fail_msg("the page lacks %s", line);
    http_reply_free(&reply);
}

/* What a process of the exporter's user gets when it opens a file of the exporter's in /proc: a
 * child finds out. */
static int open_as_its_user(const char *name)
{
    char path[64];
    int status;
    snprintf(path, sizeof path, "/proc/%d/%s", exporter.pid, name);
    pid_t pid = fork();
    if (pid == 0) {
        if (setgroups(0, NULL) != 0 || setresgid(nobodys_group, nobodys_group, nobodys_group) ||
            setresuid(nobody, nobody, nobody) != 0)
            _exit(255);
        _exit(open(path, O_RDONLY) < 0 ? errno : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void join_another_group(void)
{
    const gid_t group = 4;
    if (setgroups(1, &group) != 0)
        _exit(99);
}

static void test_root_becomes_nobody(void **state)
{
    (void)state;
    char groups[64];
    if (!can_become)
        skip();
    daemon_start_ready(
        &exporter, (const char *[]){"--web.listen-address=127.0.0.1:80", "--log.level=debug", NULL},
        join_another_group);
    assert_all_threads_in(nobody, nobodys_group);
    snprintf(groups, sizeof groups, "\nGroups:\t%u \n", nobodys_group);
    daemon_assert_status(exporter.pid, groups);
    daemon_assert_status(exporter.pid, "\nCapBnd:\t" NONE);
    assert_page_has(LOW_PORT, "\nsockdiag_tcp_sockets{state=\"listen\"} 1\n");
    assert_page_has(LOW_PORT, "\nprocess_open_fds ");
    assert_int_equal(open_as_its_user("stat"), 0);
    assert_int_equal(open_as_its_user("mem"), EACCES);
    assert_int_equal(open_as_its_user("fd/0"), EACCES);
    daemon_assert_end(&exporter, SIGTERM, 0);
    assert_int_equal(count_text("sandbox: user 65534, no capabilities; system calls: filtered; "),
                     1);
    assert_int_equal(count_text("level=warn"), 0);
}

static void test_the_helper_is_nobodys_too(void **state)
{
    (void)state;
    if (!can_become)
        skip();
    START("--collector.netns.walk", "--collector.cgroups", "--collector.connect-failures");
    assert_all_threads_in(nobody, nobodys_group);
    pid_t helper = daemon_find_helper(&exporter);
    assert_user(helper, nobody, nobodys_group);
    daemon_assert_status(helper, "\nCapEff:\t0000000000280000\n");
    daemon_assert_status(helper, "\nCapBnd:\t0000000000280000\n");
    daemon_assert_status(helper, "\nSeccomp:\t2\n");
    assert_page_has(PORT, "\nsockdiag_exporter_netns_walks_enabled 1\n");
    kill(helper, SIGSTOP); /* it is ended all the same */
    daemon_assert_end(&exporter, SIGTERM, 0);
    assert_int_equal(kill(helper, 0), -1);
}

static void test_another_user_is_named(void **state)
{
    (void)state;
    const struct passwd *user = getpwnam("daemon");
    const unsigned id = user ? user->pw_uid : 0, group = user ? user->pw_gid : 0;
    if (!can_become || id == 0)
        skip();
    START("--user=daemon");
    assert_all_threads_in(id, group);
    daemon_assert_end(&exporter, SIGTERM, 0);
    assert_refused(
        (const char *[]){"--user=no-such-user", NULL}, NULL,
        "sockdiag_exporter: cannot become the user no-such-user: there is no such user\n");
}

static void test_root_can_stay(void **state)
{
    (void)state;
    START("--user=root");
    assert_all_threads_in(0, 0);
    daemon_assert_end(&exporter, SIGTERM, 0);
    assert_int_equal(count_text("sandbox: user 0, no capabilities; system calls: filtered; "), 1);
}

static void lack_setuid(void)
{
    if (capabilities_keep(capabilities_read() & ~CAPABILITY_BIT(CAP_SETUID)) != 0)
        _exit(99);
}

/* As in a container that has dropped it. */
static void test_root_without_setuid_stays(void **state)
{
    (void)state;
    daemon_start_ready(&exporter, (const char *[]){"--collector.netns", NULL}, lack_setuid);
    assert_all_threads_in(0, 0);
    daemon_assert_end(&exporter, SIGTERM, 0);
    assert_int_equal(count_text("sandbox: user 0, no capabilities; system calls: filtered; "), 1);
    assert_refused((const char *[]){"--user=nobody", NULL}, lack_setuid,
                   "sockdiag_exporter: cannot become the user nobody: CAP_SETUID or CAP_SETGID is "
                   "missing\n");
}

/* One system call, as a filter around the exporter or its user namespace may make it fail. */
static void let_fail(int number, uint16_t error)
{
    const struct allowed_call calls[] = {{.number = number, .error = error}, {.and_higher = true}};
    if (call_filter_apply(calls, 2) != 0)
        _exit(99);
}

static void fail_setresuid(void)
{
    join_another_group();
    let_fail(SYS_setresuid, EINVAL);
}

/* As in a user namespace that has the group of nobody, but not the user. */
static void test_root_that_stays_has_its_groups(void **state)
{
    (void)state;
    if (!can_become)
        skip();
    daemon_start_ready(&exporter, (const char *[]){"--collector.ports", NULL}, fail_setresuid);
    assert_all_threads_in(0, 0);
    daemon_assert_status(exporter.pid, "\nGroups:\t4 \n");
    daemon_assert_end(&exporter, SIGTERM, 0);
}

static void fail_capset(void)
{
    let_fail(SYS_capset, EPERM);
}

/* As in a unit that gives capabilities and does not allow to give them up. */
static void test_capabilities_that_stay_end_it(void **state)
{
    (void)state;
    assert_refused((const char *[]){"--user=root", NULL}, fail_capset,
                   "sockdiag_exporter: cannot give up capabilities: Operation not permitted; a "
                   "unit that gives some needs SystemCallFilter=capset\n");
}

static void become_nobody(void)
{
    if (setgroups(0, NULL) != 0 || setresgid(nobodys_group, nobodys_group, nobodys_group) != 0 ||
        setresuid(nobody, nobody, nobody) != 0)
        _exit(99);
}

static void test_an_ordinary_user_stays_itself(void **state)
{
    (void)state;
    if (!can_become)
        skip();
    daemon_start_ready(&exporter, (const char *[]){"--collector.ports", NULL}, become_nobody);
    assert_all_threads_in(nobody, nobodys_group);
    daemon_assert_end(&exporter, SIGTERM, 0);
    assert_refused((const char *[]){"--user=daemon", NULL}, become_nobody,
                   "sockdiag_exporter: cannot become the user daemon: only root can\n");
}

static void test_it_can_be_switched_off(void **state)
{
    (void)state;
    START("--no-sandbox");
    assert_user(exporter.pid, 0, 0);
    daemon_assert_status(exporter.pid, "\nSeccomp:\t0\n");
    daemon_assert_status(exporter.pid, "\nNoNewPrivs:\t0\n");
    daemon_assert_end(&exporter, SIGTERM, 0);
    assert_int_equal(count_text("sandbox"), 0);
}

static void write_config(const char *header, mode_t mode)
{
    char text[256];
    snprintf(text, sizeof text, "http_server_config:\n  headers:\n    X-Frame-Options: %s\n",
             header);
    scratch_write_text("web.yml", text);
    assert_int_equal(chmod(scratch_path("web.yml"), mode), 0);
}

#define LAST_RELOAD "\nsockdiag_exporter_web_config_last_reload_successful "

/* Read at the start with the rights of root, it says at once that it will not be read again. */
static void test_a_file_of_root_alone_is_read_once(void **state)
{
    (void)state;
    char flag[256];
    if (!can_become)
        skip();
    snprintf(flag, sizeof flag, "--web.config.file=%s", scratch_path("web.yml"));
    write_config("deny", 0600);
    START(flag);
    write_config("sameorigin", 0600);
    daemon_await_page(&exporter, PORT, LAST_RELOAD "0\n", true, MOST_PAGES);
    write_config("deny", 0644);
    daemon_await_page(&exporter, PORT, LAST_RELOAD "1\n", true, MOST_PAGES);
    daemon_assert_end(&exporter, SIGTERM, 0);
    assert_int_equal(count_text("web.yml cannot be read by user 65534: changes to it will not take "
                                "effect; choose another user with --user"),
                     1);
    assert_int_equal(count_text("level=warn"), 1);
    assert_int_equal(count_text("web.yml: cannot be read: Permission denied (which "), 1);
    assert_int_equal(count_text("level=error"), 1);
    assert_int_equal(count_text("was read again"), 1);
}

static void test_the_check_warns_of_it(void **state)
{
    (void)state;
    char flag[256];
    if (!can_become)
        skip();
    snprintf(flag, sizeof flag, "--web.config.file=%s", scratch_path("web.yml"));
    for (int readable = 0; readable < 2; readable++) {
        write_config("deny", readable ? 0644 : 0600);
        const char *const arguments[] = {"--config.check", flag, NULL};
        assert_int_equal(daemon_start(&exporter, arguments, NULL), 0);
        daemon_assert_end(&exporter, 0, 0);
        assert_int_equal(count_text("changes to it will not take effect"), !readable);
    }
}

static bool has_landlock(void)
{
    enum { CREATE_RULESET = 444, GET_VERSION = 1 };
    return syscall(CREATE_RULESET, NULL, 0, GET_VERSION) > 0;
}

/* Landlock allows the directories that were named at the start, and those that links lead to. */
static void test_files_elsewhere_are_not_read(void **state)
{
    (void)state;
    char flag[256];
    assert_int_equal(mkdir(scratch_path("real"), 0755), 0);
    assert_int_equal(mkdir(scratch_path("named"), 0755), 0);
    write_config("deny", 0644);
    assert_int_equal(rename(scratch_path("web.yml"), scratch_path("real/web.yml")), 0);
    assert_int_equal(symlink("../real/web.yml", scratch_path("named/web.yml")), 0);
    snprintf(flag, sizeof flag, "--web.config.file=%s", scratch_path("named/web.yml"));
    START(flag);
    scratch_write_text("elsewhere.yml", "");
    scratch_write_text("real/web.yml", "basic_auth_users: [");
    daemon_await_page(&exporter, PORT, LAST_RELOAD "0\n", true, MOST_PAGES);
    scratch_write_text("real/web.yml", "http_server_config:\n  headers: {X-Frame-Options: deny}\n");
    daemon_await_page(&exporter, PORT, LAST_RELOAD "1\n", true, MOST_PAGES);
    assert_int_equal(symlink("../elsewhere.yml", scratch_path("named/new")), 0);
    assert_int_equal(rename(scratch_path("named/new"), scratch_path("named/web.yml")), 0);
    const bool limited = has_landlock();
    if (limited)
        daemon_await_page(&exporter, PORT, LAST_RELOAD "0\n", true, MOST_PAGES);
    daemon_assert_end(&exporter, SIGTERM, 0);
    assert_int_equal(count_text("files: limited"), limited);
    assert_int_equal(count_text("web.yml: cannot be read: Permission denied (which "), limited);
}

#define SANDBOX_TEST(name)                                                                         \
    cmocka_unit_test_prestate_setup_teardown(name, NULL, daemon_end_what_runs, &exporter)

/* Finds nobody, and whether this process can become it. */
static void look_for_nobody(void)
{
    const struct passwd *user = getpwnam("nobody");
    int status = -1;
    if (!user)
        return;
    nobody = user->pw_uid;
    nobodys_group = user->pw_gid;
    pid_t pid = fork();
    if (pid == 0) {
        become_nobody();
        _exit(0);
    }
    can_become = waitpid(pid, &status, 0) == pid && status == 0;
}

int main(void)
{
#ifdef WITHOUT_SANDBOX
    fputs("SKIPPED, with sanitizers the exporter has no sandbox\n", stderr);
    return 77;
#endif
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    look_for_nobody();
    if (!can_become)
        fputs("this user cannot become nobody: some tests are skipped\n", stderr);
    const struct CMUnitTest tests[] = {
        SANDBOX_TEST(test_root_becomes_nobody),
        SANDBOX_TEST(test_the_helper_is_nobodys_too),
        SANDBOX_TEST(test_another_user_is_named),
        SANDBOX_TEST(test_root_can_stay),
        SANDBOX_TEST(test_root_without_setuid_stays),
        SANDBOX_TEST(test_root_that_stays_has_its_groups),
        SANDBOX_TEST(test_capabilities_that_stay_end_it),
        SANDBOX_TEST(test_an_ordinary_user_stays_itself),
        SANDBOX_TEST(test_it_can_be_switched_off),
        SANDBOX_TEST(test_a_file_of_root_alone_is_read_once),
        SANDBOX_TEST(test_the_check_warns_of_it),
        SANDBOX_TEST(test_files_elsewhere_are_not_read),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
