// SPDX-License-Identifier: Apache-2.0
/*
 * The status page of snapshots made by hand: its markup, read by a small checker that must refuse
 * bad pages, and its text.
 */
#include "status/format.h"
#include "status/status_page.h"

#include "utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Markup. */

enum { DEEPEST = 32, LONGEST = 24 }; /* elements within each other; a name */

struct reader {
    const char *at;
    const char *why; /* the first error, or NULL */
    char open[DEEPEST][LONGEST];
    size_t depth;
};

static bool complain(struct reader *reader, const char *why)
{
    if (!reader->why)
        reader->why = why;
    return false;
}

static bool take(struct reader *reader, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(reader->at, text, length) != 0)
        return false;
    reader->at += length;
    return true;
}

static bool is_one_of(const char *name, const char *const names[])
{
    for (; *names; names++) {
        if (strcmp(name, *names) == 0)
            return true;
    }
    return false;
}

static bool read_name(struct reader *reader, char name[static LONGEST])
{
    size_t length = 0;
    while (isalnum((unsigned char)*reader->at) || *reader->at == '-') {
        if (length == LONGEST - 1)
            return false;
        name[length++] = *reader->at++;
    }
    name[length] = '\0';
    return length > 0;
}

static bool read_entity(struct reader *reader)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (take(reader, entities[i]))
            return true;
    }
    return complain(reader, "a bare &");
}

/* Up to `end`, which is not read. */
static bool read_text(struct reader *reader, char end)
{
    while (*reader->at && *reader->at != end) {
        if (*reader->at == '&') {
            if (!read_entity(reader))
                return false;
        } else if (strchr("<>", *reader->at) || (end == '<' && *reader->at == '"') ||
                   (iscntrl((unsigned char)*reader->at) && *reader->at != '\n')) {
            return complain(reader, "a character that must be escaped");
        } else {
            reader->at++;
        }
    }
    return true;
}

/* No loaded resources, and no styles and scripts except the two elements. */
static bool read_attribute(struct reader *reader, char name[static LONGEST])
{
    if (!read_name(reader, name) || !take(reader, "=\""))
        return complain(reader, "an attribute that is not name=\"value\"");
    if (strcmp(name, "style") == 0 || strncmp(name, "on", 2) == 0 || strcmp(name, "src") == 0)
        return complain(reader, "an attribute that is not allowed");
    if (strcmp(name, "href") == 0 && reader->at[strcspn(reader->at, "/:\"")] == ':')
        return complain(reader, "a link to another site");
    if (strcmp(name, "href") == 0 && reader->at[0] == '/')
        return complain(reader, "a link that ignores a proxy's prefix");
    return read_text(reader, '"') && (take(reader, "\"") || complain(reader, "an open value"));
}

static bool read_attributes(struct reader *reader)
{
    enum { MOST = 8 };
    char names[MOST][LONGEST];
    for (size_t count = 0; take(reader, " "); count++) {
        if (count == MOST || !read_attribute(reader, names[count]))
            return complain(reader, "too many attributes");
        for (size_t i = 0; i < count; i++) {
            if (strcmp(names[i], names[count]) == 0)
                return complain(reader, "a duplicate attribute");
        }
    }
    return true;
}

static bool read_tag(struct reader *reader)
{
    static const char *const empty[] = {"meta", "wbr", NULL};
    static const char *const drawn[] = {"path", "rect", NULL};
    static const char *const forbidden[] = {"link", "img", "iframe", "object", "form", NULL};
    char name[LONGEST];
    if (take(reader, "</")) {
        if (!read_name(reader, name) || !take(reader, ">") || reader->depth == 0 ||
            strcmp(reader->open[--reader->depth], name) != 0)
            return complain(reader, "an end tag without its start tag");
        return true;
    }
    if (!take(reader, "<") || !read_name(reader, name) || is_one_of(name, forbidden))
        return complain(reader, "a tag that is not allowed");
    if (!read_attributes(reader))
        return false;
    if (is_one_of(name, empty))
        return take(reader, ">") || complain(reader, "an open tag");
    if (is_one_of(name, drawn))
        return take(reader, "/>") || complain(reader, "a shape that is not closed");
    if (!take(reader, ">") || reader->depth == DEEPEST)
        return complain(reader, "an open tag");
    memcpy(reader->open[reader->depth++], name, sizeof name);
    if (strcmp(name, "style") == 0 || strcmp(name, "script") == 0)
        reader->at += strcspn(reader->at, "<");
    return true;
}

/* Is it one HTML document whose tags are balanced? `why` is NULL if so. */
static const char *find_fault(const char *html)
{
    struct reader reader = {.at = html};
    if (!take(&reader, "<!DOCTYPE html>\n"))
        return "no document type";
    while (*reader.at && !reader.why) {
        if (*reader.at == '<')
            read_tag(&reader);
        else
            read_text(&reader, '<');
    }
    return reader.why ? reader.why : reader.depth > 0 ? "an element that is not closed" : NULL;
}

/* Text: each tag becomes a space, <wbr> nothing, several spaces one; entities are decoded. */

static char decode(const char **at)
{
    static const struct {
        const char *entity;
        char character;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        size_t length = strlen(entities[i].entity);
        if (strncmp(*at, entities[i].entity, length) != 0)
            continue;
        *at += length;
        return entities[i].character;
    }
    return *(*at)++;
}

static void append_character(struct buffer *text, char character)
{
    bool space = isspace((unsigned char)character);
    if (space && (text->length == 0 || text->data[text->length - 1] == ' '))
        return;
    buffer_append(text, space ? " " : &character, 1);
}

static void read_as_text(struct buffer *text, const char *html)
{
    const char *at = strstr(html, "</style>"), *end = strstr(html, "<script>");
    assert_non_null(at);
    assert_non_null(end);
    while (at < end) {
        if (strncmp(at, "<wbr>", 5) == 0) {
            at += 5;
        } else if (*at == '<') {
            append_character(text, ' ');
            at += strcspn(at, ">") + 1;
        } else {
            append_character(text, decode(&at));
        }
    }
    buffer_append(text, "", 1);
}

/* A complete snapshot, and its page. Tests remove parts. */
struct fixture {
    struct listener_row queues[40];
    struct listener_row listeners[40];
    struct destination destinations[SOCKET_PROTOCOLS][12];
    struct snapshot snapshot;
    struct self_report self;
    double now;
    struct buffer html;
    struct buffer text;
};

static const double start = 1767225600; /* 2026-01-01 00:00:00 UTC */

