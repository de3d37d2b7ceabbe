// SPDX-License-Identifier: Apache-2.0
/*
 * Findings for the operator: the limits of the levels, the order, and the texts.
 */
#include "status/advice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const double now = 1767225600;

/* A host with all numbers known and none close to a limit. */
struct fixture {
    struct listener_row queues[3];
    struct listener_row listeners[2];
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
    f->queues[2] = (struct listener_row){.port = 82, .queue_limit = 100};
    f->listeners[0] = (struct listener_row){.port = 90, .queue_limit = 100};
    f->listeners[1] = (struct listener_row){.port = 91, .queue_limit = 100};
    f->destination = (struct destination){.remote_port = 443};
    inet_pton(AF_INET, "192.0.2.1", &f->destination.local_address);
    inet_pton(AF_INET, "198.51.100.7", &f->destination.remote_address);
    f->snapshot = (struct snapshot){
        .has_counts = true,
        .has_detail = true,
        .has_counters = true,
        .recent_seconds = 60,
        .has_settings = true,
        .has_pressure = true,
        .pressure = {.memory_bytes = 1024,
                     .memory_limit_bytes = {1024 * 3, 1024 * 4, 1024 * 6},
                     .orphans = 1,
                     .orphan_limit = 100},
        .listeners_collected = true,
        .peak_window_seconds = 120,
        .settings = {.time_wait_limit = 1000},
        .queues = f->queues,
        .queue_count = 3,
        .listeners = f->listeners,
        .listener_count = 2,
        .samples = {[SAMPLE_PORTS] = {.successes = 1, .last_success = now - 5}},
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

static void assert_command(const struct fixture *f, const char *command)
{
    assert_string_equal(f->verdict.findings[0].command, command);
}

struct count_step {
    uint64_t count;
    enum alert_level level;
};

/* The level with each count written to `place`, which is then as before. */
static void assert_count_steps(struct fixture *f, uint64_t *place, const struct count_step *steps,
                               size_t count)
{
    uint64_t before = *place;
    for (size_t i = 0; i < count; i++) {
        *place = steps[i].count;
        if (level_of(f) != steps[i].level)
            fail_msg("%ju is %s", (uintmax_t)steps[i].count, alert_level_names[level_of(f)]);
    }
    *place = before;
}

#define assert_counts(f, place, ...)                                                               \
    assert_count_steps(f, place, (const struct count_step[]){__VA_ARGS__},                         \
                       sizeof((const struct count_step[]){__VA_ARGS__}) /                          \
                           sizeof(struct count_step))

static void assert_all_clear(struct fixture *f, const char *fact, const char *meaning)
{
    assert_int_equal(level_of(f), LEVEL_OK);
    assert_fact(f, 0, fact);
    assert_string_equal(f->verdict.findings[0].meaning, meaning);
}

static void test_an_all_clear_says_what_it_covers(void **state)
{
    struct fixture *f = *state;
    struct snapshot *s = &f->snapshot;
    s->ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_DESTINATION] = 0.21;
    s->ports[SOCKET_UDP].summary.utilization[PORT_SCOPE_HOST] = 0.04;
    s->sockets[TCP_STATE_TIME_WAIT] = 30;
    s->sockets[TCP_STATE_CLOSE_WAIT] = 5;
    s->sockets[TCP_STATE_SYN_RECV] = 6;
    f->queues[0].queue_peak = 12;
    f->queues[1].queue_peak = 11;
#define NAMESPACES " Other network namespaces, such as those of containers, are not covered."
    assert_all_clear(f, "Nothing is close to a limit",
                     "Ports towards the fullest destination: 21\u202f%. UDP ports: 4\u202f%. "
                     "Fullest accept queue: 12\u202f%. Dropped by listeners in the last minute: 0. "
                     "CLOSE_WAIT: 5. SYN_RECV: 6. TIME_WAIT limit: 3\u202f%. "
                     "TCP memory: 16\u202f%. Orphans: 1\u202f%." NAMESPACES);
    s->queue_count = 0;
    s->settings.time_wait_limit = PROCFS_UNLIMITED;
    s->recent_seconds = 12;
    s->ports[SOCKET_UDP].present = false;
    assert_all_clear(f, "Nothing known is close to a limit",
                     "Ports towards the fullest destination: 21\u202f%. UDP ports: ?. "
                     "Fullest accept queue: 0\u202f%. Dropped by listeners in the last 12\u202fs: "
                     "0. CLOSE_WAIT: 5. SYN_RECV: 6. TIME_WAIT limit: none. "
                     "TCP memory: 16\u202f%. Orphans: 1\u202f%." NAMESPACES);
    s->listeners_collected = s->has_settings = s->has_counters = s->has_pressure = false;
    s->settings.time_wait_limit = 1000;
    s->ports[SOCKET_TCP].has_destinations = false;
    assert_all_clear(f, "Nothing known is close to a limit",
                     "Ports towards the fullest destination: ?. UDP ports: ?. "
                     "Fullest accept queue: ?. Dropped by listeners in the last 12\u202fs: ?. "
                     "CLOSE_WAIT: 5. SYN_RECV: 6. TIME_WAIT limit: ?. TCP memory: ?. "
                     "Orphans: ?." NAMESPACES);
#undef NAMESPACES
}

static void test_an_all_clear_needs_to_know_all(void **state)
{
    struct fixture *f = *state;
    struct snapshot *s = &f->snapshot;
    s->samples[SAMPLE_PORTS].successes = 0; /* not collected */
    bool *const parts[] = {&s->listeners_collected,
                           &s->has_settings,
                           &s->has_counters,
                           &s->has_pressure,
                           &s->ports[SOCKET_TCP].present,
                           &s->ports[SOCKET_TCP].has_destinations,
                           &s->ports[SOCKET_UDP].present};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        *parts[i] = false;
        reach(f);
        assert_fact(f, 0, "Nothing known is close to a limit");
        *parts[i] = true;
        reach(f);
        assert_fact(f, 0, "Nothing is close to a limit");
    }
    uint64_t *const numbers[] = {&s->settings.time_wait_limit, &s->recent.listen_drops};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        *numbers[i] = PROCFS_ABSENT;
        reach(f);
        assert_fact(f, 0, "Nothing known is close to a limit");
        *numbers[i] = 0;
    }
}

