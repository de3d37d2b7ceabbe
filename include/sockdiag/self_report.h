// SPDX-License-Identifier: Apache-2.0
/*
 * What the exporter reports about itself: its build, its process, the requests it has answered.
 */
#ifndef SOCKDIAG_SELF_REPORT_H
#define SOCKDIAG_SELF_REPORT_H

#include "kernel/procfs.h"
#include "kernel/tcp_events.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* HTTP requests answered with one status code at one path. */
struct request_count {
    const char *handler; /* the path; "other" for those that do not exist */
    unsigned code;
    uint64_t requests;
};

enum { REQUEST_COUNTS_MAX = 24 };

/* The exporter about itself, at the time of a snapshot. Without process usage or requests, their
 * families are left out (--web.disable-exporter-metrics). Its strings outlive every page. */
struct self_report {
    const char *version;
    const char *revision;
    const char *telemetry_path; /* of the metrics */
    double start_time_seconds;  /* unix time */
    bool has_web_config;        /* --web.config.file was given: the next two are valid */
    bool web_config_refused;    /* at the last reading; the previous one stays in force */
    double web_config_seconds;  /* unix time when the one in force was read */
    uint64_t log_lines_dropped;
    bool walks_asked_for;              /* --collector.netns.walk was given */
    bool walks_enabled;                /* and there is a helper for them */
    bool events_asked_for[TCP_EVENTS]; /* --collector.connect-failures, --collector.closers */
    bool events_enabled[TCP_EVENTS];
    bool has_process;
    struct process_usage process;
    uint64_t process_errors[FAULT_REASONS]; /* of reading these */
    struct request_count requests[REQUEST_COUNTS_MAX];
    size_t request_count;
    uint64_t connections_rejected; /* with the requests */
};

#endif
