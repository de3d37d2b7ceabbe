// SPDX-License-Identifier: Apache-2.0
#include "destinations.h"

#include "base/index.h"
#include "top.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_SIZE = 2 * DESTINATIONS_CAPACITY };

/* So many entries are looked at to find the middle of all. */
enum { SAMPLE_SIZE = 1024 };

/* The words of a key: addresses and port. */
enum { IPV4_KEY_WORDS = 2, IPV6_KEY_WORDS = 5 };

struct entry {
    struct index_key key;
    /* What the destination has at most: `missed` plus the ports counted since it was entered. */
    uint32_t level;
    uint32_t missed; /* the error bound when it was entered */
    uint32_t preferred_ports;
};

struct destinations {
    struct index index;
    uint64_t seen; /* besides the incumbents */
    uint32_t error_bound;
    uint32_t count;
    uint32_t incumbents; /* the first of `entries`: named for the last sample, in use or not */
    uint32_t named_count;
    struct index_key
        named[DESTINATIONS_MAX_TOP]; /* in this sample, once destinations_top() was called */
    uint16_t places[INDEX_SIZE];
    struct entry entries[DESTINATIONS_CAPACITY];
};
_Static_assert(DESTINATIONS_CAPACITY <= UINT16_MAX, "positions plus one must fit the index");

struct destinations *destinations_create(void)
{
    struct destinations *destinations = calloc(1, sizeof *destinations);
    if (destinations)
        destinations->index = index_make(destinations->places, INDEX_SIZE, destinations->entries,
                                         sizeof destinations->entries[0]);
    return destinations;
}

void destinations_destroy(struct destinations *destinations)
{
    free(destinations);
}

static void set_key(struct index_key *key, const struct socket_record *record)
{
    if (record->family == IP_FAMILY_IPV4) {
        key->count = IPV4_KEY_WORDS;
        key->word[0] =
            (uint64_t)record->local_address.word[0] << 32 | record->remote_address.word[0];
    } else {
        key->count = IPV6_KEY_WORDS;
        memcpy(&key->word[0], &record->local_address, sizeof record->local_address);
        memcpy(&key->word[2], &record->remote_address, sizeof record->remote_address);
    }
    key->word[key->count - 1] = record->remote_port;
}

void destinations_clear(struct destinations *destinations)
{
    if (destinations->count > 0)
        index_clear(&destinations->index);
    destinations->seen = 0;
    destinations->error_bound = 0;
    for (uint32_t i = 0; i < destinations->named_count; i++) {
        destinations->entries[i] = (struct entry){.key = destinations->named[i]};
        *index_find(&destinations->index, &destinations->named[i]) = (uint16_t)(i + 1);
    }
    destinations->incumbents = destinations->count = destinations->named_count;
}

static int compare_levels(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* The middle level of entries spread over the table: at least half of those looked at are not above
 * it, and few of these are incumbents, so that dropping what is not above it makes room each time.
 */
static uint32_t middle_level(const struct destinations *destinations)
{
    uint32_t levels[SAMPLE_SIZE];
    for (size_t i = 0; i < SAMPLE_SIZE; i++)
        levels[i] = destinations->entries[i * DESTINATIONS_CAPACITY / SAMPLE_SIZE].level;
    qsort(levels, SAMPLE_SIZE, sizeof levels[0], compare_levels);
    return levels[SAMPLE_SIZE / 2];
}

/* Drop about half of the full table: every entry not above the middle, which is the new bound. The
 * incumbents stay, and stay the first. */
static void make_room(struct destinations *destinations)
{
    destinations->error_bound = middle_level(destinations);
    index_clear(&destinations->index);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < destinations->count; i++) {
        const struct entry *entry = &destinations->entries[i];
        if (i >= destinations->incumbents && entry->level <= destinations->error_bound)
            continue;
        destinations->entries[kept] = *entry;
        *index_find(&destinations->index, &destinations->entries[kept].key) = (uint16_t)(kept + 1);
        kept++;
    }
    destinations->count = kept;
}

/* Enter a destination that is not in the table. */
static struct entry *enter(struct destinations *destinations, const struct index_key *key,
                           uint16_t *place)
{
    if (destinations->count == DESTINATIONS_CAPACITY) {
        make_room(destinations);
        place = index_find(&destinations->index, key);
    }
    destinations->seen++;
    struct entry *entry = &destinations->entries[destinations->count++];
    *place = (uint16_t)destinations->count;
    *entry = (struct entry){
        .key = *key, .level = destinations->error_bound, .missed = destinations->error_bound};
    return entry;
}