static void fill_ports(struct fixture *f)
{
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        uint64_t base = protocol == SOCKET_TCP ? 20000 : 30000;
        f->snapshot.ports[protocol] = (struct port_snapshot){
            .present = true,
            .has_destinations = true,
            .summary = {.range = base,
                        .reserved = base + 1,
                        .owned = base + 2,
                        .usable = 1000,
                        .used = base + 4,
                        .utilization = {0.21, 0.22, 0.23},
                        .preferred_utilization = 0.42,
                        .destinations = base + 5},
            .peak_utilization = {0.31, 0.32, 0.33},
            .destinations = f->destinations[protocol],
            .destination_count = 2,
        };
        for (uint16_t i = 0; i < 12; i++) {
            struct destination *row = &f->destinations[protocol][i];
            *row = (struct destination){.remote_port = (uint16_t)(443 + i),
                                        .ports = 210U - 20U * i - 10U * protocol};
            inet_pton(AF_INET, "192.0.2.1", &row->local_address);
            inet_pton(AF_INET, "198.51.100.7", &row->remote_address);
        }
        for (int64_t i = 0; i < HISTORY_SLOTS; i++)
            history_observe(&f->snapshot.ports[protocol].port_history, i * HISTORY_SLOT_LENGTH,
                            protocol == SOCKET_TCP ? 3100 : 3300);
    }
}

static void fill_listeners(struct fixture *f)
{
    for (uint16_t i = 0; i < 40; i++)
        f->listeners[i] = (struct listener_row){.port = (uint16_t)(8000 + i),
                                                .queue_limit = 4096,
                                                .sockets = {[TCP_STATE_ESTABLISHED] = 100U + i,
                                                            [TCP_STATE_CLOSE_WAIT] = 1,
                                                            [TCP_STATE_TIME_WAIT] = 2}};
    memcpy(f->queues, f->listeners, sizeof f->queues);
    f->snapshot.queues = f->queues;
    f->snapshot.listeners = f->listeners;
    f->snapshot.queue_count = f->snapshot.listener_count = 2;
    f->snapshot.other_listeners.sockets[TCP_STATE_ESTABLISHED] = 5000;
}

static int make_whole(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    f->snapshot = (struct snapshot){
        .has_counts = true,
        .has_counters = true,
        .counters = {.time_wait_started = 123456, .listen_drops = 123457}, /* not shown */
        .recent = {.time_wait_started = 1001,
                   .time_wait_reused = 1002,
                   .active_opens = 1004,
                   .passive_opens = 1005,
                   .failed_attempts = 1006,
                   .established_resets = 1007,
                   .resets_sent = 1008,
                   .syncookies_sent = 1009},
        .recent_seconds = 61,
        .has_pressure = true,
        .pressure = {.memory_bytes = 3 << 20,
                     .memory_limit_bytes = {4 << 20, 5 << 20, 6 << 20},
                     .orphans = 17,
                     .orphan_limit = 65536},
        .fin_wait2_minisockets = 18,
        .has_settings = true,
        .settings = {.time_wait_limit = 262144, .tw_reuse = 2},
        .has_detail = true,
        .has_time_wait_roles = true,
        .has_bound_inactive = true,
        .derived_counts_in_use = true,
        .time_wait = {[TIME_WAIT_SERVER] = 7001, [TIME_WAIT_CLIENT] = 7002},
        .time_wait_collected = true,
        .listeners_collected = true,
        .peak_window_seconds = 120,
        .host_name = "web-17",
    };
    for (enum tcp_state i = 0; i < TCP_STATES; i++) {
        f->snapshot.sockets[i] = 1000 * (i + 1);
        f->snapshot.peak_sockets[i] = 1000 * (i + 1) + 7;
        f->snapshot.detail.sockets[IP_FAMILY_IPV4][i] = 1000 * (i + 1) + 1;
        f->snapshot.detail.sockets[IP_FAMILY_IPV6][i] = 1000 * (i + 1) + 2;
    }
    f->snapshot.sockets[TCP_STATE_SYN_RECV] = f->snapshot.sockets[TCP_STATE_CLOSE_WAIT] = 42;
    for (int64_t i = 0; i < HISTORY_SLOTS; i++) {
        history_observe(&f->snapshot.established_history, i * HISTORY_SLOT_LENGTH, 1000);
        history_observe(&f->snapshot.time_wait_history, i * HISTORY_SLOT_LENGTH, 6000);
    }
    fill_ports(f);
    fill_listeners(f);
    f->self = (struct self_report){.version = "1.2.3",
                                   .revision = "abcdef",
                                   .telemetry_path = "/numbers",
                                   .start_time_seconds = start};
    f->now = start + 10000;
    f->snapshot.samples[SAMPLE_COUNT] =
        (struct sample_report){10000, 11, 12, 0.0013, 1.5, 14, start + 9999.5};
    f->snapshot.samples[SAMPLE_PORTS] =
        (struct sample_report){3000, 31, 32, 0.033, 15, 34, start + 9995};
    f->snapshot.samples[SAMPLE_DETAIL] =
        (struct sample_report){2000, 21, 22, 0.023, 25, 24, start + 9993};
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    buffer_free(&f->html);
    buffer_free(&f->text);
    free(f);
    return 0;
}

/* Render again; the page must always be valid and have no NaN. */
static void render(struct fixture *f)
{
    buffer_clear(&f->html);
    buffer_clear(&f->text);
    status_page_render(&f->html, &f->snapshot, &f->self, f->now);
    assert_false(f->html.failed);
    assert_true(f->html.length <= 48 * 1024);
    assert_true(utf8_is_valid(f->html.data, f->html.length));
    buffer_append(&f->html, "", 1);
    const char *fault = find_fault(f->html.data);
    if (fault)
        fail_msg("%s", fault);
    assert_null(strstr(f->html.data, "nan"));
    assert_null(strstr(f->html.data, "inf\""));
    read_as_text(&f->text, f->html.data);
}

static void assert_says(const struct fixture *f, const char *text)
{
    if (!strstr(f->text.data, text))
        fail_msg("not \"%s\" in: %s", text, f->text.data);
}

static void assert_silent(const struct fixture *f, const char *text)
{
    if (strstr(f->text.data, text))
        fail_msg("\"%s\" in: %s", text, f->text.data);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

static void test_a_complete_snapshot_is_ok(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "OK Nothing is close to a limit Ports towards the fullest destination: 21");
    assert_says(f, "such as those of containers, are not covered. TCP ephemeral");
    assert_silent(f, "What to do");
    assert_non_null(strstr(f->html.data, "<title>OK: web-17 - sockdiag_exporter</title>"));
    assert_silent(f, "nknown");
    assert_silent(f, "?");
}

static void test_the_page_shows_its_age(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "web-17 sockdiag_exporter 1.2.3");
    assert_says(f, "2026-01-01 02:46:40 UTC count sample: 0.5\u202fs ago "
                   "ports sample: 5\u202fs ago detail sample: 7\u202fs ago "
                   "up 2\u202fh 46\u202fmin");
}

static void test_the_page_has_links(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_non_null(strstr(f->html.data, "<a href=\"numbers\">/numbers</a>"));
    assert_non_null(strstr(f->html.data, "<a href=\"-/healthy\">/-/healthy</a>"));
    assert_non_null(strstr(f->html.data, "<a href=\"-/ready\">/-/ready</a>"));
    f->self.telemetry_path = "/probe/v1/metrics";
    render(f);
    assert_non_null(strstr(f->html.data, "<a href=\"probe/v1/metrics\">/probe/v1/metrics</a>"));
}