/* Not even with these may a page be green. */
static void test_a_leak_of_thousands_is_not_ok(void **state)
{
    struct fixture *f = *state;
    f->snapshot.sockets[TCP_STATE_CLOSE_WAIT] = 6000;
    f->snapshot.sockets[TCP_STATE_ESTABLISHED] = 1000000;
    assert_int_equal(level_of(f), LEVEL_WARNING);
    assert_fact(f, 0, "6,000 sockets in CLOSE_WAIT");
    assert_command(f, "ss -tanp state close-wait");
}

static void test_the_levels_of_close_wait(void **state)
{
    struct fixture *f = *state;
    struct snapshot *s = &f->snapshot;
    assert_counts(f, &s->sockets[TCP_STATE_CLOSE_WAIT], {99, LEVEL_OK}, {100, LEVEL_WATCH},
                  {999, LEVEL_WATCH}, {1000, LEVEL_WARNING}, {UINT64_MAX, LEVEL_WARNING});
    s->sockets[TCP_STATE_CLOSE_WAIT] = 200;
    /* The listeners' parts are of the detail sample, as is the whole to compare them with. */
    s->detail.sockets[IP_FAMILY_IPV4][TCP_STATE_CLOSE_WAIT] = 100;
    s->detail.sockets[IP_FAMILY_IPV6][TCP_STATE_CLOSE_WAIT] = 100;
    f->listeners[0].sockets[TCP_STATE_CLOSE_WAIT] = 40;
    f->listeners[1].sockets[TCP_STATE_CLOSE_WAIT] = 100;
    reach(f);
    assert_fact(f, 0, "200 sockets in CLOSE_WAIT");
    f->listeners[1].sockets[TCP_STATE_CLOSE_WAIT] = 101;
    reach(f);
    assert_fact(f, 0, "200 sockets in CLOSE_WAIT, most at the listener 0.0.0.0:91");
    assert_command(f, "ss -tanp state close-wait sport = :91");
    f->listeners[0].sockets[TCP_STATE_CLOSE_WAIT] = 150;
    reach(f);
    assert_fact(f, 0, "200 sockets in CLOSE_WAIT, most at the listener 0.0.0.0:90");
    s->has_detail = false;
    reach(f);
    assert_fact(f, 0, "Last good detail sample: none yet; 0 failed since the start");
    assert_fact(f, 1, "200 sockets in CLOSE_WAIT");
    s->has_detail = true;
    s->has_counts = false;
    assert_int_equal(level_of(f), LEVEL_UNKNOWN);
}

