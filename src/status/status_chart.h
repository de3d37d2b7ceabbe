// SPDX-License-Identifier: Apache-2.0
/*
 * Pictures of the status page, as SVG with the words that name them. Shapes and sizes are in
 * attributes, colours in the page's style. Private to src/status.
 */
#ifndef SOCKDIAG_STATUS_CHART_H
#define SOCKDIAG_STATUS_CHART_H

#include "base/buffer.h"
#include "measure/history.h"

/* Append the line of a history, from a quarter of an hour ago to its newest slot, with both axes.
 * `name` says what was counted, in plain text without special characters. `interval` are the
 * seconds between observations: points so far apart are joined, a longer silence is a gap. */
void status_chart_history(struct buffer *out, const char *name, const struct history *history,
                          double interval);

/* Append a horizontal meter of `share` (0 to 1; what is beyond is drawn as the end). `name` says
 * what is measured; `knee` marks the middle. */
void status_chart_meter(struct buffer *out, const char *name, double share, bool knee);

#endif
