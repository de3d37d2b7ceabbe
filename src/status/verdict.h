// SPDX-License-Identifier: Apache-2.0
/*
 * What of a snapshot deserves attention, in words: the line at the top of the status page. Private
 * to src/status.
 */
#ifndef SOCKDIAG_STATUS_VERDICT_H
#define SOCKDIAG_STATUS_VERDICT_H

#include "sockdiag/snapshot.h"

#include <stdbool.h>

/* From the least to the most urgent. Not to know stands above what may be watched at leisure. */
enum alert_level { LEVEL_OK, LEVEL_WATCH, LEVEL_UNKNOWN, LEVEL_WARNING, LEVEL_CRITICAL };

/* A word for it, such as "Warning", and the class that colours it. */
const char *alert_level_name(enum alert_level level);
const char *alert_level_class(enum alert_level level);

/* The level of the ports of one protocol in one scope. */
enum alert_level judge_ports(const struct port_snapshot *ports, enum socket_protocol protocol,
                             enum port_scope scope);

/* The level of one accept queue. */
enum alert_level judge_queue(const struct listener_row *row);

struct finding {
    enum alert_level level;
    char fact[256];      /* a sentence without its full stop */
    const char *meaning; /* what follows from it */
};

enum { VERDICT_MAX_FINDINGS = 8 };

/* The most urgent finding comes first. None at all means that nothing is close to a limit. */
struct verdict {
    struct finding findings[VERDICT_MAX_FINDINGS];
    size_t count;
};

/* `now` is the unix time from which ages are reckoned. */
void verdict_reach(struct verdict *verdict, const struct snapshot *snapshot, double now);

/* How full an accept queue is: the share of its limit that waits, or waited within the peak window;
 * where nothing may wait, one that does is all of it. */
double queue_share(uint64_t length, uint64_t limit);

/* Why the numbers of a kind of sample are not known, into `text`: a sentence without its
 * full stop. */
void explain_absence(const struct sample_report *report, enum sample_kind kind, double now,
                     char *text, size_t size);

#endif
