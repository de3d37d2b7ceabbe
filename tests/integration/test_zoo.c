// SPDX-License-Identifier: Apache-2.0
/*
 * Does the zoo have the sockets that it reports? Checked with independent tools: ss of iproute2,
 * /proc/net/sockstat, and, for bound-only sockets, which ss lists only since version 6.9, a
 * sock_diag dump.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kernel_version.h"
#include "netns.h"
#include "skip.h"
#include "zoo.h"

/* The bit of a bound socket in idiag_states; the headers have had a name for it since Linux 6.8. */
#define BOUND_INACTIVE_BIT (UINT32_C(1) << 13)

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The counter for a line of ss; only minisockets have the timer "timewait". */
static unsigned *counter(struct zoo_population *population, const char *line)
{
    const bool is_mini = strstr(line, "timer:(timewait") != NULL;
    const struct {
        const char *name;
        unsigned *count;
    } states[] = {
        {"ESTAB ", &population->established},
        {"SYN-SENT ", &population->syn_sent},
        {"SYN-RECV ", &population->syn_recv},
        {"FIN-WAIT-1 ", &population->fin_wait1},
        {"FIN-WAIT-2 ", is_mini ? &population->fin_wait2_mini : &population->fin_wait2},
        {"TIME-WAIT ", &population->time_wait},
        {"CLOSE-WAIT ", &population->close_wait},
        {"LAST-ACK ", &population->last_ack},
        {"LISTEN ", &population->listen},
        {"CLOSING ", &population->closing},
        {"UNCONN ", &population->bound_inactive}, /* which ss of Debian 12 does not list */
    };

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strncmp(line, states[i].name, strlen(states[i].name)) == 0)
            return states[i].count;
    }
    fail_msg("unknown state in the output of ss: %s", line);
    return NULL;
}

/* Counts the sockets that a command of ss lists. */
static struct zoo_population count_by_ss(const char *command)
{
    struct zoo_population population = {0};
    char line[512];

    FILE *ss = popen(command, "re");
    assert_non_null(ss);
    while (fgets(line, sizeof(line), ss) != NULL)
        ++*counter(&population, line);
    assert_int_equal(pclose(ss), 0);
    return population;
}

static void assert_population(const char *command, const struct zoo_population *expected)
{
    const struct zoo_population seen = count_by_ss(command);

    assert_int_equal(seen.established, expected->established);
    assert_int_equal(seen.syn_sent, expected->syn_sent);
    assert_int_equal(seen.syn_recv, expected->syn_recv);
    assert_int_equal(seen.fin_wait1, expected->fin_wait1);
    assert_int_equal(seen.fin_wait2, expected->fin_wait2);
    assert_int_equal(seen.fin_wait2_mini, expected->fin_wait2_mini);
    assert_int_equal(seen.time_wait, expected->time_wait);
    assert_int_equal(seen.close_wait, expected->close_wait);
    assert_int_equal(seen.last_ack, expected->last_ack);
    assert_int_equal(seen.listen, expected->listen);
    assert_int_equal(seen.closing, expected->closing);
    if (seen.bound_inactive != 0)
        assert_int_equal(seen.bound_inactive, expected->bound_inactive);
}

/* A number of sockstat or sockstat6, where a line is "PROTOCOL: key 1 key 2 ...". */
static unsigned sockstat(const char *path, const char *protocol, const char *key)
{
    char line[256];
    unsigned value = UINT_MAX;

    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *found = strstr(line, key);
        if (strncmp(line, protocol, strlen(protocol)) == 0 && found != NULL)
            value = (unsigned)strtoul(found + strlen(key), NULL, 10);
    }
    fclose(file);
    return value;
}

/* The kernel's number "inuse": all full sockets that are not bound-only. */
static unsigned full_sockets(const struct zoo_population *population)
{
    return population->established + population->syn_sent + population->fin_wait1 +
           population->fin_wait2 + population->close_wait + population->last_ack +
           population->listen + population->closing;
}

static unsigned minisockets(const struct zoo_population *population)
{
    return population->fin_wait2_mini + population->time_wait;
}

static void assert_sockstat(unsigned inuse4, unsigned inuse6, unsigned tw)
{
    assert_int_equal(sockstat("/proc/net/sockstat", "TCP:", " inuse "), inuse4);
    assert_int_equal(sockstat("/proc/net/sockstat6", "TCP6:", " inuse "), inuse6);
    assert_int_equal(sockstat("/proc/net/sockstat", "TCP:", " tw "), tw);
}