static void test_half_open_connections_at_a_listener(void **state)
{
    struct fixture *f = *state;
    uint64_t *half_open = &f->listeners[1].sockets[TCP_STATE_SYN_RECV];
    f->listeners[0].sockets[TCP_STATE_SYN_RECV] = 3;
    assert_counts(f, half_open, {39, LEVEL_OK}, {40, LEVEL_WARNING});
    *half_open = 100;
    assert_int_equal(level_of(f), LEVEL_WARNING);
    assert_fact(f, 0, "0.0.0.0:91 has 100 half-open connections (SYN_RECV), limit 100");
    f->listeners[1].queue_limit = 10; /* a few are no flood */
    assert_counts(f, half_open, {31, LEVEL_OK}, {32, LEVEL_WARNING});
    *half_open = 32;
    f->snapshot.recent.syn_queue_full_drops = 1;
    f->snapshot.recent.syn_queue_full_cookies = 2;
    f->snapshot.recent.syncookies_sent = 50; /* also sent when no queue is full */
    assert_int_equal(level_of(f), LEVEL_CRITICAL);
    assert_fact(f, 0,
                "0.0.0.0:91 has 32 half-open connections (SYN_RECV), limit 10; 3 SYNs met a full "
                "SYN queue in the last minute");
    assert_command(f, "ss -Htan state syn-recv | awk '{print $3}' | sort | uniq -c");
    f->snapshot.has_detail = false;
    reach(f);
    assert_fact(f, 0,
                "0 connections half-open (SYN_RECV); 3 SYNs met a full SYN queue in the last "
                "minute");
    assert_int_equal(f->verdict.findings[0].level, LEVEL_WARNING);
}

static void test_half_open_connections_anywhere(void **state)
{
    struct fixture *f = *state;
    struct snapshot *s = &f->snapshot;
    uint64_t *total = &s->sockets[TCP_STATE_SYN_RECV];
    assert_counts(f, total, {999, LEVEL_OK}, {1000, LEVEL_WATCH}, {UINT64_MAX, LEVEL_WATCH});
    *total = 6000;
    reach(f);
    assert_fact(f, 0, "6,000 connections half-open (SYN_RECV)");
    s->recent.syn_queue_full_cookies = 1;
    assert_int_equal(level_of(f), LEVEL_CRITICAL);
    assert_fact(f, 0,
                "6,000 connections half-open (SYN_RECV); 1 SYN met a full SYN queue in the last "
                "minute");
    *total = 1;
    assert_int_equal(level_of(f), LEVEL_WARNING);
    s->recent.syn_queue_full_cookies = PROCFS_ABSENT;
    assert_int_equal(level_of(f), LEVEL_OK);
    s->recent.syn_queue_full_drops = 1;
    s->has_counters = false;
    assert_int_equal(level_of(f), LEVEL_OK);
}

