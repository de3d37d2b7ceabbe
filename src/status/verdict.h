// SPDX-License-Identifier: Apache-2.0
/*
 * The findings of a snapshot as text: the top of the status page. Its strings need no escaping in
 * HTML. Private to src/status.
 */
#ifndef SOCKDIAG_STATUS_VERDICT_H
#define SOCKDIAG_STATUS_VERDICT_H

#include "sockdiag/snapshot.h"

/* From the least to the most urgent. */
enum alert_level { LEVEL_OK, LEVEL_WATCH, LEVEL_UNKNOWN, LEVEL_WARNING, LEVEL_CRITICAL };

/* By level: a word such as "Warning", which is also the class that colours it. */
extern const char *const alert_level_names[];

/* The level of the ports of one protocol in one scope. */
enum alert_level judge_ports(const struct port_snapshot *ports, enum socket_protocol protocol,
                             enum port_scope scope);

/* The level of one accept queue. */
enum alert_level judge_queue(const struct listener_row *row);

struct finding {
    enum alert_level level;
    char fact[256];    /* a sentence without its full stop */
    char meaning[320]; /* sentences: its consequences */
};

enum { VERDICT_MAX_FINDINGS = 8 };

/* The most urgent finding comes first. If nothing is close to a limit, the only one is LEVEL_OK. */
struct verdict {
    struct finding findings[VERDICT_MAX_FINDINGS];
    size_t count;
};

/* `now` is the unix time, the reference of ages. */
void verdict_reach(struct verdict *verdict, const struct snapshot *snapshot, double now);

/* Are the destinations of a protocol known? */
bool knows_destinations(const struct port_snapshot *ports);

#endif
