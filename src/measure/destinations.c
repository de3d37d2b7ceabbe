// SPDX-License-Identifier: Apache-2.0
#include "destinations.h"

#include "base/index.h"
#include "top.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_SIZE = 2 * DESTINATIONS_CAPACITY };

/* The entries that are sampled to estimate the median of all. */
enum { SAMPLE_SIZE = 1024 };

enum { KEY_WORDS = 5 };
struct key {
    uint64_t word[KEY_WORDS]; /* local address, remote address; interface, family and remote port */
};

struct entry {
    struct key key;
    uint32_t missed; /* the error bound when it was added: it may have this many ports more */
    uint32_t ports;
    uint32_t preferred_ports;
    uint32_t shared_ports; /* of sockets without an interface, if these have one; and of these */
    uint32_t shared_preferred_ports;
};

struct destinations {
    struct index index;
    uint64_t seen; /* destinations that were added, without the incumbents */
    uint32_t error_bound;
    uint32_t count;
    /* The first of `entries`: picked in the last sample, with or without ports now. */
    uint32_t incumbents;
    uint32_t picked_count;
    struct key picked[DESTINATIONS_MAX_TOP]; /* by the last destinations_pick_top() */
    uint16_t places[INDEX_SIZE];
    struct entry entries[DESTINATIONS_CAPACITY];
};
_Static_assert(DESTINATIONS_CAPACITY <= UINT16_MAX, "positions plus one must fit the index");

struct destinations *destinations_create(void)
{
    struct destinations *destinations = calloc(1, sizeof *destinations);
    if (destinations)
        destinations->index = index_make(destinations->places, INDEX_SIZE, destinations->entries,
                                         sizeof destinations->entries[0], KEY_WORDS);
    return destinations;
}

void destinations_destroy(struct destinations *destinations)
{
    free(destinations);
}

static void set_key(struct key *key, const struct socket_record *record)
{
    memcpy(&key->word[0], &record->local_address, sizeof record->local_address);
    memcpy(&key->word[2], &record->remote_address, sizeof record->remote_address);
    key->word[4] =
        (uint64_t)record->interface << 32 | (uint64_t)record->family << 16 | record->remote_port;
}

void destinations_clear(struct destinations *destinations)
{
    if (destinations->count > 0)
        index_clear(&destinations->index);
    destinations->seen = 0;
    destinations->error_bound = 0;
    for (uint32_t i = 0; i < destinations->picked_count; i++) {
        destinations->entries[i] = (struct entry){.key = destinations->picked[i]};
        *index_find(&destinations->index, destinations->picked[i].word) = (uint16_t)(i + 1);
    }
    destinations->incumbents = destinations->count = destinations->picked_count;
}

void destinations_forget(struct destinations *destinations)
{
    destinations->picked_count = 0;
}

/* Returns the most ports that the destination may have. */
static uint32_t find_level(const struct entry *entry)
{
    return entry->missed + entry->ports;
}

static int compare_levels(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* Estimate the median level. At least half of the sampled entries are not above it, and few of
 * these are incumbents: dropping the others always makes room. */
static uint32_t estimate_median(const struct destinations *destinations)
{
    uint32_t levels[SAMPLE_SIZE];
    for (size_t i = 0; i < SAMPLE_SIZE; i++)
        levels[i] = find_level(&destinations->entries[i * DESTINATIONS_CAPACITY / SAMPLE_SIZE]);
    qsort(levels, SAMPLE_SIZE, sizeof levels[0], compare_levels);
    return levels[SAMPLE_SIZE / 2];
}

/* Drop about half of the full table: the entries that are not above the median, which is the new
 * error bound. The incumbents stay, at the front. */
static void make_room(struct destinations *destinations)
{
    destinations->error_bound = estimate_median(destinations);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < destinations->count; i++) {
        const struct entry *entry = &destinations->entries[i];
        if (i < destinations->incumbents || find_level(entry) > destinations->error_bound)
            destinations->entries[kept++] = *entry;
    }
    destinations->count = kept;
    index_rebuild(&destinations->index, kept);
}

/* Add a destination that is not in the table. */
static struct entry *add_entry(struct destinations *destinations, const struct key *key,
                               uint16_t *place)
{
    if (destinations->count == DESTINATIONS_CAPACITY) {
        make_room(destinations);
        place = index_find(&destinations->index, key->word);
    }
    destinations->seen++;
    struct entry *entry = &destinations->entries[destinations->count++];
    *place = (uint16_t)destinations->count;
    *entry = (struct entry){.key = *key, .missed = destinations->error_bound};
    return entry;
}

