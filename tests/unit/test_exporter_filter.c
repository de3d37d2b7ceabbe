// SPDX-License-Identifier: Apache-2.0
/*
 * The filter of the exporter, loaded in children: each call that is not on the list kills, and so
 * do those of the list when they would do more than the exporter needs.
 */
#include "kernel/exporter_filter.h"

#include "filtered_call.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t helper; /* gets signals, unless it is 0 */

static int load_filter(void)
{
    return exporter_filter_apply(helper);
}

static int get_outcome(const struct filtered_call *call)
{
    return filtered_call_outcome(load_filter, filtered_call_make, call);
}

static void assert_outcomes(const struct filtered_call *calls, size_t count, int expected)
{
    for (size_t i = 0; i < count; i++) {
        int got = get_outcome(&calls[i]);
        if (got != expected)
            fail_msg("%s: %d instead of %d", calls[i].what, got, expected);
    }
}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The smallest number that stands for all higher ones. */
static long find_new_calls(const struct allowed_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (calls[i].and_higher)
            return calls[i].number;
    }
    fail_msg("there is none");
    return 0;
}

static bool is_listed(const struct allowed_call *calls, size_t count, long number)
{
    for (size_t i = 0; i < count; i++) {
        if (calls[i].number == number)
            return true;
    }
    return false;
}

static void test_every_other_call_kills(void **state)
{
    (void)state;
    struct allowed_call calls[EXPORTER_CALLS_MOST];
    size_t count = exporter_filter_list(0, calls);
    long new_calls = find_new_calls(calls, count);
    assert_in_range(count, 80, 110);
    for (long number = 0; number < new_calls; number++) {
        const struct filtered_call call = {"another call", number, {0}};
        if (!is_listed(calls, count, number) && !filtered_call_is_exempt(number) &&
            get_outcome(&call) != -SIGSYS)
            fail_msg("call %ld is made", number);
    }
}

static void test_new_calls_are_not_there(void **state)
{
    (void)state;
    struct allowed_call calls[EXPORTER_CALLS_MOST];
    long new_calls = find_new_calls(calls, exporter_filter_list(0, calls));
    const struct filtered_call absent[] = {
        {"clone3", SYS_clone3, {0}},      {"the first new one", new_calls, {0}},
        {"the next", new_calls + 1, {0}}, {"x32", 0x40000000L | SYS_getpid, {0}},
        {"the last", INT32_MAX, {0}},
    };
    assert_outcomes(absent, COUNT(absent), CALL_NOT_THERE);
}

static const char path[] = "/dev/null";
#define PATH ((unsigned long)path)
#define HERE ((unsigned long)AT_FDCWD)

static void test_what_would_do_more_kills(void **state)
{
    (void)state;
    const struct filtered_call killed[] = {
        {"execve", SYS_execve, {PATH}},
        {"execveat", SYS_execveat, {HERE, PATH}},
        {"ptrace", SYS_ptrace, {PTRACE_TRACEME}},
        {"another process's memory", SYS_process_vm_readv, {1}},
        {"a process", SYS_clone, {SIGCHLD}},
        {"open for writing", SYS_openat, {HERE, PATH, O_WRONLY}},
        {"open for both", SYS_openat, {HERE, PATH, O_RDWR}},
        {"create", SYS_openat, {HERE, PATH, O_CREAT}},
        {"truncate", SYS_openat, {HERE, PATH, O_TRUNC}},
        {"a file without a name", SYS_openat, {HERE, PATH, O_TMPFILE | O_WRONLY}},
        {"executable memory", SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE}},
        {"memory made executable", SYS_mprotect, {0, 4096, PROT_EXEC}},
        {"IPv4", SYS_socket, {AF_INET, SOCK_STREAM, 0}},
        {"IPv6", SYS_socket, {AF_INET6, SOCK_STREAM, 0}},
        {"packets", SYS_socket, {AF_PACKET, SOCK_RAW, 0}},
        {"a UNIX stream", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}},
        {"UNIX packets", SYS_socket, {AF_UNIX, SOCK_SEQPACKET, 0}},
        {"another netlink", SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER}},
        {"an IPv4 pair", SYS_socketpair, {AF_INET, SOCK_STREAM, 0}},
        {"connect", SYS_connect, {0}},
        {"connect with data", SYS_sendto, {0, PATH, 1, MSG_FASTOPEN}},
        {"connect with a message", SYS_sendmsg, {0, 0, MSG_FASTOPEN}},
        {"typing into a terminal", SYS_ioctl, {0, TIOCSTI}},
        {"an event's filter", SYS_ioctl, {0, 0x40082406}},
        {"a signal for I/O", SYS_fcntl, {0, F_SETOWN, 1}},
        {"a signal to init", SYS_kill, {1, 0}},
        {"a signal to all", SYS_kill, {(unsigned long)-1, 0}},
        {"a signal to the group", SYS_kill, {0, 0}},
        {"a signal to init's thread", SYS_tgkill, {1, 1, 0}},
        {"another limit", SYS_prlimit64, {0, RLIMIT_NOFILE, PATH}},
        {"a limit in the low half", SYS_prlimit64, {0, RLIMIT_NOFILE, 1}},
        {"a limit in the high half", SYS_prlimit64, {0, RLIMIT_NOFILE, 1UL << 32}},
        {"dumpable again", SYS_prctl, {PR_SET_DUMPABLE, 1}},
        {"another user", SYS_setuid, {0}},
    };
    assert_outcomes(killed, COUNT(killed), -SIGSYS);
}

