// SPDX-License-Identifier: Apache-2.0
#include "four_tuples.h"

#include "base/index.h"

#include <stdlib.h>
#include <string.h>

enum { INDEX_SIZE = 2 * FOUR_TUPLES_CAPACITY };

/* Local address, remote address; family and both ports; interface. */
enum { KEY_WORDS = 6 };

struct four_tuples {
    size_t count;
    struct index index;
    uint16_t places[INDEX_SIZE];
    uint64_t keys[FOUR_TUPLES_CAPACITY][KEY_WORDS];
};
_Static_assert(FOUR_TUPLES_CAPACITY <= UINT16_MAX, "positions plus one must fit the index");

struct four_tuples *four_tuples_create(void)
{
    struct four_tuples *tuples = calloc(1, sizeof *tuples);
    if (tuples)
        tuples->index =
            index_make(tuples->places, INDEX_SIZE, tuples->keys, sizeof tuples->keys[0], KEY_WORDS);
    return tuples;
}

void four_tuples_destroy(struct four_tuples *tuples)
{
    free(tuples);
}

void four_tuples_clear(struct four_tuples *tuples)
{
    if (tuples->count > 0)
        index_clear(&tuples->index);
    tuples->count = 0;
}

bool four_tuples_add(struct four_tuples *tuples, const struct socket_record *record)
{
    uint64_t key[KEY_WORDS];
    memcpy(&key[0], &record->local_address, sizeof record->local_address);
    memcpy(&key[2], &record->remote_address, sizeof record->remote_address);
    key[4] =
        (uint64_t)record->family << 32 | (uint64_t)record->local_port << 16 | record->remote_port;
    key[5] = record->interface;
    uint16_t *place = index_find(&tuples->index, key);
    if (*place)
        return false;
    if (tuples->count < FOUR_TUPLES_CAPACITY) {
        memcpy(tuples->keys[tuples->count++], key, sizeof key);
        *place = (uint16_t)tuples->count;
    }
    return true;
}