static int count_message(const struct nlmsghdr *message, void *count)
{
    (void)message;
    ++*(unsigned *)count;
    return MNL_CB_OK;
}

static unsigned count_bound_inactive(uint8_t family)
{
    _Alignas(struct nlmsghdr) char buffer[32768] = {0};
    unsigned count = 0;
    int more = MNL_CB_OK;

    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
    header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
    request->sdiag_family = family;
    request->sdiag_protocol = IPPROTO_TCP;
    request->idiag_states = BOUND_INACTIVE_BIT;

    struct mnl_socket *diag = mnl_socket_open(NETLINK_SOCK_DIAG);
    assert_non_null(diag);
    assert_true(mnl_socket_sendto(diag, header, header->nlmsg_len) > 0);
    while (more == MNL_CB_OK) {
        ssize_t size = mnl_socket_recvfrom(diag, buffer, sizeof(buffer));
        assert_true(size > 0);
        more = mnl_cb_run(buffer, (size_t)size, 0, 0, count_message, &count);
    }
    assert_int_equal(more, MNL_CB_STOP);
    mnl_socket_close(diag);
    return count;
}

static void assert_empty(void)
{
    const struct zoo_population none = {0};

    assert_population("ss -H -tano", &none);
    assert_sockstat(0, 0, 0);
}

static int destroy_zoo(void **state)
{
    zoo_destroy(*state);
    *state = NULL;
    return 0;
}

static void every_state_has_exactly_its_count(void **state)
{
    const double start = now_ms();
    assert_int_equal(zoo_create(&zoo_mix_ipv4, &zoo_mix_ipv6, (struct zoo **)state), 0);
    print_message("zoo_create: %.1f ms\n", now_ms() - start);

    assert_population("ss -H -4tano", &zoo_mix_ipv4);
    assert_population("ss -H -6tano", &zoo_mix_ipv6);
    assert_sockstat(full_sockets(&zoo_mix_ipv4), full_sockets(&zoo_mix_ipv6),
                    minisockets(&zoo_mix_ipv4) + minisockets(&zoo_mix_ipv6));
}

static void bound_sockets_exist(void **state)
{
    if (!kernel_is_at_least(6, 8)) {
        print_message("SKIPPED: before Linux 6.8 the kernel does not list bound-only sockets\n");
        skip();
    }
    assert_int_equal(zoo_create(&zoo_mix_ipv4, &zoo_mix_ipv6, (struct zoo **)state), 0);
    assert_int_equal(count_bound_inactive(AF_INET), zoo_mix_ipv4.bound_inactive);
    assert_int_equal(count_bound_inactive(AF_INET6), zoo_mix_ipv6.bound_inactive);
}

static void v4_mapped_sockets_are_ipv6_with_ipv4_addresses(void **state)
{
    const struct zoo_population none = {0};

    assert_int_equal(zoo_create(NULL, NULL, (struct zoo **)state), 0);
    assert_int_equal(zoo_add(*state, ZOO_V4_MAPPED, &zoo_mix_ipv4), 0);

    assert_population("ss -H -6tano src '[::ffff:" NETNS_VOID_IPV4 "]'", &zoo_mix_ipv4);
    assert_population("ss -H -4tano", &none);
    assert_sockstat(0, full_sockets(&zoo_mix_ipv4), minisockets(&zoo_mix_ipv4));
}

static void a_zoo_grows(void **state)
{
    const struct zoo_population few = {.established = 2, .syn_recv = 3, .listen = 1};
    const struct zoo_population more = {.syn_recv = 2, .time_wait = 1};
    const struct zoo_population sum = {
        .established = 2, .syn_recv = 5, .time_wait = 1, .listen = 1};

    assert_int_equal(zoo_create(&few, NULL, (struct zoo **)state), 0);
    assert_int_equal(zoo_add(*state, ZOO_IPV4, &more), 0);
    assert_population("ss -H -tano", &sum);
}

static void a_request_needs_a_listener(void **state)
{
    const struct zoo_population homeless = {.syn_recv = 1};

    assert_int_equal(zoo_create(NULL, &homeless, (struct zoo **)state), -EINVAL);
    assert_null(*state);
}

static void destroying_a_zoo_removes_all(void **state)
{
    uint16_t port;

    assert_int_equal(zoo_create(&zoo_mix_ipv4, &zoo_mix_ipv6, (struct zoo **)state), 0);
    assert_int_equal(zoo_add(*state, ZOO_V4_MAPPED, &zoo_mix_ipv6), 0);
    assert_int_equal(zoo_fill_accept_queue(*state, ZOO_IPV4, 5, 5, &port), 0);
    assert_int_equal(zoo_burst_syn_recv(*state, 10), 0);

    destroy_zoo(state);
    assert_empty();
}

