// SPDX-License-Identifier: Apache-2.0
/*
 * A web server within the test, for cases that a test cannot cause in a whole exporter.
 */
#ifndef TESTS_SUPPORT_SMALL_WEB_H
#define TESTS_SUPPORT_SMALL_WEB_H

#include "sockdiag/web_server.h"

enum { SMALL_WEB_PORT = 10073, SMALL_WEB_PLACES = 256 };

/* A running server on 127.0.0.1, with 256 places, the metrics at /metrics and `config` (NULL:
 * none), which it then owns. End it with web_server_stop(), before `publication` and `clock`. NULL
 * on failure. */
struct web_server *small_web_start(struct publication *publication, const struct clock *clock,
                                   struct web_config *config);

/* The configuration of a file with this text in the scratch directory. Fails the test when it is
 * refused. */
struct web_config *small_web_config(const char *text);

/* A page that is valid for an hour, with a line of about a hundred bytes for each destination.
 * Fails the test when there is no memory. */
struct page *small_web_page(size_t destinations, const struct clock *clock);

#endif
