// SPDX-License-Identifier: Apache-2.0
#include "herd.h"

#include <errno.h>
#include <stdlib.h>

int herd_reserve(struct herd *herd, size_t more)
{
    if (more == 0)
        return 0;

    void *grown = reallocarray(herd->puppets, herd->count + more, sizeof(*herd->puppets));
    if (grown == NULL)
        return -ENOMEM;
    herd->puppets = grown;
    return 0;
}

struct puppet *herd_join(struct herd *herd, int injector)
{
    struct puppet *puppet = &herd->puppets[herd->count++];

    *puppet = puppet_none(injector);
    return puppet;
}

void herd_vanish(struct herd *herd, size_t count)
{
    for (; count > 0 && herd->count > 0; count--)
        puppet_vanish(&herd->puppets[--herd->count]);
}

void herd_free(struct herd *herd)
{
    herd_vanish(herd, herd->count);
    free(herd->puppets);
    *herd = (struct herd){0};
}
