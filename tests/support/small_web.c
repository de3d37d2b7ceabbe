// SPDX-License-Identifier: Apache-2.0
#include "small_web.h"

struct web_server *small_web_start(struct publication *publication, const struct clock *clock)
{
    const struct web_options options = {.listen_addresses = {"127.0.0.1:10073"},
                                        .listen_address_count = 1,
                                        .telemetry_path = "/metrics",
                                        .max_connections = 16};
    char error[256];
    struct web_server *web =
        web_server_create(&options, NULL, publication, clock, error, sizeof error);
    if (web && web_server_start(web, error, sizeof error))
        return web;
    web_server_stop(web);
    return NULL;
}