static void test_without_scripts_the_page_is_loaded_again(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_non_null(strstr(f->html.data, "<noscript><meta http-equiv=\"refresh\" content=\"5\">"
                                         "</noscript>\n<title>"));
    assert_int_equal(count_of(f->html.data, "http-equiv"), 1);
}

static void test_each_state_has_its_count_and_peak(void **state)
{
    struct fixture *f = *state;
    render(f);
    for (enum tcp_state i = 0; i < TCP_STATES; i++) {
        char row[128];
        snprintf(row, sizeof row, " %s %s %d,007 ", tcp_state_name(i),
                 format_count(f->snapshot.sockets[i]).text, (int)i + 1);
        if (i != TCP_STATE_BOUND_INACTIVE)
            assert_says(f, row);
    }
    assert_says(f, "Peak: within the last 2 minutes. ");
    assert_says(f, " bound_inactive 14,003 not kept "); /* 7,001 and 7,002 */
}

static void test_states_without_sockets_are_soft(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_non_null(strstr(f->html.data, "<tr class=\"\"><th scope=\"row\">bound_inactive<"));
    f->snapshot.sockets[TCP_STATE_SYN_SENT] = f->snapshot.peak_sockets[TCP_STATE_SYN_SENT] = 0;
    f->snapshot.sockets[TCP_STATE_SYN_RECV] = 0;
    memset(&f->snapshot.detail, 0, sizeof f->snapshot.detail);
    render(f);
    assert_non_null(strstr(f->html.data, "<tr class=\"soft\"><th scope=\"row\">syn_sent<"));
    assert_non_null(strstr(f->html.data, "<tr class=\"\"><th scope=\"row\">syn_recv<"));
    assert_non_null(strstr(f->html.data, "<tr class=\"soft\"><th scope=\"row\">bound_inactive<"));
}

static void test_the_two_big_states_have_their_parts_and_history(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "Established 1,000 peak 1,007 IPv6 1,002 of 2,003 1,000 0 Established, last");
    assert_says(f, "Time wait 6,000 peak 6,007 clients: hold ports 7,002 of 14,003 6,000 0 Time "
                   "wait, last 15 minutes");
    assert_int_equal(count_of(f->html.data, "180 of 180 intervals are known"), 4);
    /* Further apart than count samples, though not than detail samples. */
    f->snapshot.established_history = (struct history){0};
    history_observe(&f->snapshot.established_history, 0, 1000);
    history_observe(&f->snapshot.established_history, 2 * HISTORY_SLOT_LENGTH, 1000);
    render(f);
    assert_non_null(strstr(f->html.data, "\"M177 0h0M179 0h0\""));
    f->snapshot.has_time_wait_roles = false;
    render(f);
    assert_says(f, "Time wait 6,000 peak 6,007 6,000 0 Time");
}

static void test_counters_are_those_of_the_last_minute(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "In the last minute connect() 1,004 accepted 1,005 failed to connect 1,006 "
                   "reset 1,007 resets sent 1,008 dropped by listeners 0 at full queues 0 "
                   "at full SYN queues 0 SYN cookies sent 1,009 TIME_WAITs 1,001 reused 1,002 "
                   "skipped at the limit 0 Samples");
    assert_silent(f, "123,45");
    assert_non_null(strstr(f->html.data, "<div class=\"soft\"><dt>dropped by listeners</dt>"));
    assert_non_null(strstr(f->html.data, "<div class=\"\"><dt>connect()</dt><dd>1,004</dd>"));
    f->snapshot.recent_seconds = 12;
    f->snapshot.recent.listen_drops = 3;
    f->snapshot.recent.listen_overflows = 4; /* a part is never larger than its whole */
    f->snapshot.recent.syn_queue_full_drops = 5;
    f->snapshot.recent.time_wait_overflows = 6;
    f->snapshot.recent.syncookies_sent = PROCFS_ABSENT;
    f->snapshot.time_wait_collected = false;
    render(f);
    assert_says(f, "In the last 12\u202fs connect() 1,004 ");
    assert_says(f, "dropped by listeners 3 at full queues 3 at full SYN queues 5 "
                   "SYN cookies sent ? Samples");
}

static void test_limits_have_their_own_numbers(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "Limits TCP memory of the host 3\u202fMiB of 6\u202fMiB orphans of the host "
                   "17 of 65,536 TIME_WAIT 6,000 of 262,144 tcp_tw_reuse loopback only "
                   "FIN_WAIT2 without a process 18 of 5,000 Busiest");
    static const char *const names[] = {"off", "on", "loopback only", "?"};
    for (uint64_t i = 0; i < 4; i++) {
        char row[64];
        f->snapshot.settings.tw_reuse = i;
        render(f);
        snprintf(row, sizeof row, "tcp_tw_reuse %s FIN_WAIT2", names[i]);
        assert_says(f, row);
    }
    f->snapshot.settings.time_wait_limit = PROCFS_UNLIMITED;
    memset(f->snapshot.pressure.memory_limit_bytes, 0xff,
           sizeof f->snapshot.pressure.memory_limit_bytes);
    f->snapshot.pressure.orphan_limit = PROCFS_ABSENT;
    render(f);
    assert_says(f, "Limits TCP memory of the host 3\u202fMiB of ? orphans of the host 17 of ? "
                   "TIME_WAIT 6,000 of no limit ");
    f->snapshot.has_pressure = f->snapshot.time_wait_collected = false;
    render(f);
    assert_says(f, "Limits TCP memory of the host ? of ? orphans of the host ? of ? "
                   "FIN_WAIT2 without a process 18 of 5,000 ");
}

static void test_ports_have_their_own_numbers(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "TCP ephemeral ports in use 21\u202f% towards the fullest "
                   "destination peak 31\u202f% fullest destination: 21\u202f% 0 50 %");
    assert_says(f, "100 %: it fails 100\u202f% 0 fullest destination, last 15 minutes The highest "
                   "value in each 5 seconds; the maximum is 31\u202f%.");
    assert_says(f, "half that connect() tries first 42\u202f% fullest local address 22\u202f% "
                   "whole host 23\u202f% 20,004 used, 1,000 usable: "
                   "range 20,000 , reserved 20,001 , owned 20,002 . Fullest destinations");
    assert_says(f, "UDP ephemeral ports in use 23\u202f% of this host "
                   "peak 33\u202f% whole host: 23\u202f% 0 100 %: no new socket 100\u202f% 0 whole "
                   "host, last 15 minutes The highest value in each 5 seconds; the maximum is "
                   "33\u202f%.");
    assert_says(f, "fullest destination 21\u202f% fullest local address 22\u202f% 30,004 used, "
                   "1,000 usable: range 30,000 , reserved 30,001 , owned 30,002 . ");
    assert_int_equal(count_of(f->html.data, "class=\"knee\""), 1);
    assert_int_equal(count_of(strstr(f->html.data, "UDP ephemeral"), "class=\"knee\""), 0);
    f->snapshot.ports[SOCKET_TCP].summary.preferred_utilization = 1;
    render(f);
    assert_non_null(strstr(f->html.data, "<div class=\"gauge Warning\">"));
    assert_non_null(strstr(f->html.data, "<div class=\"Warning\"><dt>half that"));
    assert_non_null(strstr(f->html.data, "<div class=\"OK\"><dt>whole host"));
}

