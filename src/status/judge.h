// SPDX-License-Identifier: Apache-2.0
/*
 * The parts of a verdict: each function enters the findings about its numbers, if any. Unknown
 * numbers are not judged. Private to src/status.
 */
#ifndef SOCKDIAG_STATUS_JUDGE_H
#define SOCKDIAG_STATUS_JUDGE_H

#include "verdict.h"

#include <math.h>

/* The lowest value of each level. */
struct thresholds {
    double watch, warning, critical;
};

#define NEVER INFINITY

/* The command that counts the TCP sockets towards each destination. */
#define COUNT_DESTINATIONS "ss -Htan | awk '{print $5}' | sort | uniq -c | sort -rn | head"

enum alert_level judge(double value, const struct thresholds *thresholds);
enum alert_level choose_worse(enum alert_level a, enum alert_level b);

/* For the used share of the ports towards one destination, now and at the peak: from one half on,
 * connect() to it is slow. */
extern const struct thresholds destination_thresholds, destination_peak_thresholds;

/* For the used share of an accept queue's limit. */
extern const struct thresholds queue_thresholds;

/* The used share of a limit. If the limit is 0, the share is 1 as soon as anything is used. */
double compute_share(uint64_t count, uint64_t limit);

/* Shares of their limits; below 0 if unknown. */
double compute_time_wait_share(const struct snapshot *snapshot);
double compute_memory_share(const struct snapshot *snapshot);
double compute_orphan_share(const struct snapshot *snapshot);
double compute_fullest_queue(const struct snapshot *snapshot); /* at its peak */

/* A finding to be completed. */
struct finding finding_make(enum alert_level level, enum topic topic, const char *meaning);

/* Append to the fact. */
void finding_state(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Write the command. */
void finding_advise(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The quote around an address with a port in a command: a shell would expand IPv6's brackets. */
const char *quote_address(enum ip_family family);

/* Insert a finding after those of the same level; ignores LEVEL_OK. */
void verdict_enter(struct verdict *verdict, const struct finding *finding);

void judge_destinations(struct verdict *verdict, const struct snapshot *snapshot, double now);
void judge_binding(struct verdict *verdict, const struct port_snapshot *ports,
                   enum socket_protocol protocol);
void judge_queues(struct verdict *verdict, const struct snapshot *snapshot);
void judge_drops(struct verdict *verdict, const struct snapshot *snapshot);
void judge_syn_recv(struct verdict *verdict, const struct snapshot *snapshot);
void judge_close_wait(struct verdict *verdict, const struct snapshot *snapshot);
void judge_time_wait(struct verdict *verdict, const struct snapshot *snapshot);
void judge_memory(struct verdict *verdict, const struct snapshot *snapshot);
void judge_orphans(struct verdict *verdict, const struct snapshot *snapshot);
void judge_port_failures(struct verdict *verdict, const struct snapshot *snapshot);
void judge_namespaces(struct verdict *verdict, const struct snapshot *snapshot);

#endif