/* From ss: the length and the limit of a listener's queue. */
static void assert_accept_queue(uint16_t port, unsigned length, unsigned limit)
{
    char command[64];
    unsigned seen_length, seen_limit;

    snprintf(command, sizeof(command), "ss -H -ltn sport = :%u", port);
    FILE *ss = popen(command, "re");
    assert_non_null(ss);
    assert_int_equal(fscanf(ss, "LISTEN %u %u %*[^\n]\n", &seen_length, &seen_limit), 2);
    assert_int_equal(fgetc(ss), EOF);
    assert_int_equal(pclose(ss), 0);
    assert_int_equal(seen_length, length);
    assert_int_equal(seen_limit, limit);
}

static void accept_queues_have_their_length(void **state)
{
    const struct zoo_population sum = {.listen = 4, .established = 2 * (0 + 1 + 8 + 300)};
    /* Older kernels hide somaxconn in a user namespace. */
    const unsigned most = access("/proc/sys/net/core/somaxconn", W_OK) == 0 ? 65535 : 4096;
    uint16_t empty, brim, mapped, large;

    assert_int_equal(zoo_create(NULL, NULL, (struct zoo **)state), 0);
    assert_int_equal(zoo_fill_accept_queue(*state, ZOO_IPV4, 16, 0, &empty), 0);
    assert_int_equal(zoo_fill_accept_queue(*state, ZOO_V4_MAPPED, 0, 1, &mapped), 0);
    assert_int_equal(zoo_fill_accept_queue(*state, ZOO_IPV6, 7, 8, &brim), 0);
    assert_int_equal(zoo_fill_accept_queue(*state, ZOO_IPV4, most, 300, &large), 0);

    assert_accept_queue(empty, 0, 16);
    assert_accept_queue(mapped, 1, 0);
    assert_accept_queue(brim, 8, 7);
    assert_accept_queue(large, 300, most);
    assert_population("ss -H -tano", &sum);
    assert_int_equal(zoo_fill_accept_queue(*state, ZOO_IPV4, 7, 9, &large), -EINVAL);
}

static void a_burst_comes_and_goes(void **state)
{
    const struct zoo_population before = {.syn_recv = 3, .listen = 1};
    const struct zoo_population during = {.syn_recv = 3003, .listen = 2};

    assert_int_equal(zoo_create(&before, NULL, (struct zoo **)state), 0);
    const double start = now_ms();
    assert_int_equal(zoo_burst_syn_recv(*state, 3000), 0);
    print_message("zoo_burst_syn_recv(3000): %.1f ms\n", now_ms() - start);
    assert_population("ss -H -tano", &during);
    assert_int_equal(zoo_burst_syn_recv(*state, 1), -EBUSY);

    const double end = now_ms();
    assert_int_equal(zoo_burst_end(*state), 0);
    print_message("zoo_burst_end: %.1f ms\n", now_ms() - end);
    assert_population("ss -H -tano", &before);
}

/* A test that forgot to enter a namespace must not reconfigure the machine. */
static void a_foreign_namespace_is_not_changed(void **state)
{
    int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    assert_true(own >= 0);
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    int add_void = netns_add_void();
    int sysctl = netns_sysctl_write("ipv4/tcp_fin_timeout", "50");
    int create = zoo_create(&zoo_mix_ipv4, &zoo_mix_ipv6, (struct zoo **)state);
    assert_int_equal(setns(own, CLONE_NEWNET), 0);
    close(own);

    assert_int_equal(add_void, -EPERM);
    assert_int_equal(sysctl, -EPERM);
    assert_int_equal(create, -EPERM);
}

#define ZOO_TEST(NAME) cmocka_unit_test_teardown(NAME, destroy_zoo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ZOO_TEST(every_state_has_exactly_its_count),
        ZOO_TEST(bound_sockets_exist),
        ZOO_TEST(v4_mapped_sockets_are_ipv6_with_ipv4_addresses),
        ZOO_TEST(a_zoo_grows),
        ZOO_TEST(a_request_needs_a_listener),
        ZOO_TEST(destroying_a_zoo_removes_all),
        ZOO_TEST(accept_queues_have_their_length),
        ZOO_TEST(a_burst_comes_and_goes),
        ZOO_TEST(a_foreign_namespace_is_not_changed),
    };

    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