static void test_the_history_of_ports_has_the_gaps_of_their_samples(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_TCP].port_history = (struct history){0};
    struct history *history = &f->snapshot.ports[SOCKET_TCP].port_history;
    history_observe(history, 1000 * HISTORY_SLOT_LENGTH, 5000);
    history_observe(history, 1004 * HISTORY_SLOT_LENGTH, 5000); /* after 20 s */
    render(f);
    assert_non_null(strstr(f->html.data, "\"M175 500h0L179 500\""));
    f->snapshot.samples[SAMPLE_PORTS].interval_seconds = 14;
    render(f);
    assert_non_null(strstr(f->html.data, "\"M175 500h0M179 500h0\""));
}

static void test_the_bound_is_shown_when_it_says_more(void **state)
{
    struct fixture *f = *state;
    f->snapshot.bound_utilization = 0.35;
    render(f);
    assert_silent(f, "now at most");
    f->snapshot.has_bound = true;
    render(f);
    assert_says(f, "peak 31\u202f% now at most 35\u202f% fullest destination");
    assert_int_equal(count_of(f->text.data, "now at most"), 1); /* not for UDP */
    static const double no_more[] = {0.21, 0.219, 0.1};         /* shown as 21 %; a race */
    for (size_t i = 0; i < 3; i++) {
        f->snapshot.bound_utilization = no_more[i];
        render(f);
        assert_silent(f, "now at most");
    }
}

static void test_lost_ports_are_named(void **state)
{
    struct fixture *f = *state;
    struct port_summary *summary = &f->snapshot.ports[SOCKET_TCP].summary;
    *summary = (struct port_summary){.unreserved_listeners = 1,
                                     .unreserved_ports = {40001, 40002},
                                     .unreserved_named = 1,
                                     .bound_before_connect = 7};
    f->snapshot.ports[SOCKET_UDP].summary = *summary;
    f->snapshot.ports[SOCKET_UDP].summary.has_bound_before_connect = true;
    render(f);
    assert_says(f, "owned 0 . A listener has taken 1 port that ip_local_reserved_ports lacks: "
                   "40001. Fullest");
    assert_int_equal(count_of(f->text.data, "has taken"), 1); /* not for UDP */
    assert_silent(f, "before connect()");
    summary->unreserved_listeners = 3;
    summary->unreserved_named = 2;
    summary->has_bound_before_connect = true;
    render(f);
    assert_says(f, "owned 0 . About 7 ports taken by bind() before connect(). A listener has taken "
                   "3 ports that ip_local_reserved_ports lacks: 40001, 40002, ... Fullest");
    assert_int_equal(count_of(f->text.data, "before connect()"), 1); /* not for UDP */
    summary->bound_before_connect = 0;
    render(f);
    assert_silent(f, "before connect()");
}

static void test_destinations_of_both_protocols_are_one_list(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "Of usable 198.51.100.7:443 192.0.2.1 TCP 210 21\u202f% "
                   "198.51.100.7:443 192.0.2.1 UDP 200 20\u202f% "
                   "198.51.100.7:444 192.0.2.1 TCP 190 19\u202f% "
                   "198.51.100.7:444 192.0.2.1 UDP 180 18\u202f% "
                   "The top 4 of 50,010 destinations. Limits");
    f->destinations[SOCKET_UDP][0].ports = 5000; /* more than the usable ones, as after a change */
    f->destinations[SOCKET_TCP][0].ports = 1000;
    render(f);
    assert_says(f, "Of usable 198.51.100.7:443 192.0.2.1 TCP 1,000 100\u202f% "
                   "198.51.100.7:443 192.0.2.1 UDP 5,000 100\u202f% ");
}

static void test_long_lists_of_destinations_are_truncated(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_TCP].destination_count = 9;
    f->snapshot.ports[SOCKET_TCP].summary.destinations = 40;
    f->snapshot.ports[SOCKET_UDP].summary.destinations = 10;
    render(f);
    assert_int_equal(count_of(f->text.data, " 192.0.2.1 "), 8);
    assert_says(f, "The top 8 of 50 destinations; the top 11 of 50 at /numbers . Limits");
    f->snapshot.ports[SOCKET_TCP].summary.destination_error_bound = 1;
    render(f);
    assert_says(f, "The top 8 of at most 50 destinations; the top 11 of 50 at /numbers . Up to 1 "
                   "port of each not counted. Limits");
    f->snapshot.ports[SOCKET_TCP].summary.destination_error_bound = 0;
    f->snapshot.ports[SOCKET_UDP].summary.destination_error_bound = 2;
    f->snapshot.ports[SOCKET_TCP].destination_count = 6;
    render(f);
    assert_int_equal(count_of(f->text.data, " 192.0.2.1 "), 8);
    assert_says(f, "The top 8 of at most 50 destinations. Up to 2 ports of each not counted. ");
    f->snapshot.ports[SOCKET_TCP].destination_count = 1;
    f->snapshot.ports[SOCKET_UDP].destination_count = 0;
    f->snapshot.ports[SOCKET_TCP].summary.destinations = 1;
    f->snapshot.ports[SOCKET_UDP].summary.destinations = 0;
    f->snapshot.ports[SOCKET_UDP].summary.destination_error_bound = 0;
    render(f);
    assert_says(f, "TCP 210 21\u202f% 1 destination. Limits");
}

