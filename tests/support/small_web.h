// SPDX-License-Identifier: Apache-2.0
/*
 * A web server within the test, for what a whole exporter cannot be made to show.
 */
#ifndef TESTS_SUPPORT_SMALL_WEB_H
#define TESTS_SUPPORT_SMALL_WEB_H

#include "sockdiag/web_server.h"

enum { SMALL_WEB_PORT = 10073 };

/* On 127.0.0.1, with 16 places, the metrics at /metrics and no configuration; it answers already.
 * To be ended with web_server_stop(), before `publication` and `clock`. NULL if it cannot be. */
struct web_server *small_web_start(struct publication *publication, const struct clock *clock);

#endif
