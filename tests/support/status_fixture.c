// SPDX-License-Identifier: Apache-2.0
#include "status_fixture.h"

#include "html_check.h"
#include "utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

const double status_start = 1767225600;

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

int status_make_whole(void **state)
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
                                   .start_time_seconds = status_start};
    f->now = status_start + 10000;
    f->snapshot.samples[SAMPLE_COUNT] =
        (struct sample_report){10000, 11, 12, 0.0013, 1.5, 14, status_start + 9999.5};
    f->snapshot.samples[SAMPLE_PORTS] =
        (struct sample_report){3000, 31, 32, 0.033, 15, 34, status_start + 9995};
    f->snapshot.samples[SAMPLE_DETAIL] =
        (struct sample_report){2000, 21, 22, 0.023, 25, 24, status_start + 9993};
    *state = f;
    return 0;
}

int status_unmake(void **state)
{
    struct fixture *f = *state;
    buffer_free(&f->html);
    buffer_free(&f->text);
    free(f);
    return 0;
}

void render(struct fixture *f)
{
    buffer_clear(&f->html);
    buffer_clear(&f->text);
    status_page_render(&f->html, &f->snapshot, &f->self, f->now);
    assert_false(f->html.failed);
    assert_true(f->html.length <= 48 * 1024);
    assert_true(utf8_is_valid(f->html.data, f->html.length));
    buffer_append(&f->html, "", 1);
    const char *fault = html_find_fault(f->html.data);
    if (fault)
        fail_msg("%s", fault);
    assert_null(strstr(f->html.data, "nan"));
    assert_null(strstr(f->html.data, "inf\""));
    html_read_as_text(&f->text, f->html.data);
}

void assert_says(const struct fixture *f, const char *text)
{
    if (!strstr(f->text.data, text))
        fail_msg("not \"%s\" in: %s", text, f->text.data);
}

void assert_silent(const struct fixture *f, const char *text)
{
    if (strstr(f->text.data, text))
        fail_msg("\"%s\" in: %s", text, f->text.data);
}

size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}