void destinations_add(struct destinations *destinations, const struct socket_record *record,
                      bool preferred)
{
    struct index_key key;
    set_key(&key, record);
    uint16_t *place = index_find(&destinations->index, &key);
    struct entry *entry =
        *place ? &destinations->entries[*place - 1] : enter(destinations, &key, place);
    entry->level++;
    entry->preferred_ports += preferred;
}

static uint32_t ports_of(const struct entry *entry)
{
    return entry->level - entry->missed;
}

/* Fullest first, equal ones by address. */
static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (ports_of(a) != ports_of(b))
        return ports_of(a) > ports_of(b) ? -1 : 1;
    if (a->key.count != b->key.count)
        return a->key.count < b->key.count ? -1 : 1;
    return memcmp(a->key.word, b->key.word, a->key.count * sizeof a->key.word[0]);
}

static struct destination describe(const struct entry *entry)
{
    const struct index_key *key = &entry->key;
    struct destination row = {
        .family = key->count == IPV4_KEY_WORDS ? IP_FAMILY_IPV4 : IP_FAMILY_IPV6,
        .remote_port = (uint16_t)key->word[key->count - 1],
        .ports = ports_of(entry),
        .preferred_ports = entry->preferred_ports,
    };
    if (row.family == IP_FAMILY_IPV4) {
        row.local_address.word[0] = (uint32_t)(key->word[0] >> 32);
        row.remote_address.word[0] = (uint32_t)key->word[0];
    } else {
        memcpy(row.local_address.word, &key->word[0], sizeof row.local_address.word);
        memcpy(row.remote_address.word, &key->word[2], sizeof row.remote_address.word);
    }
    return row;
}

/* The position of the fullest entry; 0 if there is none. */
static uint32_t find_fullest(const struct destinations *destinations)
{
    uint32_t fullest = 0;
    for (uint32_t i = 1; i < destinations->count; i++) {
        if (compare_entries(&destinations->entries[i], &destinations->entries[fullest]) < 0)
            fullest = i;
    }
    return fullest;
}

bool destinations_fullest(const struct destinations *destinations, struct destination *fullest)
{
    if (destinations->count == 0)
        return false;
    *fullest = describe(&destinations->entries[find_fullest(destinations)]);
    return fullest->ports > 0;
}

/*
 * By what destinations are chosen. Counts that come and go by chance spread by their square root:
 * of thousands that hold a hundred ports on average, a few have 65 and a few 135. In square roots
 * all spread by a half, however large they are. An incumbent has six times that more, so that
 * chance alone does not replace it: if it has 1 port it gives way to 16, if 100 to 169, if 10,000
 * to 10,609.
 */
static double rank(const struct destinations *destinations, uint32_t position)
{
    double root = sqrt(ports_of(&destinations->entries[position]));
    return position < destinations->incumbents ? root + 3 : root;
}

static int compare_candidates(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    return compare_entries(a->entry, b->entry);
}

size_t destinations_top(struct destinations *destinations, struct destination *rows, size_t top,
                        uint64_t always)
{
    struct candidate candidates[DESTINATIONS_MAX_TOP];
    struct top list = {
        .candidates = candidates,
        .limit = top < DESTINATIONS_MAX_TOP ? top : DESTINATIONS_MAX_TOP,
        .compare = compare_entries,
    };
    uint32_t fullest = find_fullest(destinations);
    for (uint32_t i = 0; i < destinations->count; i++) {
        struct entry *entry = &destinations->entries[i];
        bool surely = i == fullest && ports_of(entry) >= always;
        if (ports_of(entry) > 0)
            top_offer(&list, surely ? INFINITY : rank(destinations, i), entry);
    }
    qsort(candidates, list.count, sizeof candidates[0], compare_candidates);
    for (size_t i = 0; i < list.count; i++) {
        const struct entry *entry = candidates[i].entry;
        rows[i] = describe(entry);
        destinations->named[i] = entry->key;
    }
    destinations->named_count = (uint32_t)list.count;
    return list.count;
}

uint64_t destinations_seen(const struct destinations *destinations)
{
    uint64_t seen = destinations->seen;
    for (uint32_t i = 0; i < destinations->incumbents; i++)
        seen += ports_of(&destinations->entries[i]) > 0;
    return seen;
}

uint32_t destinations_error_bound(const struct destinations *destinations)
{
    return destinations->error_bound;
}