static void test_drops_that_go_on(void **state)
{
    struct fixture *f = *state;
    struct snapshot *s = &f->snapshot;
    s->counters.listen_drops = 1000; /* of long ago */
    assert_counts(f, &s->recent.listen_drops, {0, LEVEL_OK}, {1, LEVEL_WATCH}, {9, LEVEL_WATCH},
                  {10, LEVEL_WARNING}, {PROCFS_ABSENT, LEVEL_OK});
    s->recent.listen_drops = 1;
    s->recent.listen_overflows = 2; /* a part is never larger than its whole */
    reach(f);
    assert_fact(f, 0,
                "Listeners dropped 1 connection attempt in the last minute, 1 at full accept "
                "queues");
    assert_command(f, "nstat -az TcpExtListenDrops TcpExtListenOverflows; ss -ltnp");
    s->recent.listen_drops = 37;
    s->recent_seconds = 79;
    f->queues[0].drops = 99;
    f->queues[1].dropping = true;
    f->queues[1].drops = 7;
    reach(f);
    assert_fact(f, 0,
                "Listeners dropped 37 connection attempts in the last minute, 2 at full accept "
                "queues: 0.0.0.0:81");
    assert_command(f, "ss -ltnp sport = :81");
    f->queues[2].dropping = true;
    f->queues[2].drops = 8;
    reach(f);
    assert_fact(f, 0,
                "Listeners dropped 37 connection attempts in the last minute, 2 at full accept "
                "queues: 0.0.0.0:82 and 1 more");
    f->queues[0].dropping = true;
    s->recent_seconds = 80;
    reach(f);
    assert_fact(f, 0,
                "Listeners dropped 37 connection attempts in the last 1\u202fmin 20\u202fs, 2 at "
                "full accept queues: 0.0.0.0:80 and 2 more");
    s->recent.listen_overflows = PROCFS_ABSENT;
    s->has_counts = false;
    s->recent_seconds = 59;
    reach(f);
    assert_fact(f, 0,
                "Listeners dropped 37 connection attempts in the last 59\u202fs, 0 at full accept "
                "queues");
    s->has_counters = false;
    assert_int_equal(level_of(f), LEVEL_UNKNOWN);
}

static void test_the_levels_of_memory(void **state)
{
    struct fixture *f = *state;
    struct tcp_pressure *pressure = &f->snapshot.pressure;
    assert_counts(f, &pressure->memory_bytes, {3071, LEVEL_OK}, {3072, LEVEL_WATCH},
                  {4095, LEVEL_WATCH}, {4096, LEVEL_WARNING}, {6143, LEVEL_WARNING},
                  {6144, LEVEL_CRITICAL}, {PROCFS_ABSENT, LEVEL_OK});
    pressure->memory_bytes = 5120;
    reach(f);
    assert_fact(f, 0, "The TCP sockets of this host hold 5\u202fKiB of buffers, limit 6\u202fKiB");
    assert_command(f, "ss -tanmp");
    f->snapshot.has_pressure = false;
    assert_int_equal(level_of(f), LEVEL_OK);
    f->snapshot.has_pressure = true;
    memset(pressure->memory_limit_bytes, 0xff, sizeof pressure->memory_limit_bytes);
    assert_int_equal(level_of(f), LEVEL_OK);
}

static void test_the_levels_of_orphans(void **state)
{
    struct fixture *f = *state;
    struct tcp_pressure *pressure = &f->snapshot.pressure;
    assert_counts(f, &pressure->orphans, {24, LEVEL_OK}, {25, LEVEL_WATCH}, {49, LEVEL_WATCH},
                  {50, LEVEL_WARNING}, {99, LEVEL_WARNING}, {100, LEVEL_CRITICAL},
                  {PROCFS_ABSENT, LEVEL_OK});
    pressure->orphans = 70;
    reach(f);
    assert_fact(f, 0, "70\u202f% of the limit of orphans is in use: 70 sockets");
    f->snapshot.has_pressure = false;
    assert_int_equal(level_of(f), LEVEL_OK);
    f->snapshot.has_pressure = true;
    pressure->orphan_limit = PROCFS_ABSENT;
    assert_int_equal(level_of(f), LEVEL_OK);
}

