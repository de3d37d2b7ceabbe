// SPDX-License-Identifier: Apache-2.0
/*
 * The findings of a snapshot as plain text: the top of the status page. Private to src/status.
 */
#ifndef SOCKDIAG_STATUS_VERDICT_H
#define SOCKDIAG_STATUS_VERDICT_H

#include "format.h"
#include "sockdiag/snapshot.h"

/* From the least to the most urgent. */
enum alert_level { LEVEL_OK, LEVEL_WATCH, LEVEL_UNKNOWN, LEVEL_WARNING, LEVEL_CRITICAL };

/* By level: a word such as "Warning", which is also the class that colours it. */
extern const char *const alert_level_names[];

/* The level of the ports of one protocol in one scope, now. */
enum alert_level judge_ports(const struct port_snapshot *ports, enum socket_protocol protocol,
                             enum port_scope scope);

/* The level of one accept queue. */
enum alert_level judge_queue(const struct listener_row *row);

/* What findings are about: each topic has its advice (advice.h). */
enum topic {
    TOPIC_SAMPLES,
    TOPIC_DESTINATIONS,
    TOPIC_LOCAL_PORTS,
    TOPIC_UDP_PORTS,
    TOPIC_QUEUES,
    TOPIC_DROPS,
    TOPIC_SYN_RECV,
    TOPIC_CLOSE_WAIT,
    TOPIC_TIME_WAIT,
    TOPIC_MEMORY,
    TOPIC_ORPHANS,
    TOPIC_NAMESPACES,
    TOPIC_HIDDEN_NAMESPACES,
    TOPICS
};

struct finding {
    enum alert_level level;
    enum topic topic;   /* unless LEVEL_OK */
    char fact[1024];    /* a sentence without its full stop */
    char meaning[1024]; /* sentences: its consequences */
    char command[512];  /* to run next, in a shell on this host; "" with LEVEL_OK */
};

enum { VERDICT_MAX_FINDINGS = 20 };

/* The most urgent finding comes first. If nothing is close to a limit, the only one is LEVEL_OK. */
struct verdict {
    struct finding findings[VERDICT_MAX_FINDINGS];
    size_t count;
};

/* `now` is the unix time, the reference of ages. */
void verdict_reach(struct verdict *verdict, const struct snapshot *snapshot, double now);

/* The level of one network namespace: of its ports, or else of their bound, and of its fullest
 * accept queue. */
enum alert_level judge_namespace(const struct namespace_row *row);

/* The order of two struct namespace_row of one level, the fuller first: by ports, by the bound, by
 * TIME_WAIT. */
int compare_namespaces(const void *left, const void *right);

/* Are the destinations of a protocol known? */
bool knows_destinations(const struct port_snapshot *ports);

/* Was a ports sample ever tried? Not with --no-collector.ports. */
bool collects_ports(const struct snapshot *snapshot);

/* The period in which counters have grown, to follow "the last". */
struct formatted format_recent_period(const struct snapshot *snapshot);

/* A program and its cgroup. */
struct source_name {
    char text[PROGRAM_NAME_SIZE + CGROUP_PATH_SIZE + 8];
};
struct source_name format_source(const struct event_source_row *row);

/* The name of a place, with the interface that its sockets are bound to, if any. */
struct place_name {
    char text[96];
};
struct place_name name_listener(const struct listener_row *row);

#endif
