// SPDX-License-Identifier: Apache-2.0
/*
 * Findings for the operator: the limits of the levels, the order, and the texts.
 */
#include "status/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

static const double now = 1767225600;

/* A host with all numbers known and none close to a limit. */
struct fixture {
    struct listener_row queues[2];
    struct destination destination;
    struct snapshot snapshot;
    struct verdict verdict;
};

static int make_calm(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    memset(f, 0, sizeof *f);
    f->queues[0] = (struct listener_row){.port = 80, .queue_limit = 100};
    f->queues[1] = (struct listener_row){.port = 81, .queue_limit = 100};
    f->destination = (struct destination){.remote_port = 443};
    inet_pton(AF_INET, "192.0.2.1", &f->destination.local_address);
    inet_pton(AF_INET, "198.51.100.7", &f->destination.remote_address);
    f->snapshot = (struct snapshot){
        .has_counts = true,
        .has_detail = true,
        .has_settings = true,
        .listeners_collected = true,
        .settings = {.time_wait_limit = 1000},
        .queues = f->queues,
        .queue_count = 2,
        .ports = {[SOCKET_TCP] = {.present = true,
                                  .has_destinations = true,
                                  .destinations = &f->destination,
                                  .destination_count = 1},
                  [SOCKET_UDP] = {.present = true}},
    };
    *state = f;
    return 0;
}

static void reach(struct fixture *f)
{
    verdict_reach(&f->verdict, &f->snapshot, now);
}

/* The level of the only finding. */
static enum alert_level level_of(struct fixture *f)
{
    reach(f);
    assert_int_equal(f->verdict.count, 1);
    return f->verdict.findings[0].level;
}

static void assert_fact(const struct fixture *f, size_t place, const char *fact)
{
    assert_true(place < f->verdict.count);
    assert_string_equal(f->verdict.findings[place].fact, fact);
    assert_true(strlen(f->verdict.findings[place].meaning) > 0);
}

struct step {
    double share;
    enum alert_level level;
};

/* The level at each share written to `place`. */
static void assert_steps(struct fixture *f, double *place, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        *place = steps[i].share;
        if (level_of(f) != steps[i].level)
            fail_msg("%g is %s", steps[i].share, alert_level_names[level_of(f)]);
    }
}

#define assert_levels(f, place, ...)                                                               \
    assert_steps(f, place, (const struct step[]){__VA_ARGS__},                                     \
                 sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))

static void assert_meaning(const struct fixture *f, const char *part)
{
    if (!strstr(f->verdict.findings[0].meaning, part))
        fail_msg("not \"%s\": %s", part, f->verdict.findings[0].meaning);
}

static void assert_all_clear(struct fixture *f, const char *fact, const char *meaning)
{
    assert_int_equal(level_of(f), LEVEL_OK);
    assert_fact(f, 0, fact);
    assert_string_equal(f->verdict.findings[0].meaning, meaning);
}

static void test_an_all_clear_reports_the_distances(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_DESTINATION] = 0.21;
    f->snapshot.sockets[TCP_STATE_TIME_WAIT] = 30;
    f->queues[0].queue_peak = 12;
    f->queues[1].queue_peak = 11;
#define MEANING                                                                                    \
    "Ports towards the fullest destination: 21\u202f%. Fullest accept queue: 12\u202f%. "          \
    "TIME_WAIT limit: 3\u202f%."
    assert_all_clear(f, "Nothing is close to a limit", MEANING);
    f->snapshot.ports[SOCKET_UDP].present = false;
    assert_all_clear(f, "Nothing known is close to a limit", MEANING);
#undef MEANING
    f->snapshot.queue_count = 0;
    f->snapshot.ports[SOCKET_TCP].has_destinations = f->snapshot.has_settings = false;
    assert_all_clear(f, "Nothing known is close to a limit",
                     "Ports towards the fullest destination: ?. Fullest accept queue: 0\u202f%. "
                     "TIME_WAIT limit: ?.");
    f->snapshot.listeners_collected = f->snapshot.ports[SOCKET_TCP].present = false;
    f->snapshot.ports[SOCKET_TCP].has_destinations = f->snapshot.has_settings = true;
    assert_all_clear(f, "Nothing known is close to a limit",
                     "Ports towards the fullest destination: ?. Fullest accept queue: ?. "
                     "TIME_WAIT limit: 3\u202f%.");
    f->snapshot.settings.time_wait_limit = PROCFS_ABSENT;
    assert_int_equal(level_of(f), LEVEL_OK);
    assert_meaning(f, "TIME_WAIT limit: ?.");
}