static void test_a_burst_of_ports_that_is_over(void **state)
{
    struct fixture *f = *state;
    struct port_snapshot *tcp = &f->snapshot.ports[SOCKET_TCP];
    double *peak = &tcp->peak_utilization[PORT_SCOPE_DESTINATION];
    tcp->summary.utilization[PORT_SCOPE_DESTINATION] = 0.03;
    assert_levels(f, peak, {0.499, LEVEL_OK}, {0.5, LEVEL_WATCH}, {0.899, LEVEL_WATCH},
                  {0.9, LEVEL_WARNING}, {0.99, LEVEL_WARNING});
    assert_meaning(f, "with a larger burst");
    assert_levels(f, peak, {1, LEVEL_WARNING});
    assert_meaning(f, "EADDRNOTAVAIL");
    assert_fact(f, 0,
                "100\u202f% of the TCP ports towards one destination were in use within the last 2 "
                "minutes, 3\u202f% now");
    assert_command(f, "ss -tanp dst 198.51.100.7:443");
    tcp->summary.utilization[PORT_SCOPE_DESTINATION] = 0.6; /* it is not over */
    assert_int_equal(level_of(f), LEVEL_WARNING);
    f->snapshot.peak_window_seconds = 60;
    reach(f);
    assert_fact(f, 0,
                "60\u202f% of the TCP ports from 192.0.2.1 to 198.51.100.7:443 are in use, "
                "100\u202f% at the peak within the last minute");
    *peak = 0.6;
    reach(f);
    assert_fact(f, 0, "60\u202f% of the TCP ports from 192.0.2.1 to 198.51.100.7:443 are in use");
}

static void test_the_bound_matters_when_the_exact_number_is_old(void **state)
{
    struct fixture *f = *state;
    struct snapshot *s = &f->snapshot;
    s->has_bound = true;
    s->samples[SAMPLE_PORTS].last_success = now - 10;
    assert_levels(f, &s->bound_utilization, {0.399, LEVEL_OK}, {0.4, LEVEL_WATCH},
                  {1, LEVEL_WATCH});
    assert_fact(f, 0, "Up to 100\u202f% of the TCP ports towards one destination may be in use");
    assert_command(f, "ss -Htan | awk '{print $5}' | sort | uniq -c | sort -rn | head");
    s->samples[SAMPLE_PORTS].last_success = now - 9.9;
    assert_int_equal(level_of(f), LEVEL_OK);
    s->samples[SAMPLE_PORTS].last_success = now - 10;
    s->has_bound = false;
    assert_int_equal(level_of(f), LEVEL_OK);
    s->has_bound = true;
    s->ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_DESTINATION] = 0.9; /* as urgent */
    assert_int_equal(level_of(f), LEVEL_CRITICAL);
}

static void test_ports_that_are_asked_for_in_vain_are_unknown(void **state)
{
    struct fixture *f = *state;
    struct snapshot *s = &f->snapshot;
    s->ports[SOCKET_TCP].present = s->ports[SOCKET_UDP].present = false;
    s->samples[SAMPLE_PORTS] = (struct sample_report){.failures = 3};
    assert_int_equal(level_of(f), LEVEL_UNKNOWN);
    assert_fact(f, 0, "Last good ports sample: none yet; 3 failed since the start");
    assert_meaning(f, "Ports and destinations");
    assert_command(f, "journalctl -u sockdiag_exporter -n 20");
    s->samples[SAMPLE_PORTS] = (struct sample_report){.successes = 1, .last_success = now - 60};
    assert_int_equal(level_of(f), LEVEL_UNKNOWN);
    s->samples[SAMPLE_PORTS] = (struct sample_report){.successes = 2, .failures = 2};
    assert_int_equal(level_of(f), LEVEL_UNKNOWN);
    s->samples[SAMPLE_PORTS] = (struct sample_report){0};
    assert_int_equal(level_of(f), LEVEL_OK);
}