static void test_destinations_of_one_protocol_do_not_need_the_other(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_TCP].present = false;
    f->snapshot.ports[SOCKET_TCP].summary.destination_error_bound = 31;
    render(f);
    assert_says(f, "Of usable 198.51.100.7:443 192.0.2.1 UDP 200 20\u202f% "
                   "198.51.100.7:444 192.0.2.1 UDP 180 18\u202f% "
                   "The top 2 of 30,005 destinations. TCP: unknown. Limits");
    assert_says(f, "TCP ephemeral ports in use Unknown. No current ports sample: see the errors "
                   "below the samples. ");
    assert_says(f, "UDP ephemeral ports in use 23\u202f%");
    f->snapshot.ports[SOCKET_UDP].destination_count = 1;
    render(f);
    assert_says(f, "Of usable 198.51.100.7:443 192.0.2.1 UDP 200 20\u202f% The top 1 of 30,005");
    f->snapshot.ports[SOCKET_UDP].destination_count = 0;
    f->snapshot.ports[SOCKET_UDP].summary.destinations = 0;
    render(f);
    assert_says(f, "Fullest destinations 0 destinations. TCP: unknown. Limits");
    f->snapshot.ports[SOCKET_TCP].present = true;
    f->snapshot.ports[SOCKET_TCP].summary.destination_error_bound = 0;
    f->snapshot.ports[SOCKET_UDP].present = false;
    render(f);
    assert_says(f, "Of usable 198.51.100.7:443 192.0.2.1 TCP 210 21\u202f% "
                   "198.51.100.7:444 192.0.2.1 TCP 190 19\u202f% "
                   "The top 2 of 20,005 destinations. UDP: unknown. Limits");
    assert_says(f, "UDP ephemeral ports in use Unknown. Not readable: see the errors below");
    f->snapshot.ports[SOCKET_TCP].has_destinations = false;
    render(f);
    assert_says(f, "Fullest destinations Unknown. Not collected: --no-collector.destinations. ");
}

static void test_without_names_the_destinations_are_counted(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_TCP].destination_count =
        f->snapshot.ports[SOCKET_UDP].destination_count = 0;
    f->snapshot.ports[SOCKET_TCP].summary.destinations = 1;
    f->snapshot.ports[SOCKET_UDP].summary.destinations = 0;
    render(f);
    assert_says(f, "Fullest destinations 1 destination. None of TCP named: "
                   "--collector.destinations.top is 0. Limits");
}

static void test_listeners_have_their_queues_and_connections(void **state)
{
    struct fixture *f = *state;
    f->queues[0].queue_length = 3;
    f->queues[0].queue_peak = 1500;
    f->listeners[0] = f->queues[0];
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8001 0 0 4,096 0 101 1 2 "
                   "0.0.0.0:8000 3 1,500 4,096 0 100 1 2 others 5,000 0 0 ");
}

static void test_a_full_queue_comes_first_and_is_marked(void **state)
{
    struct fixture *f = *state;
    f->queues[0].queue_peak = f->listeners[0].queue_peak = 4096;
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8000 0 4,096 full 4,096 0 100 1 2 0.0.0.0:8001 ");
    assert_says(f, "Warning The accept queue of 0.0.0.0:8000 was full within the last 2 minutes");
    f->queues[0].queue_peak = f->queues[0].queue_limit = f->queues[1].queue_limit = 1;
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8000 0 1 full 1 0 100 1 2 0.0.0.0:8001 0 0 1 0 101 ");
    f->queues[0].queue_peak = f->queues[0].queue_limit = 0;
    render(f);
    assert_says(f, "0.0.0.0:8000 0 0 0 0 100 ");
}

static void test_a_listener_that_drops_is_marked(void **state)
{
    struct fixture *f = *state;
    f->queues[0].drops = 55;
    f->queues[0].queue_length = 4097;
    memcpy(f->queues[0].interface_name, "eth1", 5);
    render(f);
    assert_says(f, "0.0.0.0:8000 on eth1 4,097 full 0 4,096 55 100 1 2 ");
    assert_null(strstr(f->html.data, "dropping\""));
    f->queues[0].dropping = true;
    render(f);
    assert_non_null(strstr(f->html.data, "<td class=\"Warning dropping\">55</td>"));
    f->snapshot.has_counts = false;
    f->snapshot.listeners = f->queues;
    render(f);
    assert_says(f, "0.0.0.0:8000 on eth1 ? ? ? ? 100 1 2 ");
    assert_null(strstr(f->html.data, "dropping\""));
}

static void test_long_lists_of_listeners_are_truncated(void **state)
{
    struct fixture *f = *state;
    f->snapshot.queue_count = f->snapshot.listener_count = 40;
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8039 0 0 4,096 0 139 1 2 0.0.0.0:8038 ");
    /* 5,000, and 100 to 131 of the 32 that are not shown. */
    assert_says(f, "0.0.0.0:8032 0 0 4,096 0 132 1 2 others 8,696 32 64 32 more at /numbers . ");
}

static void test_the_busiest_listeners_come_first_in_any_order(void **state)
{
    struct fixture *f = *state;
    f->snapshot.queue_count = f->snapshot.listener_count = 40;
    for (size_t i = 0; i < 40; i++) /* in the opposite order */
        f->listeners[i].sockets[TCP_STATE_ESTABLISHED] = 200 - i;
    memcpy(f->queues, f->listeners, sizeof f->queues);
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8000 0 0 4,096 0 200 1 2 0.0.0.0:8001 ");
    assert_says(f, "0.0.0.0:8007 0 0 4,096 0 193 1 2 others ");
    for (size_t i = 0; i < 40; i++) /* all the same, until one has more of any state */
        f->queues[i].sockets[TCP_STATE_ESTABLISHED] = 5;
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8000 0 0 4,096 0 5 1 2 0.0.0.0:8001 ");
    f->queues[1].sockets[TCP_STATE_TIME_WAIT] = 3;
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8001 0 0 4,096 0 5 1 3 0.0.0.0:8000 ");
}

static void test_a_listener_may_be_named_for_its_queue_alone(void **state)
{
    struct fixture *f = *state;
    /* 8002 to 8006 for their connections, also 8000 and 8001 for their queues; these are part of
     * the others' 5,000. */
    f->snapshot.queue_count = 7;
    f->snapshot.listeners = &f->listeners[2];
    f->snapshot.listener_count = 5;
    render(f);
    assert_int_equal(count_of(f->text.data, " 0.0.0.0:80"), 7);
    assert_says(f, "0.0.0.0:8000 0 0 4,096 0 100 1 2 others 4,799 ");
    assert_silent(f, "more at");
}

static void test_without_names_the_listeners_are_summed(void **state)
{
    struct fixture *f = *state;
    f->snapshot.queue_count = f->snapshot.listener_count = 0;
    f->snapshot.queues = f->snapshot.listeners = NULL;
    render(f);
    assert_says(f, "Time wait others 5,000 0 0 Waiting:");
}

static void test_samples_have_their_costs(void **state)
{
    struct fixture *f = *state;
    f->snapshot.errors[0] = 30;
    f->snapshot.errors[FAULT_NETLINK_REFUSED] = 31;
    f->snapshot.errors[FAULT_PROC_READ] = 32;
    render(f);
    assert_says(f, "Sample Taken Interval Duration Sockets Of one CPU Good Failed "
                   "count 0.5\u202fs ago 1.5\u202fs 1.3\u202fms 14 0.12\u202f% 10,000 11 "
                   "ports 5\u202fs ago 15\u202fs 33\u202fms 34 0.32\u202f% 3,000 31 "
                   "detail 7\u202fs ago 25\u202fs 23\u202fms 24 0.22\u202f% 2,000 21 Errors");
    assert_says(f, "30 , netlink_refused 31 , proc_read 32 ; the log");
    assert_silent(f, "differ from");
    f->snapshot.derived_counts_in_use = false;
    memset(f->snapshot.errors, 0, sizeof f->snapshot.errors);
    render(f);
    assert_says(f, "differ from its list");
    assert_silent(f, "Errors");
    f->now = start + 1;
    render(f);
    assert_says(f, " 14 1200\u202f% 10,000 11 ");
    f->now = start + 0.9;
    render(f);
    assert_says(f, " 14 ? 10,000 11 ");
    assert_says(f, " 24 ? 2,000 21 ");
}