static void test_an_all_clear_needs_to_know_all(void **state)
{
    struct fixture *f = *state;
    struct snapshot *s = &f->snapshot;
    bool *const parts[] = {&s->listeners_collected, &s->has_settings, &s->ports[SOCKET_TCP].present,
                           &s->ports[SOCKET_TCP].has_destinations, &s->ports[SOCKET_UDP].present};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        *parts[i] = false;
        reach(f);
        assert_fact(f, 0, "Nothing known is close to a limit");
        *parts[i] = true;
        reach(f);
        assert_fact(f, 0, "Nothing is close to a limit");
    }
}

static void test_the_levels_of_a_destination(void **state)
{
    struct fixture *f = *state;
    assert_levels(f, &f->snapshot.ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_DESTINATION],
                  {0.399, LEVEL_OK}, {0.4, LEVEL_WATCH}, {0.499, LEVEL_WATCH}, {0.5, LEVEL_WARNING},
                  {0.899, LEVEL_WARNING}, {0.9, LEVEL_CRITICAL}, {1, LEVEL_CRITICAL});
    assert_fact(f, 0, "100\u202f% of the TCP ports from 192.0.2.1 to 198.51.100.7:443 are in use");
    f->snapshot.ports[SOCKET_TCP].destination_count = 0;
    reach(f);
    assert_fact(f, 0, "100\u202f% of the TCP ports towards one destination are in use");
}

static void test_what_follows_from_a_full_destination(void **state)
{
    struct fixture *f = *state;
    double *share = &f->snapshot.ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_DESTINATION];
    assert_levels(f, share, {0.49, LEVEL_WATCH});
    assert_meaning(f, "From 50 % on");
    assert_levels(f, share, {0.5, LEVEL_WARNING});
    assert_meaning(f, "port by port");
    assert_levels(f, share, {0.999, LEVEL_CRITICAL});
    assert_meaning(f, "port by port");
    assert_levels(f, share, {1, LEVEL_CRITICAL});
    assert_meaning(f, "EADDRNOTAVAIL");
}

static void test_the_half_tried_first_is_the_knee(void **state)
{
    struct fixture *f = *state;
    struct port_summary *summary = &f->snapshot.ports[SOCKET_TCP].summary;
    summary->utilization[PORT_SCOPE_DESTINATION] = 0.39;
    assert_levels(f, &summary->preferred_utilization, {0.799, LEVEL_OK}, {0.8, LEVEL_WATCH},
                  {0.999, LEVEL_WATCH}, {1, LEVEL_WARNING});
    assert_meaning(f, "port by port");
}

static void test_uncollected_destinations_are_not_judged(void **state)
{
    struct fixture *f = *state;
    struct port_snapshot *tcp = &f->snapshot.ports[SOCKET_TCP];
    tcp->summary.utilization[PORT_SCOPE_DESTINATION] = 1;
    tcp->has_destinations = false;
    assert_int_equal(level_of(f), LEVEL_OK);
    tcp->has_destinations = true;
    tcp->present = false;
    tcp->summary.utilization[PORT_SCOPE_HOST] = 1;
    f->snapshot.ports[SOCKET_UDP].present = false;
    f->snapshot.ports[SOCKET_UDP].summary.utilization[PORT_SCOPE_HOST] = 1;
    assert_int_equal(level_of(f), LEVEL_OK);
}