void destinations_add(struct destinations *destinations, const struct socket_record *record,
                      bool preferred)
{
    struct key key;
    set_key(&key, record);
    uint16_t *place = index_find(&destinations->index, key.word);
    struct entry *entry =
        *place ? &destinations->entries[*place - 1] : add_entry(destinations, &key, place);
    entry->ports++;
    entry->preferred_ports += preferred;
}

void destinations_end(struct destinations *destinations)
{
    for (uint32_t i = 0; i < destinations->count; i++) {
        struct entry *entry = &destinations->entries[i];
        struct key key = entry->key;
        key.word[4] = (uint32_t)key.word[4]; /* without the interface */
        if (key.word[4] == entry->key.word[4])
            continue;
        uint16_t place = *index_find(&destinations->index, key.word);
        entry->shared_ports = place ? destinations->entries[place - 1].ports : 0;
        entry->shared_preferred_ports =
            place ? destinations->entries[place - 1].preferred_ports : 0;
    }
}

/* The ports that connect() does not get. */
static uint32_t count_ports(const struct entry *entry)
{
    return entry->ports + entry->shared_ports;
}

static uint32_t count_preferred(const struct entry *entry)
{
    return entry->preferred_ports + entry->shared_preferred_ports;
}

/* The order of entries: fullest first, equally full ones by address. */
static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (count_ports(a) != count_ports(b))
        return count_ports(a) > count_ports(b) ? -1 : 1;
    return memcmp(&a->key, &b->key, sizeof a->key);
}

static struct destination describe(const struct entry *entry)
{
    const uint64_t *word = entry->key.word;
    struct destination row = {
        .family = (enum ip_family)(word[4] >> 16 & 0xffff),
        .remote_port = (uint16_t)word[4],
        .interface = (uint32_t)(word[4] >> 32),
        .ports = count_ports(entry),
        .preferred_ports = count_preferred(entry),
    };
    memcpy(&row.local_address, &word[0], sizeof row.local_address);
    memcpy(&row.remote_address, &word[2], sizeof row.remote_address);
    return row;
}

/* Returns the position of the fullest entry, 0 if there is none. */
static uint32_t find_fullest(const struct destinations *destinations)
{
    uint32_t fullest = 0;
    for (uint32_t i = 1; i < destinations->count; i++) {
        if (compare_entries(&destinations->entries[i], &destinations->entries[fullest]) < 0)
            fullest = i;
    }
    return fullest;
}

bool destinations_find_fullest(const struct destinations *destinations, struct destination *fullest)
{
    if (destinations->count == 0)
        return false;
    *fullest = describe(&destinations->entries[find_fullest(destinations)]);
    return fullest->ports > 0;
}

uint32_t destinations_find_most_preferred(const struct destinations *destinations)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < destinations->count; i++) {
        uint32_t preferred = count_preferred(&destinations->entries[i]);
        if (preferred > most)
            most = preferred;
    }
    return most + destinations->error_bound;
}

/*
 * Random counts have a standard deviation of their square root: of thousands of destinations with a
 * mean of 100 ports, a few have 65 and a few 135. The standard deviation of their square roots is
 * 1/2 for any mean. An incumbent gets six of these more, so that it is not replaced by chance: 16
 * ports replace 1; 169 ports replace 100; 10,609 ports replace 10,000.
 */
static double rate(const struct destinations *destinations, uint32_t position)
{
    double root = sqrt(count_ports(&destinations->entries[position]));
    return position < destinations->incumbents ? root + 3 : root;
}

static int compare_candidates(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    return compare_entries(a->entry, b->entry);
}

size_t destinations_pick_top(struct destinations *destinations, struct destination *rows,
                             size_t top, uint64_t always)
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
        bool always_picked = i == fullest && count_ports(entry) >= always;
        if (entry->ports > 0)
            top_offer(&list, always_picked ? INFINITY : rate(destinations, i), entry);
    }
    // cppcheck-suppress uninitvar ; top_offer() has set them
    qsort(candidates, list.count, sizeof candidates[0], compare_candidates);
    for (size_t i = 0; i < list.count; i++) {
        const struct entry *entry = candidates[i].entry;
        rows[i] = describe(entry);
        destinations->picked[i] = entry->key;
    }
    destinations->picked_count = (uint32_t)list.count;
    return list.count;
}

uint64_t destinations_count(const struct destinations *destinations)
{
    uint64_t seen = destinations->seen;
    for (uint32_t i = 0; i < destinations->incumbents; i++)
        seen += destinations->entries[i].ports > 0;
    return seen;
}

uint32_t destinations_get_error_bound(const struct destinations *destinations)
{
    return destinations->error_bound;
}