static void test_without_counts_their_numbers_are_unknown(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_counts = false;
    f->snapshot.queues = NULL;
    f->snapshot.queue_count = 0;
    f->snapshot.samples[SAMPLE_COUNT].last_success = start + 9958;
    render(f);
    assert_says(f, "UTC count sample: 42\u202fs ago");
    assert_says(f, "Unknown Last good count sample: 42\u202fs ago; 11 failed since the start "
                   "Sockets by state and accept queues are unknown.");
#define WHY "Unknown. No current count sample. "
    assert_says(f, "Time wait " WHY "Established " WHY "TCP sockets by state " WHY "In the last");
    assert_says(f, "0.0.0.0:8001 ? ? ? ? 101 1 2 0.0.0.0:8000 ? ? ? ? 100 1 2 others");
    assert_int_equal(count_of(f->html.data, "class=\"chart\""), 2); /* of ports */
    assert_says(f,
                "TIME_WAIT ? of 262,144 tcp_tw_reuse loopback only FIN_WAIT2 without a process ? "
                "of ?");
    assert_non_null(strstr(f->html.data, "<title>Unknown: "));
    assert_non_null(strstr(f->html.data, "<tr class=\"Unknown\"><th scope=\"row\">0.0.0.0:"));
#undef WHY
}

static void test_without_detail_its_parts_are_unknown(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_detail = false;
    f->snapshot.samples[SAMPLE_DETAIL].last_success = 0;
    render(f);
    assert_says(f, "detail sample: none yet up");
    assert_says(f, "Unknown Last good detail sample: none yet; 21 failed since the start The "
                   "listeners' connections are unknown.");
    assert_says(f, "TCP ephemeral ports in use 21");
    assert_says(f, "Established 1,000 peak 1,007 1,000 0");
    assert_says(f, "0.0.0.0:8000 0 0 4,096 0 ? ? ? others ? ? ? ");
    assert_silent(f, "bound_inactive");
    assert_says(f, "detail none yet 25");
}

static void test_without_a_ports_sample_ports_are_unknown(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_TCP].present = f->snapshot.ports[SOCKET_UDP].present = false;
    f->snapshot.samples[SAMPLE_PORTS].last_success = start + 9958;
    render(f);
#define WHY "Unknown. No current ports sample: see the errors below the samples. "
    assert_says(f, "Unknown Last good ports sample: 42\u202fs ago; 31 failed since the start Ports "
                   "and destinations are unknown.");
    assert_says(f, "TCP ephemeral ports in use " WHY "Fullest destinations " WHY "Limits");
    assert_says(f, "UDP ephemeral ports in use " WHY "Time wait");
    f->snapshot.samples[SAMPLE_PORTS] = (struct sample_report){0};
    f->snapshot.has_detail = false; /* it is the first that is taken */
    render(f);
    assert_says(f, "TCP ephemeral ports in use " WHY);
#undef WHY
}

static void test_a_kernel_without_bound_inactive_has_no_such_row(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_bound_inactive = false;
    render(f);
    assert_silent(f, "bound_inactive");
}

static void test_without_proc_settings_and_counters_are_unknown(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_settings = false;
    render(f);
    assert_says(f, "TIME_WAIT 6,000 of ? tcp_tw_reuse ? FIN_WAIT2");
    assert_says(f, "Nothing known is close to a limit");
    f->snapshot.has_settings = true;
    f->snapshot.has_counters = false;
    render(f);
    assert_null(strstr(f->html.data, "<div class=\"soft\"><dt>"));
    assert_says(f,
                "In the last minute connect() ? accepted ? failed to connect ? reset ? resets "
                "sent ? dropped by listeners ? at full queues ? at full SYN queues ? SYN cookies "
                "sent ? TIME_WAITs ? reused ? skipped at the limit ? Samples");
}

static void test_each_finding_has_a_command_and_advice(void **state)
{
    struct fixture *f = *state;
    f->snapshot.sockets[TCP_STATE_CLOSE_WAIT] = 6000;
    f->snapshot.ports[SOCKET_UDP].summary.utilization[PORT_SCOPE_HOST] = 0.9;
    render(f);
    assert_non_null(strstr(f->html.data, "<code>ss -tanp state close-wait</code> "
                                         "<a href=\"#close-wait\">What to do</a>"));
    assert_non_null(strstr(f->html.data, "<a href=\"#udp-ports\">What to do</a>"));
    assert_says(f, "ss -Huanp | grep -o '\"[^\"]*\",pid=[0-9]*' | sort ");
    assert_int_equal(count_of(f->html.data, "<div id=\""), 2);
    assert_non_null(strstr(f->html.data, "<div id=\"udp-ports\"><h3>UDP ports</h3>"));
    assert_non_null(strstr(f->html.data, "<div id=\"close-wait\"><h3>CLOSE_WAIT</h3>"));
    assert_says(f, "More in docs/runbooks.md, SockdiagCloseWaitLeak ");
}

static void test_findings_are_in_order(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_HOST] = 0.8;
    f->snapshot.ports[SOCKET_UDP].summary.utilization[PORT_SCOPE_HOST] = 0.9;
    f->queues[0].queue_peak = 4096;
    render(f);
    assert_non_null(strstr(f->html.data, "<title>Critical: "));
    assert_non_null(strstr(f->html.data, "<section class=\"verdict Critical\">\n<div><h2><span "
                                         "class=\"badge Critical\">Critical</span> 90"));
    assert_non_null(strstr(f->html.data, "<div><h3><span class=\"badge Warning\">Warning</span> "));
    assert_non_null(strstr(f->html.data, "<div><h3><span class=\"badge Watch\">Watch</span> 80"));
}