static void test_the_levels_of_a_host(void **state)
{
    struct fixture *f = *state;
    struct port_snapshot *ports = f->snapshot.ports;
    assert_levels(f, &ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_HOST], {0.799, LEVEL_OK},
                  {0.8, LEVEL_WATCH}, {0.99, LEVEL_WATCH}, {1, LEVEL_WARNING});
    assert_fact(
        f, 0, "100\u202f% of the TCP ports of this host are in use, 0\u202f% on one local address");
    ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_HOST] = 0;
    ports[SOCKET_UDP].summary.utilization[PORT_SCOPE_LOCAL_ADDRESS] = 0.6;
    assert_levels(f, &ports[SOCKET_UDP].summary.utilization[PORT_SCOPE_HOST], {0.699, LEVEL_OK},
                  {0.7, LEVEL_WATCH}, {0.799, LEVEL_WATCH}, {0.8, LEVEL_WARNING},
                  {0.899, LEVEL_WARNING}, {0.9, LEVEL_CRITICAL});
    assert_fact(
        f, 0, "90\u202f% of the UDP ports of this host are in use, 60\u202f% on one local address");
}

static void assert_queue(struct fixture *f, uint64_t length, uint64_t peak,
                         enum alert_level expected)
{
    f->queues[1].queue_length = length;
    f->queues[1].queue_peak = peak;
    if (level_of(f) != expected)
        fail_msg("%d waiting, %d at the peak: %s", (int)length, (int)peak,
                 alert_level_names[level_of(f)]);
}

static void test_the_levels_of_an_accept_queue(void **state)
{
    struct fixture *f = *state;
    assert_queue(f, 0, 0, LEVEL_OK);
    assert_queue(f, 39, 49, LEVEL_OK);
    assert_queue(f, 40, 49, LEVEL_WATCH);
    assert_queue(f, 0, 50, LEVEL_WATCH);
    assert_queue(f, 79, 79, LEVEL_WATCH);
    assert_queue(f, 80, 80, LEVEL_WARNING);
    assert_queue(f, 0, 100, LEVEL_WARNING);
    assert_queue(f, 100, 101, LEVEL_CRITICAL);
    assert_fact(f, 0,
                "The accept queue of 0.0.0.0:81 holds 100 of 100 connections, 101 at its peak");
}

static void test_a_queue_with_limit_zero_is_full_with_one(void **state)
{
    struct fixture *f = *state;
    f->queues[1].queue_limit = 0;
    assert_queue(f, 0, 0, LEVEL_OK);
    assert_queue(f, 1, 1, LEVEL_CRITICAL);
}

static void test_the_worst_queue_is_reported(void **state)
{
    struct fixture *f = *state;
    f->queues[0].queue_peak = f->queues[1].queue_peak = 60;
    reach(f);
    assert_fact(f, 0, "The accept queue of 0.0.0.0:80 holds 0 of 100 connections, 60 at its peak");
    f->queues[1].queue_peak = 90;
    reach(f);
    assert_fact(f, 0, "The accept queue of 0.0.0.0:81 holds 0 of 100 connections, 90 at its peak");
    f->queues[0].queue_length = f->queues[0].queue_peak = 80;
    reach(f);
    assert_fact(f, 0, "The accept queue of 0.0.0.0:80 holds 80 of 100 connections, 80 at its peak");
}

static void test_the_levels_of_time_wait(void **state)
{
    struct fixture *f = *state;
    f->snapshot.sockets[TCP_STATE_TIME_WAIT] = 499;
    assert_int_equal(level_of(f), LEVEL_OK);
    f->snapshot.sockets[TCP_STATE_TIME_WAIT] = 500;
    assert_int_equal(level_of(f), LEVEL_WATCH);
    f->snapshot.sockets[TCP_STATE_TIME_WAIT] = 899;
    assert_int_equal(level_of(f), LEVEL_WATCH);
    f->snapshot.sockets[TCP_STATE_TIME_WAIT] = 900;
    assert_int_equal(level_of(f), LEVEL_WARNING);
    assert_fact(f, 0, "TIME_WAIT is at 90\u202f% of its limit");
    f->snapshot.settings.time_wait_limit = 0;
    assert_int_equal(level_of(f), LEVEL_OK);
    f->snapshot.settings.time_wait_limit = 1;
    f->snapshot.has_settings = false;
    assert_int_equal(level_of(f), LEVEL_OK);
}

static void test_unknown_numbers_are_not_judged(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_counts = false;
    f->snapshot.sockets[TCP_STATE_TIME_WAIT] = 1000;
    f->queues[0].queue_length = f->queues[0].queue_peak = 100;
    assert_int_equal(level_of(f), LEVEL_UNKNOWN);
}

