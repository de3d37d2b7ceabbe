// SPDX-License-Identifier: Apache-2.0
/*
 * The filter of the namespace helper, loaded in children: each call that is not on the list kills,
 * each that is does not, and each of its arguments counts.
 */
#include "kernel/netns_helper_filter.h"

#include "filtered_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More than any architecture has, and the numbers of x32 beside those of x86-64. */
enum { NUMBERS = 600, X32 = 0x40000000, UNUSED = 77777 };

/* Its socket must not be the standard input of the test. */
static int load_filter(void)
{
    close(NETNS_HELPER_SOCKET);
    return netns_helper_apply_filter();
}

/* Does a child survive the call? */
static bool survives(const struct filtered_call *call)
{
    int outcome = filtered_call_outcome(load_filter, filtered_call_make, call);
    if (outcome < 0)
        assert_int_equal(outcome, -SIGSYS);
    return outcome >= 0;
}

static struct filtered_call make_unused(long number)
{
    return (struct filtered_call){.number = number, .arguments = {UNUSED, UNUSED, UNUSED, UNUSED}};
}

/* A listed call whose arguments are not checked is survived whatever they are. */
static bool is_free(long number)
{
    size_t count;
    const struct allowed_call *calls = netns_helper_allowed_calls(&count);
    for (size_t i = 0; i < count; i++) {
        if (calls[i].number == number && !calls[i].check[0].bits)
            return true;
    }
    return false;
}

static void test_every_other_call_kills(void **state)
{
    (void)state;
    for (long number = 0; number < NUMBERS; number++) {
        const struct filtered_call call = make_unused(number);
        if (!filtered_call_is_exempt(number) && survives(&call) != is_free(number))
            fail_msg("call %ld: expected %s", number, is_free(number) ? "life" : "death");
    }
}

static void test_calls_of_another_kind_kill(void **state)
{
    (void)state;
    size_t count;
    const struct allowed_call *calls = netns_helper_allowed_calls(&count);
    for (size_t i = 0; i < count; i++) {
        const struct filtered_call call = make_unused(X32 | calls[i].number);
        assert_false(survives(&call));
    }
}

#ifdef __x86_64__
static void close_by_32_bit_entry(const void *argument)
{
    (void)argument;
    long result = SYS_close;
    __asm__ volatile("int $0x80" : "+a"(result) : "b"(UNUSED), "c"(0), "d"(0) : "memory");
}

/* The 32-bit entry has numbers of its own: 3 is read() there and close() here. */
static void test_the_32_bit_entry_kills(void **state)
{
    (void)state;
    int outcome = filtered_call_outcome(load_filter, close_by_32_bit_entry, NULL);
    if (outcome == -SIGSEGV)
        skip(); /* a kernel without it */
    assert_int_equal(outcome, -SIGSYS);
}
#endif

/* What the arguments must be, the others 0: no call does any harm with these. */
static struct filtered_call make_allowed(const struct allowed_call *allowed)
{
    struct filtered_call call = {.number = allowed->number};
    for (unsigned c = 0; c < CALL_CHECKS && allowed->check[c].bits; c++)
        call.arguments[allowed->check[c].half / 2] = allowed->check[c].value;
    return call;
}

static void test_the_list_lives_and_each_argument_counts(void **state)
{
    (void)state;
    size_t count;
    const struct allowed_call *calls = netns_helper_allowed_calls(&count);
    assert_in_range(count, 8, 12);
    for (size_t i = 0; i < count; i++) {
        struct filtered_call call = make_allowed(&calls[i]);
        assert_true(survives(&call));
        for (unsigned c = 0; c < CALL_CHECKS && calls[i].check[c].bits; c++) {
            unsigned argument = calls[i].check[c].half / 2;
            call = make_allowed(&calls[i]);
            for (unsigned bit = 0; bit < 31; bit += 3) { /* not one that another entry allows */
                call.arguments[argument] = calls[i].check[c].value ^ 1UL << bit;
                assert_false(survives(&call));
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