static void test_uncollected_parts_name_their_flag(void **state)
{
    struct fixture *f = *state;
    f->snapshot.time_wait_collected = f->snapshot.listeners_collected = false;
    f->snapshot.queue_count = f->snapshot.listener_count = 0;
    f->snapshot.ports[SOCKET_TCP].has_destinations = false;
    f->snapshot.ports[SOCKET_UDP].has_destinations = false;
    render(f);
    assert_says(f,
                "OK Nothing known is close to a limit Ports towards the fullest destination: ?.");
    assert_silent(f, "client");
    assert_silent(f, "tcp_tw_reuse");
    assert_says(f, "Busiest listeners Unknown. Not collected: --no-collector.listeners.");
    assert_says(f, "TCP ephemeral ports in use Unknown. Destinations are not collected: "
                   "--no-collector.destinations. fullest local address");
    assert_says(f, "UDP ephemeral ports in use 23\u202f% of this host ");
    assert_says(f, "100 %: no new socket ");
    assert_silent(f, "fullest destination 2");
    assert_says(f, "Fullest destinations Unknown. Not collected: --no-collector.destinations.");
    f->snapshot.ports[SOCKET_TCP].present = f->snapshot.ports[SOCKET_UDP].present = false;
    f->snapshot.samples[SAMPLE_PORTS] = (struct sample_report){0};
    render(f);
#define WHY "Unknown. Not collected: --no-collector.ports. "
    assert_says(f, "TCP ephemeral ports in use " WHY "Fullest destinations " WHY "Limits");
    assert_says(f, "UDP ephemeral ports in use " WHY "Time wait");
#undef WHY
}

static void test_an_empty_snapshot_is_a_valid_page(void **state)
{
    struct fixture *f = *state;
    f->snapshot = (struct snapshot){0};
    f->now = start;
    render(f);
    assert_says(f, "Unknown Last good count sample: none yet; 0 failed since the start Sockets");
    assert_says(f, "count none yet 0\u202fs 0\u202fs 0 ? 0 0");
    f->snapshot.listeners_collected = true;
    render(f);
    assert_says(f, "Busiest listeners Unknown. No current count sample.");
}

static void test_strings_cannot_become_markup(void **state)
{
    struct fixture *f = *state;
    static const char hostile[] = "\"><script>alert('&amp;')</script>\n<!--\x01";
    f->self.version = f->self.telemetry_path = hostile;
    f->snapshot.ports[SOCKET_TCP].destination_count = 12; /* the path is in the notes, too */
    snprintf(f->snapshot.host_name, sizeof f->snapshot.host_name, "%s", hostile);
    memcpy(f->destinations[0][0].interface_name, hostile + 2, INTERFACE_NAME_SIZE - 1);
    memcpy(f->queues[0].interface_name, hostile + 2, INTERFACE_NAME_SIZE - 1);
    f->queues[0].queue_length = 5000;
    f->snapshot.ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_DESTINATION] = 1;
    buffer_clear(&f->html);
    status_page_render(&f->html, &f->snapshot, &f->self, f->now);
    buffer_append(&f->html, "", 1);
    assert_int_equal(count_of(f->html.data, "<script"), 1);
    assert_null(strstr(f->html.data, "<!--"));
    assert_null(strchr(f->html.data, '\x01'));
    f->self.version = hostile + 2;
    f->self.telemetry_path = "/\"><script>alert('&amp;')</script>";
    render(f);
    assert_says(f, "sockdiag_exporter <script>alert('&amp;')</script>");
    assert_says(f, "at /\"><script>alert('&amp;')</script> . ");
    assert_int_equal(count_of(f->html.data, "<script"), 1);
    assert_says(f, "on <script>alert(' to 198");
}

static void test_the_largest_numbers_leave_the_page_valid(void **state)
{
    struct fixture *f = *state;
    memset(f->snapshot.sockets, 0xff, sizeof f->snapshot.sockets);
    memset(f->snapshot.peak_sockets, 0xff, sizeof f->snapshot.peak_sockets);
    memset(&f->snapshot.counters, 0xff, sizeof f->snapshot.counters);
    memset(&f->snapshot.established_history.highest, 0xff,
           sizeof f->snapshot.established_history.highest);
    memset(f->listeners, 0xff, sizeof f->listeners);
    memset(f->queues, 0xff, sizeof f->queues);
    memset(f->destinations, 0xff, sizeof f->destinations);
    memset(&f->snapshot.recent, 0xff, sizeof f->snapshot.recent);
    for (size_t i = 0; i < 12; i++)
        f->destinations[0][i].interface_name[0] = f->destinations[1][i].interface_name[0] = '\0';
    for (size_t i = 0; i < 40; i++)
        f->listeners[i].interface_name[0] = f->queues[i].interface_name[0] = '\0';
    for (size_t i = 0; i < 40; i++)
        f->listeners[i].family = f->queues[i].family = IP_FAMILY_IPV6;
    for (size_t i = 0; i < 40; i++)
        f->listeners[i].dropping = f->queues[i].dropping = true;
    for (size_t i = 0; i < 12; i++)
        f->destinations[0][i].family = f->destinations[1][i].family = IP_FAMILY_IPV6;
    f->snapshot.queue_count = f->snapshot.listener_count = 40;
    f->snapshot.ports[0].destination_count = f->snapshot.ports[1].destination_count = 12;
    for (size_t i = 0; i < FAULT_REASONS; i++)
        f->snapshot.errors[i] = UINT64_MAX;
    render(f);
    assert_says(f, "Established 18,446,744,073,709,551,615 peak");
    assert_says(f, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void test_a_clock_that_stepped_back_gives_no_negative_age(void **state)
{
    struct fixture *f = *state;
    f->now = start - 10;
    render(f);
    assert_says(f, "count sample: 0\u202fs ago ports sample: 0\u202fs ago "
                   "detail sample: 0\u202fs ago up 0\u202fs");
}

static void test_the_style_is_the_one_that_is_allowed(void **state)
{
    struct fixture *f = *state;
    render(f);
    const char *begin = strstr(f->html.data, "<style>") + strlen("<style>");
    assert_int_equal(strstr(begin, "</style>") - begin, strlen(status_page_style));
    assert_memory_equal(begin, status_page_style, strlen(status_page_style));
    assert_int_equal(count_of(f->html.data, "<style"), 1);
    assert_null(strpbrk(status_page_style, "<&"));
    assert_null(strstr(status_page_style, "url("));
    assert_null(strstr(status_page_style, "@import"));
}

static void test_the_script_is_the_one_that_is_allowed(void **state)
{
    struct fixture *f = *state;
    render(f);
    const char *begin = strstr(f->html.data, "<script>") + strlen("<script>");
    assert_int_equal(strstr(begin, "</script>") - begin, strlen(status_page_script));
    assert_memory_equal(begin, status_page_script, strlen(status_page_script));
    assert_null(strpbrk(status_page_script, "<&"));
}

static void test_every_picture_has_a_name(void **state)
{
    struct fixture *f = *state;
    render(f);
    size_t pictures = count_of(f->html.data, "<svg");
    assert_int_equal(pictures, 4 + 2);
    assert_int_equal(count_of(f->html.data, "role=\"img\""), pictures);
    assert_int_equal(count_of(f->html.data, "<title>"), pictures + 1);
}

static void test_the_page_is_appended(void **state)
{
    struct fixture *f = *state;
    status_page_render(&f->html, &f->snapshot, &f->self, f->now);
    size_t length = f->html.length;
    status_page_render(&f->html, &f->snapshot, &f->self, f->now);
    assert_int_equal(f->html.length, 2 * length);
    assert_memory_equal(f->html.data, f->html.data + length, length);
}

static void test_out_of_memory_marks_the_buffer(void **state)
{
    struct fixture *f = *state;
    struct buffer full = {.length = SIZE_MAX / 2 + 1, .capacity = SIZE_MAX / 2 + 1};
    status_page_render(&full, &f->snapshot, &f->self, f->now);
    assert_true(full.failed);
}

#define PAGE(text) "<!DOCTYPE html>\n<html>" text "</html>\n"

static void test_the_checker_accepts_valid_pages(void **state)
{
    (void)state;
    static const char *const pages[] = {
        PAGE(""),
        PAGE("a &lt; b &amp; c"),
        PAGE("<p class=\"x\">a<wbr>b</p>"),
        PAGE("<svg><rect x=\"1\"/></svg>"),
        PAGE("<a href=\"x/y\">'x'</a>"),
        PAGE("<style>a>b{c:\"d\"}</style>"),
        PAGE("<script>'&' > \"\"</script>"),
    };
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (find_fault(pages[i]))
            fail_msg("%s: %s", pages[i], find_fault(pages[i]));
    }
}

static void test_the_checker_refuses_bad_pages(void **state)
{
    (void)state;
    static const char *const pages[] = {
        "<html></html>",
        "<!DOCTYPE html>\n<html>",
        PAGE("<p>"),
        PAGE("</p>"),
        PAGE("<p><b></p></b>"),
        PAGE("a & b"),
        PAGE("a &nbsp; b"),
        PAGE("a > b"),
        PAGE("a \" b"),
        PAGE("a \x01 b"),
        PAGE("<p class=x>a</p>"),
        PAGE("<p class=\"x>a</p>"),
        PAGE("<p class=\"<\">a</p>"),
        PAGE("<p class=\"a\" class=\"b\">a</p>"),
        PAGE("<p style=\"color:red\">a</p>"),
        PAGE("<p onclick=\"x\">a</p>"),
        PAGE("<a href=\"https://x\">a</a>"),
        PAGE("<a href=\"/x\">a</a>"),
        PAGE("<img>"),
        PAGE("<svg><rect></svg>"),
        PAGE("<!-- x -->"),
    };
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (!find_fault(pages[i]))
            fail_msg("accepted: %s", pages[i]);
    }
}

