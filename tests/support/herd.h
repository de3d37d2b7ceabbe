// SPDX-License-Identifier: Apache-2.0
/* A growing number of puppets. An empty herd is all zeros. */
#ifndef TESTS_SUPPORT_HERD_H
#define TESTS_SUPPORT_HERD_H

#include <stddef.h>

#include "puppet.h"

struct herd {
    struct puppet *puppets;
    size_t count;
};

/* Makes room for `more` puppets; existing puppets move. Returns 0 or -ENOMEM. */
int herd_reserve(struct herd *herd, size_t more);

/* The next puppet, without a socket, in reserved room: it cannot fail. */
struct puppet *herd_join(struct herd *herd, int injector);

/* Removes the newest puppets, at most `count`. */
void herd_vanish(struct herd *herd, size_t count);

/* Removes all puppets and releases the memory. */
void herd_free(struct herd *herd);

#endif