static void test_the_levels_of_a_destination(void **state)
{
    struct fixture *f = *state;
    assert_levels(f, &f->snapshot.ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_DESTINATION],
                  {0.399, LEVEL_OK}, {0.4, LEVEL_WATCH}, {0.499, LEVEL_WATCH}, {0.5, LEVEL_WARNING},
                  {0.899, LEVEL_WARNING}, {0.9, LEVEL_CRITICAL}, {1, LEVEL_CRITICAL});
    assert_fact(f, 0, "100\u202f% of the TCP ports from 192.0.2.1 to 198.51.100.7:443 are in use");
    assert_command(f, "ss -tanp dst 198.51.100.7:443");
    memcpy(f->destination.interface_name, "eth1", 5);
    f->destination.family = IP_FAMILY_IPV6;
    inet_pton(AF_INET6, "fe80::1", &f->destination.local_address);
    inet_pton(AF_INET6, "fe80::2", &f->destination.remote_address);
    reach(f);
    assert_fact(f, 0,
                "100\u202f% of the TCP ports from fe80::1 on eth1 to [fe80::2]:443 are in use");
    assert_command(f, "ss -tanp dst '[fe80::2]:443'");
    f->snapshot.ports[SOCKET_TCP].destination_count = 0;
    reach(f);
    assert_fact(f, 0, "100\u202f% of the TCP ports towards one destination are in use");
    assert_command(f, "ss -Htan | awk '{print $5}' | sort | uniq -c | sort -rn | head");
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
    f->snapshot.samples[SAMPLE_PORTS].successes = 0;
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
    assert_command(
        f, "ss -Htanp | grep -o '\"[^\"]*\",pid=[0-9]*' | sort | uniq -c | sort -rn | head");
    ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_HOST] = 0;
    ports[SOCKET_UDP].summary.utilization[PORT_SCOPE_LOCAL_ADDRESS] = 0.6;
    assert_levels(f, &ports[SOCKET_UDP].summary.utilization[PORT_SCOPE_HOST], {0.699, LEVEL_OK},
                  {0.7, LEVEL_WATCH}, {0.799, LEVEL_WATCH}, {0.8, LEVEL_WARNING},
                  {0.899, LEVEL_WARNING}, {0.9, LEVEL_CRITICAL});
    assert_fact(
        f, 0, "90\u202f% of the UDP ports of this host are in use, 60\u202f% on one local address");
    assert_command(
        f, "ss -Huanp | grep -o '\"[^\"]*\",pid=[0-9]*' | sort | uniq -c | sort -rn | head");
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
}

static void test_a_full_queue_is_called_full(void **state)
{
    struct fixture *f = *state;
    f->queues[1].queue_limit = 128;
    assert_queue(f, 129, 130, LEVEL_CRITICAL);
    assert_fact(f, 0, "The accept queue of 0.0.0.0:81 is full (129 waiting, limit 128)");
    assert_command(f, "ss -ltnp sport = :81");
    assert_queue(f, 128, 128, LEVEL_CRITICAL);
    assert_fact(f, 0, "The accept queue of 0.0.0.0:81 is full (128 waiting, limit 128)");
    assert_queue(f, 3, 129, LEVEL_WARNING);
    assert_fact(f, 0,
                "The accept queue of 0.0.0.0:81 was full within the last 2 minutes (129 waiting, "
                "limit 128), 3 wait now");
    assert_queue(f, 3, 128, LEVEL_WARNING);
    assert_fact(f, 0,
                "The accept queue of 0.0.0.0:81 was full within the last 2 minutes (128 waiting, "
                "limit 128), 3 wait now");
    assert_queue(f, 127, 127, LEVEL_WARNING);
    assert_fact(f, 0,
                "The accept queue of 0.0.0.0:81 holds 127 of 128 connections, 127 at its peak");
    memcpy(f->queues[1].interface_name, "vrf-blue", 9);
    reach(f);
    assert_fact(f, 0,
                "The accept queue of 0.0.0.0:81 on vrf-blue holds 127 of 128 connections, 127 at "
                "its peak");
}

static void test_a_queue_with_limit_zero_is_full_with_one(void **state)
{
    struct fixture *f = *state;
    f->queues[1].queue_limit = 0;
    assert_queue(f, 0, 0, LEVEL_OK);
    assert_queue(f, 1, 1, LEVEL_CRITICAL);
    assert_fact(f, 0, "The accept queue of 0.0.0.0:81 is full (1 waiting, limit 0)");
    assert_queue(f, 0, 1, LEVEL_WARNING);
    assert_fact(f, 0,
                "The accept queue of 0.0.0.0:81 was full within the last 2 minutes (1 waiting, "
                "limit 0), 0 wait now");
}

