// SPDX-License-Identifier: Apache-2.0
/*
 * The filter of the namespace helper, loaded in children: each call that is not on the list kills,
 * each that is does not, and each of its arguments counts.
 */
#include "kernel/netns_helper_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than any architecture has, and the numbers of x32 beside those of x86-64. */
enum { NUMBERS = 600, X32 = 0x40000000, UNUSED = 77777, SURVIVED = 42, NO_FILTER = 43 };

static _Noreturn void call_filtered(long number, const unsigned long arguments[static 4])
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    close(0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || netns_helper_apply_filter() != 0)
        _exit(NO_FILTER);
    syscall(number, arguments[0], arguments[1], arguments[2], arguments[3]);
    syscall(SYS_exit_group, SURVIVED);
    abort();
}

/* Does a child survive the call? */
static bool survives(long number, const unsigned long arguments[static 4])
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        call_filtered(number, arguments);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGSYS);
        return false;
    }
    assert_int_not_equal(WEXITSTATUS(status), NO_FILTER);
    return true;
}

static bool is_listed(long number)
{
    size_t count;
    const struct allowed_call *calls = netns_helper_allowed_calls(&count);
    for (size_t i = 0; i < count; i++) {
        if (calls[i].number == number)
            return true;
    }
    return false;
}

/* A listed call whose arguments are not checked is survived whatever they are. */
static bool is_checked(long number)
{
    size_t count;
    const struct allowed_call *calls = netns_helper_allowed_calls(&count);
    for (size_t i = 0; i < count; i++) {
        if (calls[i].number == number && !calls[i].check[0].bits)
            return false;
    }
    return true;
}

/* uretprobe() and uprobe() go past every filter (kernel/seccomp.c): only a trampoline that the
 * kernel itself put there can use them. */
static bool is_exempt(long number)
{
#ifdef __x86_64__
    return number == 335 || number == 336;
#else
    return false && number;
#endif
}

static void test_every_other_call_kills(void **state)
{
    (void)state;
    const unsigned long unused[4] = {UNUSED, UNUSED, UNUSED, UNUSED};
    for (long number = 0; number < NUMBERS; number++) {
        bool expected = is_listed(number) && !is_checked(number);
        if (!is_exempt(number) && survives(number, unused) != expected)
            fail_msg("call %ld: expected %s", number, expected ? "life" : "death");
    }
}

static void test_calls_of_another_kind_kill(void **state)
{
    (void)state;
    const unsigned long unused[4] = {UNUSED, UNUSED, UNUSED, UNUSED};
    size_t count;
    const struct allowed_call *calls = netns_helper_allowed_calls(&count);
    for (size_t i = 0; i < count; i++)
        assert_false(survives(X32 | calls[i].number, unused));
}

#ifdef __x86_64__
/* The 32-bit entry has numbers of its own: 3 is read() there and close() here. */
static void test_the_32_bit_entry_kills(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || netns_helper_apply_filter() != 0)
            syscall(SYS_exit_group, NO_FILTER);
        long result = SYS_close;
        __asm__ volatile("int $0x80" : "+a"(result) : "b"(UNUSED), "c"(0), "d"(0) : "memory");
        syscall(SYS_exit_group, SURVIVED);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
        skip(); /* a kernel without it */
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}
#endif

/* What the arguments must be, the others 0: no call does any harm with these. */
static void fill(const struct allowed_call *call, unsigned long arguments[static 4])
{
    for (int i = 0; i < 4; i++)
        arguments[i] = 0;
    for (unsigned c = 0; c < CALL_CHECKS && call->check[c].bits; c++)
        arguments[call->check[c].half / 2] = call->check[c].value;
}

static void test_the_list_lives_and_each_argument_counts(void **state)
{
    (void)state;
    size_t count;
    const struct allowed_call *calls = netns_helper_allowed_calls(&count);
    assert_in_range(count, 8, 12);
    for (size_t i = 0; i < count; i++) {
        unsigned long arguments[4];
        fill(&calls[i], arguments);
        assert_true(survives(calls[i].number, arguments));
        for (unsigned c = 0; c < CALL_CHECKS && calls[i].check[c].bits; c++) {
            unsigned argument = calls[i].check[c].half / 2;
            fill(&calls[i], arguments);
            for (unsigned bit = 0; bit < 31; bit += 3) { /* not one that another entry allows */
                arguments[argument] = calls[i].check[c].value ^ 1UL << bit;
                assert_false(survives(calls[i].number, arguments));
            }
        }
    }
}

int main(void)
{
    size_t count;
    netns_helper_allowed_calls(&count);
    if (count == 0) {
        fputs("SKIPPED, the filter is not written for this processor\n", stderr);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_other_call_kills),
        cmocka_unit_test(test_calls_of_another_kind_kill),
#ifdef __x86_64__
        cmocka_unit_test(test_the_32_bit_entry_kills),
#endif
        cmocka_unit_test(test_the_list_lives_and_each_argument_counts),
    };
    return cmocka_run_group_tests_name("netns_helper_filter", tests, NULL, NULL);
}
