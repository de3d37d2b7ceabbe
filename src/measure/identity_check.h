// SPDX-License-Identifier: Apache-2.0
/*
 * Does the identity of state_counts.h hold on this kernel? Each whole dump answers it: it lists
 * what the identity only derives. On a busy host the two never agree to the socket, for a dump
 * takes time; so the totals are read just before and just after it, and only what lies outside
 * both, by more than the connections that came and went meanwhile, speaks against the identity.
 */
#ifndef SOCKDIAG_IDENTITY_CHECK_H
#define SOCKDIAG_IDENTITY_CHECK_H

#include "state_counts.h"

#include <stdbool.h>

/* So many checks in a row must disagree before the identity is given up, and so many agree before
 * it is trusted again. */
enum { IDENTITY_DISTRUST_AFTER = 3, IDENTITY_TRUST_AFTER = 12 };

/* The kernel's totals and counters at one moment. */
struct tcp_moment {
    struct tcp_usage usage;
    struct tcp_counters counters;
};

struct identity_check {
    bool distrusted;             /* the identity is not to be used */
    unsigned streak;             /* checks in a row that speak against the present verdict */
    struct derived_counts drift; /* of the last check: sockets by which the two counts differ */
};

/*
 * Compare one whole dump with the totals read before and after it. All zero is the check of an
 * identity that is trusted until it fails. Drift is the distance of the dumped count from the
 * range that the two derived ones span: 0 while it lies within.
 */
void identity_check_update(struct identity_check *check, const struct state_counts *dumped,
                           const struct tcp_moment *before, const struct tcp_moment *after);

#endif