static void test_the_worst_queue_is_reported(void **state)
{
    struct fixture *f = *state;
    f->queues[0].queue_peak = 60;
    reach(f);
    assert_fact(f, 0, "The accept queue of 0.0.0.0:80 holds 0 of 100 connections, 60 at its peak");
    f->queues[1].queue_peak = 90;
    reach(f);
    assert_fact(f, 0,
                "The accept queue of 0.0.0.0:81 holds 0 of 100 connections, 90 at its peak, and 1 "
                "more queue");
    f->queues[2].queue_peak = 50;
    reach(f);
    assert_fact(f, 0,
                "The accept queue of 0.0.0.0:81 holds 0 of 100 connections, 90 at its peak, and 2 "
                "more queues");
    f->queues[0].queue_length = f->queues[0].queue_peak = 80;
    reach(f);
    assert_fact(f, 0, "The accept queue of 0.0.0.0:80 holds 80 of 100 connections, 80 at its peak");
}

static void test_two_full_queues_are_both_counted(void **state)
{
    struct fixture *f = *state;
    f->queues[0].queue_length = f->queues[0].queue_peak = 101;
    f->queues[2].queue_length = f->queues[2].queue_peak = 101;
    reach(f);
    assert_int_equal(f->verdict.count, 1);
    assert_fact(
        f, 0, "The accept queue of 0.0.0.0:80 is full (101 waiting, limit 100), and 1 more queue");
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
    assert_command(
        f, "ss -Htan state time-wait | awk '{print $4}' | sort | uniq -c | sort -rn | head");
    f->snapshot.has_time_wait_roles = true;
    f->snapshot.time_wait[TIME_WAIT_SERVER] = 1;
    reach(f);
    assert_command(
        f, "ss -Htan state time-wait | awk '{print $3}' | sort | uniq -c | sort -rn | head");
    f->snapshot.time_wait[TIME_WAIT_CLIENT] = 1;
    reach(f);
    assert_command(
        f, "ss -Htan state time-wait | awk '{print $4}' | sort | uniq -c | sort -rn | head");
    f->snapshot.settings.time_wait_limit = PROCFS_UNLIMITED;
    assert_int_equal(level_of(f), LEVEL_OK);
    f->snapshot.settings.time_wait_limit = 0;
    assert_int_equal(level_of(f), LEVEL_OK);
    f->snapshot.settings.time_wait_limit = 1;
    f->snapshot.has_settings = false;
    assert_int_equal(level_of(f), LEVEL_OK);
}

static void test_connections_that_skip_time_wait(void **state)
{
    struct fixture *f = *state;
    f->snapshot.counters.time_wait_overflows = 5;
    assert_counts(f, &f->snapshot.recent.time_wait_overflows, {0, LEVEL_OK}, {1, LEVEL_WARNING},
                  {PROCFS_ABSENT, LEVEL_OK});
    f->snapshot.recent.time_wait_overflows = 1;
    f->snapshot.sockets[TCP_STATE_TIME_WAIT] = 1000;
    reach(f);
    assert_fact(f, 0,
                "TIME_WAIT is at 100\u202f% of its limit, 1 connection skipped it in the last "
                "minute");
    f->snapshot.has_counters = false;
    reach(f);
    assert_fact(f, 0, "TIME_WAIT is at 100\u202f% of its limit");
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
    assert_non_null(strstr(f->verdict.findings[1].meaning, "listeners' connections"));
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
    struct snapshot *s = &f->snapshot;
    static const char longest[] = "2001:db8:1234:5678:9abc:def0:1234:5678";
    for (int i = 0; i < SOCKET_PROTOCOLS; i++) {
        s->ports[i].summary =
            (struct port_summary){.utilization = {0.6, 1, 1}, .preferred_utilization = 1};
        s->ports[i].peak_utilization[PORT_SCOPE_DESTINATION] = 1;
    }
    s->has_bound = true;
    s->bound_utilization = 1;
    s->samples[SAMPLE_PORTS].last_success = now - 100;
    f->destination.family = IP_FAMILY_IPV6;
    inet_pton(AF_INET6, longest, &f->destination.local_address);
    f->destination.remote_address = f->destination.local_address;
    memset(f->destination.interface_name, 'x', sizeof f->destination.interface_name - 1);
    for (size_t i = 0; i < 3; i++) {
        struct listener_row *row = &f->queues[i];
        row->family = IP_FAMILY_IPV6;
        row->address = f->destination.local_address;
        row->port = 65535;
        memcpy(row->interface_name, f->destination.interface_name, sizeof row->interface_name);
        row->queue_length = row->queue_peak = row->queue_limit = row->drops = UINT64_MAX;
        row->dropping = true;
        memset(row->sockets, 0xff, sizeof row->sockets);
        f->listeners[i % 2] = *row;
    }
    memset(s->sockets, 0xff, sizeof s->sockets);
    memset(&s->recent, 0xff, sizeof s->recent);
    s->recent.listen_drops = s->recent.syn_queue_full_drops = PROCFS_UNLIMITED - 1;
    s->recent.listen_overflows = s->recent.time_wait_overflows = PROCFS_UNLIMITED - 1;
    s->pressure.memory_bytes = s->pressure.orphans = PROCFS_UNLIMITED - 1;
    s->recent_seconds = s->peak_window_seconds = 86399;
    reach(f);
    assert_int_equal(f->verdict.count, 11);
    for (size_t i = 0; i < f->verdict.count; i++) { /* none is truncated */
        const struct finding *finding = &f->verdict.findings[i];
        assert_true(strlen(finding->fact) < sizeof finding->fact - 1);
        assert_true(strlen(finding->command) < sizeof finding->command - 1);
        assert_true(strlen(finding->command) > 0);
    }
    s->has_counts = s->has_detail = s->ports[SOCKET_TCP].present = false;
    reach(f);
    assert_true(f->verdict.count <= VERDICT_MAX_FINDINGS);
}

