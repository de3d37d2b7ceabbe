// SPDX-License-Identifier: Apache-2.0
/*
 * Checks the identity of state_counts.h on this kernel with each full dump, which lists the sockets
 * that the identity derives. On a busy host the two differ because a dump takes time. So the totals
 * are read before and after it, and a count disagrees only if it is outside of both by more than
 * the connections that were opened and closed during the dump.
 */
#ifndef SOCKDIAG_IDENTITY_CHECK_H
#define SOCKDIAG_IDENTITY_CHECK_H

#include "state_counts.h"

#include <stdbool.h>

/* Checks in a row that must disagree before the identity is distrusted, and agree before it is
 * trusted again. */
enum { IDENTITY_DISTRUST_AFTER = 3, IDENTITY_TRUST_AFTER = 12 };

/* The kernel's totals and counters, read together. */
struct tcp_totals {
    struct tcp_usage usage;
    struct tcp_counters counters;
};

struct identity_check {
    bool distrusted; /* do not use the identity */
    unsigned streak; /* checks in a row that contradict `distrusted` */
    /* In the last check: how far the dumped count was outside of the two derived ones. */
    struct derived_counts drift;
};

/* Compare a full dump with the totals from before and after it. A check begins as all zero. */
void identity_check_update(struct identity_check *check, const struct state_counts *dumped,
                           const struct tcp_totals *before, const struct tcp_totals *after);

#endif
