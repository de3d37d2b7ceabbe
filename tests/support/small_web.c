// SPDX-License-Identifier: Apache-2.0
#include "small_web.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static struct file_stamps files; /* of the last reading */

struct web_server *small_web_start(struct publication *publication, const struct clock *clock,
                                   struct web_config *config)
{
    const struct web_options options = {.listen_addresses = {"127.0.0.1:10073"},
                                        .listen_address_count = 1,
                                        .telemetry_path = "/metrics",
                                        .max_connections = SMALL_WEB_PLACES};
    char error[256];
    struct web_server *web =
        web_server_create(&options, config, publication, clock, error, sizeof error);
    if (web && web_server_start(web, error, sizeof error))
        return web;
    web_server_stop(web);
    print_error("%s\n", error);
    return NULL;
}

struct web_config *small_web_config(const char *text)
{
    char error[512];
    scratch_write_text("web.yml", text);
    struct web_config *config =
        web_config_load(scratch_path("web.yml"), &files, error, sizeof error);
    if (!config)
        fail_msg("%s", error);
    return config;
}

struct page *small_web_page(size_t destinations, const struct clock *clock)
{
    struct destination *rows = calloc(destinations + 1, sizeof *rows);
    assert_non_null(rows);
    for (size_t i = 0; i < destinations; i++)
        rows[i].remote_port = (uint16_t)i;
    const struct snapshot snapshot = {
        .has_counts = true,
        .has_detail = true,
        .ports = {[SOCKET_TCP] = {.present = true,
                                  .has_destinations = true,
                                  .destinations = rows,
                                  .destination_count = destinations}},
        .next_within = 3600 * NANOSECONDS_PER_SECOND,
    };
    const struct self_report self = {.version = "1", .revision = "2", .telemetry_path = "/metrics"};
    struct page *page = page_create(&snapshot, &self, clock);
    free(rows);
    assert_non_null(page);
    return page;
}