/* The advice of each topic names a section that exists: a page of the manual, or a heading of a
 * document. */
static void test_advice_names_documents_that_exist(void **state)
{
    (void)state;
    for (enum topic topic = 0; topic < TOPICS; topic++) {
        const struct advice *advice = &advice_by_topic[topic];
        assert_true(strlen(advice->text) > 80);
        assert_null(strpbrk(advice->text, "<>&\""));
        for (enum topic other = 0; other < topic; other++)
            assert_string_not_equal(advice->anchor, advice_by_topic[other].anchor);
        if (strncmp(advice->document, "man ", 4) == 0)
            continue;
        char heading[128], line[1024];
        snprintf(heading, sizeof heading, "## %s\n", advice->section);
        FILE *document = fopen(advice->document, "r");
        assert_non_null(document);
        bool found = false;
        while (!found && fgets(line, sizeof line, document))
            found = strcmp(line, heading) == 0;
        fclose(document);
        if (!found)
            fail_msg("%s has no section %s", advice->document, advice->section);
    }
}

#define calm(test) cmocka_unit_test_setup(test, make_calm)

int main(void)
{
    const struct CMUnitTest tests[] = {
        calm(test_an_all_clear_says_what_it_covers),
        calm(test_an_all_clear_needs_to_know_all),
        calm(test_a_leak_of_thousands_is_not_ok),
        calm(test_the_levels_of_close_wait),
        calm(test_half_open_connections_at_a_listener),
        calm(test_half_open_connections_anywhere),
        calm(test_drops_that_go_on),
        calm(test_the_levels_of_memory),
        calm(test_the_levels_of_orphans),
        calm(test_a_burst_of_ports_that_is_over),
        calm(test_the_bound_matters_when_the_exact_number_is_old),
        calm(test_ports_that_are_asked_for_in_vain_are_unknown),
        calm(test_the_levels_of_a_destination),
        calm(test_what_follows_from_a_full_destination),
        calm(test_the_half_tried_first_is_the_knee),
        calm(test_uncollected_destinations_are_not_judged),
        calm(test_the_levels_of_a_host),
        calm(test_the_levels_of_an_accept_queue),
        calm(test_a_full_queue_is_called_full),
        calm(test_a_queue_with_limit_zero_is_full_with_one),
        calm(test_the_worst_queue_is_reported),
        calm(test_two_full_queues_are_both_counted),
        calm(test_the_levels_of_time_wait),
        calm(test_connections_that_skip_time_wait),
        calm(test_unknown_numbers_are_not_judged),
        calm(test_the_reason_of_unknown_numbers),
        calm(test_the_most_urgent_comes_first),
        calm(test_all_findings_at_once_have_room),
        calm(test_advice_names_documents_that_exist),
    };
    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