static void *do_nothing(void *argument)
{
    return argument;
}

/* What the C library does with the calls of the list. */
static void live(const void *argument)
{
    (void)argument;
    pthread_t thread;
    char name[IF_NAMESIZE];
    struct timespec none = {0};
    struct rlimit limit;
    sigset_t set;
    sigemptyset(&set);
    FILE *file = fopen("/proc/self/status", "re");
    bool good = file && fgetc(file) == 'N' && fclose(file) == 0 && if_indextoname(1, name) &&
                access("/proc/net/unix", R_OK) == 0 && /* as older ones do for the name */
                pthread_create(&thread, NULL, do_nothing, NULL) == 0 &&
                pthread_join(thread, NULL) == 0 && sigtimedwait(&set, NULL, &none) == -1 &&
                kill(getpid(), 0) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0;
    void *memory = malloc(1 << 24); /* beyond the threshold of mmap() */
    memory = memory ? realloc(memory, 1 << 25) : NULL;
    good = good && memory;
    free(memory);
#ifdef TCGETS2
    ioctl(STDOUT_FILENO, TCGETS2, &(struct termios2){0}); /* isatty() of glibc 2.42 */
#endif
    if (!good)
        _exit(1);
    errno = 0;
}

static void test_the_library_lives(void **state)
{
    (void)state;
    assert_int_equal(filtered_call_outcome(load_filter, live, NULL), CALL_MADE);
}

static void test_the_helper_alone_gets_signals(void **state)
{
    (void)state;
    const struct filtered_call self = {
        "a signal to the parent", SYS_kill, {(unsigned long)getpid(), 0}};
    assert_int_equal(get_outcome(&self), -SIGSYS);
    helper = getpid();
    assert_int_equal(get_outcome(&self), CALL_MADE);
    helper = 0;
}

static void abort_it(const void *argument)
{
    (void)argument;
    abort();
}

static void test_abort_is_seen_as_one(void **state)
{
    (void)state;
    assert_int_equal(filtered_call_outcome(load_filter, abort_it, NULL), -SIGABRT);
}

int main(void)
{
#ifdef WITHOUT_SANDBOX
    fputs("SKIPPED, sanitizers make calls of their own\n", stderr);
    return 77;
#endif
    const struct allowed_call all = {.number = 0, .and_higher = true};
    pid_t pid = fork();
    if (pid == 0)
        _exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
              call_filter_apply(&all, 1) == -ENOTSUP);
    int status = 0;
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        fputs("SKIPPED, the filter is not written for this processor\n", stderr);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_other_call_kills),
        cmocka_unit_test(test_new_calls_are_not_there),
        cmocka_unit_test(test_what_would_do_more_kills),
        cmocka_unit_test(test_the_library_lives),
        cmocka_unit_test(test_the_helper_alone_gets_signals),
        cmocka_unit_test(test_abort_is_seen_as_one),
    };
    return cmocka_run_group_tests_name("exporter_filter", tests, NULL, NULL);
}
