// SPDX-License-Identifier: Apache-2.0
/*
 * The status page of a snapshot made by hand.
 */
#ifndef TESTS_SUPPORT_STATUS_FIXTURE_H
#define TESTS_SUPPORT_STATUS_FIXTURE_H

#include "status/status_page.h"

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

/* When the exporter started: 2026-01-01 00:00:00 UTC. */
extern const double status_start;

/* Setup and teardown of a test. */
int status_make_whole(void **state);
int status_unmake(void **state);
#define whole(test) cmocka_unit_test_setup_teardown(test, status_make_whole, status_unmake)

/* Render again; the page must always be valid and have no NaN. */
void render(struct fixture *f);

/* Of the page's text. */
void assert_says(const struct fixture *f, const char *text);
void assert_silent(const struct fixture *f, const char *text);

size_t count_of(const char *text, const char *part);

#endif