static void test_the_reason_of_unknown_numbers(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_counts = f->snapshot.has_detail = false;
    f->snapshot.samples[SAMPLE_COUNT].failures = 1234;
    reach(f);
    assert_fact(f, 0, "Last good count sample: none yet; 1,234 failed since the start");
    assert_fact(f, 1, "Last good detail sample: none yet; 0 failed since the start");
    assert_non_null(strstr(f->verdict.findings[0].meaning, "accept queues"));
    assert_non_null(strstr(f->verdict.findings[1].meaning, "Ports"));
    f->snapshot.samples[SAMPLE_COUNT].last_success = now - 42;
    reach(f);
    assert_fact(f, 0, "Last good count sample: 42\u202fs ago; 1,234 failed since the start");
}

static void test_the_most_urgent_comes_first(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_detail = false;                 /* not known */
    f->snapshot.sockets[TCP_STATE_TIME_WAIT] = 500; /* watch */
    f->queues[0].queue_length = 80;                 /* warning */
    f->snapshot.ports[SOCKET_TCP].summary = (struct port_summary){
        .utilization = {[PORT_SCOPE_DESTINATION] = 0.95, [PORT_SCOPE_HOST] = 0.9}};
    f->snapshot.ports[SOCKET_UDP].summary.utilization[PORT_SCOPE_HOST] = 0.9;
    reach(f);
    static const enum alert_level order[] = {LEVEL_CRITICAL, LEVEL_CRITICAL, LEVEL_WARNING,
                                             LEVEL_UNKNOWN,  LEVEL_WATCH,    LEVEL_WATCH};
    assert_int_equal(f->verdict.count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(f->verdict.findings[i].level, order[i]);
    assert_non_null(strstr(f->verdict.findings[0].fact, "TCP ports from"));
    assert_non_null(strstr(f->verdict.findings[1].fact, "UDP ports"));
    assert_non_null(strstr(f->verdict.findings[4].fact, "TCP ports of this host"));
    assert_non_null(strstr(f->verdict.findings[5].fact, "TIME_WAIT"));
}

static void test_all_findings_at_once_have_room(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < SOCKET_PROTOCOLS; i++)
        f->snapshot.ports[i].summary =
            (struct port_summary){.utilization = {1, 1, 1}, .preferred_utilization = 1};
    f->destination.family = IP_FAMILY_IPV6;
    inet_pton(AF_INET6, "2001:db8:1234:5678:9abc:def0:1234:5678", &f->destination.local_address);
    f->destination.remote_address = f->destination.local_address;
    f->queues[0].queue_length = f->queues[0].queue_peak = f->queues[0].queue_limit = UINT64_MAX;
    f->snapshot.sockets[TCP_STATE_TIME_WAIT] = UINT64_MAX;
    reach(f);
    assert_int_equal(f->verdict.count, 5);
    for (size_t i = 0; i < 5; i++) /* none is truncated */
        assert_true(strlen(f->verdict.findings[i].fact) < sizeof f->verdict.findings[i].fact - 1);
    f->snapshot.has_counts = f->snapshot.has_detail = false;
    reach(f);
    assert_int_equal(f->verdict.count, 5);
    assert_true(f->verdict.count <= VERDICT_MAX_FINDINGS);
}

#define calm(test) cmocka_unit_test_setup(test, make_calm)

int main(void)
{
    const struct CMUnitTest tests[] = {
        calm(test_an_all_clear_reports_the_distances),
        calm(test_an_all_clear_needs_to_know_all),
        calm(test_the_levels_of_a_destination),
        calm(test_what_follows_from_a_full_destination),
        calm(test_the_half_tried_first_is_the_knee),
        calm(test_uncollected_destinations_are_not_judged),
        calm(test_the_levels_of_a_host),
        calm(test_the_levels_of_an_accept_queue),
        calm(test_a_queue_with_limit_zero_is_full_with_one),
        calm(test_the_worst_queue_is_reported),
        calm(test_the_levels_of_time_wait),
        calm(test_unknown_numbers_are_not_judged),
        calm(test_the_reason_of_unknown_numbers),
        calm(test_the_most_urgent_comes_first),
        calm(test_all_findings_at_once_have_room),
    };
    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
