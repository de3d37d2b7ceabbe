// SPDX-License-Identifier: Apache-2.0
#include "destination_owners.h"

#include "base/index.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_SIZE = 2 * DESTINATION_OWNERS_CAPACITY };

/* Local address, remote address; interface, family and remote port. */
enum { KEY_WORDS = 5 };

struct entry {
    uint64_t key[KEY_WORDS];
    uint64_t cgroup;    /* the last one that was seen */
    int64_t seen;       /* when it was seen last */
    int64_t other_seen; /* when another one was seen last; 0: never */
    bool named;         /* set only in destination_owners_end() */
};

struct destination_owners {
    int64_t memory;
    size_t count;
    struct index index;
    uint16_t places[INDEX_SIZE];
    struct entry entries[DESTINATION_OWNERS_CAPACITY];
};

struct destination_owners *destination_owners_create(int64_t memory)
{
    struct destination_owners *owners = calloc(1, sizeof *owners);
    if (!owners)
        return NULL;
    owners->memory = memory;
    owners->index = index_make(owners->places, INDEX_SIZE, owners->entries,
                               sizeof owners->entries[0], KEY_WORDS);
    return owners;
}

void destination_owners_destroy(struct destination_owners *owners)
{
    free(owners);
}

static void set_key(uint64_t key[static KEY_WORDS], const struct destination *destination)
{
    memcpy(&key[0], &destination->local_address, sizeof destination->local_address);
    memcpy(&key[2], &destination->remote_address, sizeof destination->remote_address);
    key[4] = (uint64_t)destination->interface << 32 | (uint64_t)destination->family << 16 |
             destination->remote_port;
}

static uint16_t *find_place(const struct destination_owners *owners,
                            const struct destination *destination)
{
    uint64_t key[KEY_WORDS];
    set_key(key, destination);
    return index_find(&owners->index, key);
}

void destination_owners_add(struct destination_owners *owners, const struct socket_record *record,
                            int64_t now)
{
    if (record->cgroup == 0)
        return;
    const struct destination destination = {
        .family = record->family,
        .local_address = record->local_address,
        .remote_address = record->remote_address,
        .remote_port = record->remote_port,
        .interface = record->interface,
    };
    uint16_t *place = find_place(owners, &destination);
    if (!*place) {
        if (owners->count == DESTINATION_OWNERS_CAPACITY)
            return;
        struct entry *fresh = &owners->entries[owners->count++];
        *place = (uint16_t)owners->count;
        *fresh = (struct entry){.cgroup = record->cgroup};
        set_key(fresh->key, &destination);
    }
    struct entry *entry = &owners->entries[*place - 1];
    if (entry->cgroup != record->cgroup) {
        entry->cgroup = record->cgroup;
        entry->other_seen = entry->seen;
    }
    entry->seen = now;
}

void destination_owners_end(struct destination_owners *owners, int64_t now,
                            const struct destination *named, size_t count)
{
    bool crowded = owners->count > DESTINATION_OWNERS_CAPACITY / 2;
    for (size_t i = 0; i < count; i++) {
        uint16_t place = *find_place(owners, &named[i]);
        if (place)
            owners->entries[place - 1].named = true;
    }
    size_t kept = 0;
    for (size_t i = 0; i < owners->count; i++) {
        struct entry *entry = &owners->entries[i];
        bool keep = now - entry->seen <= owners->memory && (entry->named || !crowded);
        entry->named = false;
        if (keep && kept++ != i)
            owners->entries[kept - 1] = *entry;
    }
    if (kept == owners->count)
        return;
    owners->count = kept;
    index_rebuild(&owners->index, kept);
}

uint64_t destination_owners_find(const struct destination_owners *owners,
                                 const struct destination *destination, int64_t now)
{
    uint16_t place = *find_place(owners, destination);
    if (!place)
        return 0;
    const struct entry *entry = &owners->entries[place - 1];
    bool alone = entry->other_seen == 0 || now - entry->other_seen > owners->memory;
    return alone && now - entry->seen <= owners->memory ? entry->cgroup : 0;
}