#define whole(test) cmocka_unit_test_setup_teardown(test, make_whole, unmake)

static void test_udp_sockets_have_their_queues_and_drops(void **state)
{
    struct fixture *f = *state;
    const struct udp_socket_row rows[] = {
        {.port = 53, .receive_queue = 2048, .drops = 1234},
        {.port = 161, .interface_name = "eth1"},
    };
    render(f);
    assert_silent(f, "UDP receive queues");
    f->snapshot.has_udp = true;
    f->snapshot.udp = (struct udp_summary){.sockets = 1, .other_drops = 7};
    render(f);
    assert_says(f, "UDP receive queues 1 UDP socket. Dropped since the exporter's start by those "
                   "not named: 7.");
    f->snapshot.udp_rows = rows;
    f->snapshot.udp_row_count = 2;
    render(f);
    assert_says(f, "Socket Not read Dropped 0.0.0.0:53 2\u202fKiB 1,234 0.0.0.0:161 on eth1 "
                   "0\u202fB 0 1 UDP socket.");
}

static void test_unix_listeners_have_their_queues(void **state)
{
    struct fixture *f = *state;
    const struct unix_listener_row rows[] = {
        {.path = "/run/php/<fpm>.sock", .queue_length = 1, .queue_limit = 511, .queue_peak = 511},
        {.path = "@x", .queue_limit = 1},
    };
    render(f);
    assert_silent(f, "UNIX accept queues");
    f->snapshot.has_unix = true;
    f->snapshot.unix_sockets.other_queue_length = 9;
    f->snapshot.unix_rows = rows;
    f->snapshot.unix_row_count = 2;
    render(f);
    assert_says(f, "UNIX accept queues UNIX listener Waiting Peak Limit /run/php/<fpm>.sock 1 511 "
                   "511 @x 0 0 1 Waiting at listeners not named: 9.");
    assert_int_equal(count_of(f->html.data, "<tr class=\"Warning\">"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        whole(test_a_complete_snapshot_is_ok),
        whole(test_the_page_shows_its_age),
        whole(test_the_page_has_links),
        whole(test_without_scripts_the_page_is_loaded_again),
        whole(test_each_state_has_its_count_and_peak),
        whole(test_states_without_sockets_are_soft),
        whole(test_the_two_big_states_have_their_parts_and_history),
        whole(test_counters_are_those_of_the_last_minute),
        whole(test_limits_have_their_own_numbers),
        whole(test_ports_have_their_own_numbers),
        whole(test_the_history_of_ports_has_the_gaps_of_their_samples),
        whole(test_the_bound_is_shown_when_it_says_more),
        whole(test_lost_ports_are_named),
        whole(test_destinations_of_both_protocols_are_one_list),
        whole(test_long_lists_of_destinations_are_truncated),
        whole(test_destinations_of_one_protocol_do_not_need_the_other),
        whole(test_without_names_the_destinations_are_counted),
        whole(test_listeners_have_their_queues_and_connections),
        whole(test_a_full_queue_comes_first_and_is_marked),
        whole(test_a_listener_that_drops_is_marked),
        whole(test_long_lists_of_listeners_are_truncated),
        whole(test_the_busiest_listeners_come_first_in_any_order),
        whole(test_a_listener_may_be_named_for_its_queue_alone),
        whole(test_without_names_the_listeners_are_summed),
        whole(test_samples_have_their_costs),
        whole(test_without_counts_their_numbers_are_unknown),
        whole(test_without_detail_its_parts_are_unknown),
        whole(test_without_a_ports_sample_ports_are_unknown),
        whole(test_a_kernel_without_bound_inactive_has_no_such_row),
        whole(test_without_proc_settings_and_counters_are_unknown),
        whole(test_each_finding_has_a_command_and_advice),
        whole(test_findings_are_in_order),
        whole(test_uncollected_parts_name_their_flag),
        whole(test_an_empty_snapshot_is_a_valid_page),
        whole(test_strings_cannot_become_markup),
        whole(test_the_largest_numbers_leave_the_page_valid),
        whole(test_a_clock_that_stepped_back_gives_no_negative_age),
        whole(test_the_style_is_the_one_that_is_allowed),
        whole(test_the_script_is_the_one_that_is_allowed),
        whole(test_every_picture_has_a_name),
        whole(test_the_page_is_appended),
        whole(test_out_of_memory_marks_the_buffer),
        cmocka_unit_test(test_the_checker_accepts_valid_pages),
        cmocka_unit_test(test_the_checker_refuses_bad_pages),
        whole(test_udp_sockets_have_their_queues_and_drops),
        whole(test_unix_listeners_have_their_queues),
    };
    return cmocka_run_group_tests_name("status page", tests, NULL, NULL);
}
