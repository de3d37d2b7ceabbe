// SPDX-License-Identifier: Apache-2.0
/*
 * A snapshot in the formats that Prometheus reads.
 */
#ifndef SOCKDIAG_EXPOSITION_H
#define SOCKDIAG_EXPOSITION_H

#include "base/buffer.h"
#include "exposition/metric_writer.h"
#include "sockdiag/self_report.h"
#include "sockdiag/snapshot.h"

/* Append every metric to `out`, whose `failed` reports missing memory. */
void exposition_render(struct buffer *out, enum metric_format format,
                       const struct snapshot *snapshot, const struct self_report *self);

#endif
