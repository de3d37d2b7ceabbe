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

/* Makes room for so many more, which moves the puppets there are. Returns 0 or -ENOMEM. */
int herd_reserve(struct herd *herd, size_t more);

/* The next puppet, still none, in room that was reserved: it cannot fail. */
struct puppet *herd_join(struct herd *herd, int injector);

/* The youngest puppets vanish, so many at most. */
void herd_vanish(struct herd *herd, size_t count);

/* All vanish, and the memory is released. */
void herd_free(struct herd *herd);

#endif
