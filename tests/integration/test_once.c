// SPDX-License-Identifier: Apache-2.0
/*
 * The page of the program, run once by root and by a user without any capability, against a zoo:
 * a known number of sockets in each state of each family.
 */
#include "exposition_check.h"
#include "kernel_version.h"
#include "skip.h"
#include "zoo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOBODY = 65534, PAGE_SIZE = 1 << 20 };

static char page[PAGE_SIZE];
static size_t length;
static struct zoo *zoo;
static bool is_root;

static int make_zoo(void **state)
{
    (void)state;
    return zoo_create(&zoo_mix_ipv4, kernel_has_ipv6() ? &zoo_mix_ipv6 : NULL, &zoo);
}

static int destroy_zoo(void **state)
{
    (void)state;
    zoo_destroy(zoo);
    return 0;
}

/* Fills the page. The program is opened by root: the user may not be able to reach its directory.
 */
static void print_page(uid_t user)
{
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    FILE *program = fopen(getenv("EXPORTER"), "re");
    assert_non_null(program);
    pid_t pid = fork();
    if (pid == 0) {
        char *const arguments[] = {"sockdiag_exporter", "--once", NULL};
        dup2(ends[1], STDOUT_FILENO);
        if (user == getuid() || setresuid(user, user, user) == 0)
            fexecve(fileno(program), arguments, environ);
        _exit(127);
    }
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    length = fread(page, 1, sizeof page, output);
    fclose(output);
    fclose(program);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void assert_value(const char *series, double expected)
{
    double value = exposition_read(page, length, series);
    if (value != expected)
        fail_msg("%s %g, expected %g", series, value, expected);
}

static void assert_family(const char *family, const struct zoo_population *population)
{
    const struct {
        const char *state;
        unsigned count;
    } expected[] = {
        {"established", population->established},
        {"syn_sent", population->syn_sent},
        {"syn_recv", population->syn_recv},
        {"fin_wait1", population->fin_wait1},
        {"fin_wait2", population->fin_wait2 + population->fin_wait2_mini},
        {"time_wait", population->time_wait},
        {"close_wait", population->close_wait},
        {"last_ack", population->last_ack},
        {"listen", population->listen},
        {"closing", population->closing},
        {"bound_inactive", population->bound_inactive},
    };
    size_t states = sizeof expected / sizeof expected[0];
    char series[128];
    for (size_t i = 0; i < states; i++) {
        snprintf(series, sizeof series, "sockdiag_tcp_family_sockets{family=\"%s\",state=\"%s\"}",
                 family, expected[i].state);
        double ignored;
        if (i < states - 1 || kernel_is_at_least(6, 8))
            assert_value(series, expected[i].count);
        else
            assert_false(exposition_value(page, length, series, &ignored));
    }
}

static void assert_page(uid_t user)
{
    static const struct zoo_population none;
    char why[256];
    print_page(user);
    if (!exposition_is_valid(page, length, why, sizeof why))
        fail_msg("%s", why);
    assert_family("ipv4", &zoo_mix_ipv4);
    assert_family("ipv6", kernel_has_ipv6() ? &zoo_mix_ipv6 : &none);
    assert_value("sockdiag_exporter_derived_counts", 1);
    assert_value("sockdiag_tcp_sockets{state=\"established\"}",
                 zoo_mix_ipv4.established + (kernel_has_ipv6() ? zoo_mix_ipv6.established : 0));
}

static void test_every_state_is_exact(void **state)
{
    (void)state;
    assert_page(getuid());
}

static void test_nobody_sees_the_same(void **state)
{
    (void)state;
    if (!is_root)
        skip(); /* nor can it become another user */
    assert_page(NOBODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_state_is_exact),
        cmocka_unit_test(test_nobody_sees_the_same),
    };
    is_root = getuid() == 0; /* and not only in a user namespace */
    int skipped = enter_namespace_or_skip();
    return skipped ? skipped : cmocka_run_group_tests(tests, make_zoo, destroy_zoo);
}
