// SPDX-License-Identifier: Apache-2.0
/*
 * Landlock of the running kernel, in children of the test.
 */
#include "kernel/landlock.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int version; /* of the kernel's Landlock */

/* Enter it in a child, for these directories of the scratch directory, and do `work` there. Returns
 * 0, or the errno of the work. */
static int within(const char *const directories[], size_t count, int (*work)(const char *),
                  const char *name)
{
    static char paths[4][256];
    const char *allowed[6] = {NULL, "no such directory"}; /* these are left out */
    int status;
    for (size_t i = 0; i < count; i++) {
        snprintf(paths[i], sizeof paths[i], "%s", scratch_path(directories[i]));
        allowed[i + 2] = paths[i];
    }
    pid_t pid = fork();
    if (pid == 0) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            landlock_read_only(allowed, count + 2) != version)
            _exit(255);
        _exit(work(scratch_path(name)) < 0 ? errno : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 255);
    return WEXITSTATUS(status);
}
#define WITHIN_ONE(...) within((const char *const[]){"one"}, 1, __VA_ARGS__)

static int read_it(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC);
}

static int list_it(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int write_it(const char *path)
{
    return open(path, O_WRONLY | O_CLOEXEC);
}

static int create_beside_it(const char *path)
{
    char other[300];
    snprintf(other, sizeof other, "%s.new", path);
    return open(other, O_CREAT | O_RDONLY | O_CLOEXEC, 0600);
}

static int rename_it(const char *path)
{
    char other[300];
    snprintf(other, sizeof other, "%s.old", path);
    return rename(path, other);
}

static int truncate_it(const char *path)
{
    return truncate(path, 0);
}

static int execute_it(const char *path)
{
    (void)path;
    return execl("/bin/true", "true", (char *)NULL);
}

static int read_one(const char *path)
{
    (void)path;
    return read_it(scratch_path("one/file"));
}

static void test_reads_what_is_beneath(void **state)
{
    (void)state;
    assert_int_equal(WITHIN_ONE(read_it, "one/file"), 0);
    assert_int_equal(WITHIN_ONE(list_it, "one"), 0);
    assert_int_equal(WITHIN_ONE(read_it, "two/file"), EACCES);
    assert_int_equal(WITHIN_ONE(list_it, "two"), EACCES);
    assert_int_equal(WITHIN_ONE(read_it, "one/link"), EACCES); /* to a file of two */
    assert_int_equal(within((const char *const[]){"one", "two"}, 2, read_it, "one/link"), 0);
}

static void test_nothing_is_written_or_executed(void **state)
{
    (void)state;
    assert_int_equal(WITHIN_ONE(write_it, "one/file"), EACCES);
    assert_int_equal(WITHIN_ONE(create_beside_it, "one/file"), EACCES);
    assert_int_equal(WITHIN_ONE(rename_it, "one/file"), EACCES);
    assert_int_equal(WITHIN_ONE(execute_it, "one/file"), EACCES);
    if (version >= 3)
        assert_int_equal(WITHIN_ONE(truncate_it, "one/file"), EACCES);
    assert_int_equal(within(NULL, 0, read_one, ""), EACCES);
}

/* Such as /run/netns, which the first `ip netns add` makes. */
static void test_a_directory_that_does_not_exist_yet(void **state)
{
    (void)state;
    const char *const later[] = {"one/later/still"};
    assert_int_equal(within(later, 1, read_it, "one/file"), 0);
    assert_int_equal(within(later, 1, read_it, "two/file"), EACCES);
}

static int try_port(int (*call)(int, const struct sockaddr *, socklen_t))
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return call(fd, (const struct sockaddr *)&address, sizeof address);
}

static int bind_it(const char *path)
{
    (void)path;
    return try_port(bind);
}

static int connect_it(const char *path)
{
    (void)path;
    return try_port(connect);
}

static void test_no_port_is_bound_or_connected_to(void **state)
{
    (void)state;
    if (version < 4)
        skip();
    assert_int_equal(WITHIN_ONE(bind_it, ""), EACCES);
    assert_int_equal(WITHIN_ONE(connect_it, ""), EACCES);
}

static int make_files(void **state)
{
    if (scratch_make(state) != 0 || mkdir(scratch_path("one"), 0700) != 0 ||
        mkdir(scratch_path("two"), 0700) != 0)
        return -1;
    scratch_write_text("one/file", "text");
    scratch_write_text("two/file", "text");
    return symlink("../two/file", scratch_path("one/link"));
}

/* The version, of a child that gives up all; 0 if there is none. */
static int find_version(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        int result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? landlock_read_only(NULL, 0) : 0;
        _exit(result > 0 ? result : 0);
    }
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

int main(void)
{
    version = find_version();
    if (version == 0) {
        fputs("SKIPPED, the kernel has no Landlock\n", stderr);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_is_beneath),
        cmocka_unit_test(test_nothing_is_written_or_executed),
        cmocka_unit_test(test_a_directory_that_does_not_exist_yet),
        cmocka_unit_test(test_no_port_is_bound_or_connected_to),
    };
    return cmocka_run_group_tests_name("landlock", tests, make_files, scratch_remove);
}
