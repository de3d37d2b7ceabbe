// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

/* The row with the most samples in the recent period, of those whose cgroup is known; NULL if none
 * has any. */
static const struct event_source_row *find_most(const struct event_report *report)
{
    const struct event_source_row *most = NULL;
    for (size_t i = 0; i < report->row_count; i++) {
        const struct event_source_row *row = &report->rows[i];
        if (row->recent > 0 && row->cgroup.text[0] && (!most || row->recent > most->recent))
            most = row;
    }
    return most;
}

/* Say where most of these calls went, and who made them. */
static void state_source(struct finding *finding, const struct event_source_row *row,
                         const char *part)
{
    const struct event_source *source = &row->source;
    const char *quote = quote_address((enum ip_family)source->family);
    struct formatted to = {"several destinations"}; /* of a row that sums sources of its cgroup */
    if (source->remote_port != 0) {
        to = format_address_port((enum ip_family)source->family, &source->remote_address,
                                 source->remote_port);
        finding_advise(finding, "ss -tanp dst %s%s%s", quote, to.text, quote);
    }
    finding_state(finding, ", %s to %s by %s", part, to.text, format_source(row).text);
}

/* The only finding without a threshold or an estimate: these calls have failed. */
void judge_port_failures(struct verdict *verdict, const struct snapshot *snapshot)
{
    const struct event_snapshot *events = &snapshot->events[TCP_EVENT_PORT_FAILURE];
    const struct event_report *report = &events->report;
    if (!events->present || report->recent == 0)
        return;
    struct finding finding =
        finding_make(LEVEL_CRITICAL, TOPIC_DESTINATIONS,
                     "connect() returned EADDRNOTAVAIL, on this host or in a network namespace of "
                     "it.");
    finding_state(&finding, "%s failed for lack of a port in the last %s",
                  format_plural(report->recent, "connect() call").text,
                  format_period(report->recent_seconds).text);
    finding_advise(&finding, COUNT_DESTINATIONS);
    const struct event_source_row *most = find_most(report);
    if (most)
        state_source(&finding, most, most->recent == report->recent ? "all" : "most");
    verdict_enter(verdict, &finding);
}
