// SPDX-License-Identifier: Apache-2.0
#include "destinations.h"

#include "base/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Open addressing with linear probing, at most half full: positions in `entries` plus one. */
enum { INDEX_SIZE = 2 * DESTINATIONS_CAPACITY };

/* So many entries are looked at to find the middle of all. */
enum { SAMPLE_SIZE = 1024 };

/* The words that tell destinations apart: of IPv4, three; of IPv6, nine. */
enum { IPV4_KEY_WORDS = 3, IPV6_KEY_WORDS = 9 };

struct key {
    uint32_t word[IPV6_KEY_WORDS];
    uint32_t count;
};

struct entry {
    struct key key;
    /* What the destination has at most: `missed` plus the ports counted since it was entered. */
    uint32_t level;
    uint32_t missed; /* the error bound when it was entered */
    uint32_t preferred_ports;
};

struct destinations {
    uint64_t seed;
    uint64_t seen; /* besides the incumbents */
    uint32_t error_bound;
    uint32_t count;
    uint32_t incumbents; /* the first of `entries`: named for the last sample, in use or not */
    uint32_t named_count;
    struct key named[DESTINATIONS_MAX_TOP]; /* in this sample, once destinations_top() was called */
    uint16_t index[INDEX_SIZE];
    struct entry entries[DESTINATIONS_CAPACITY];
};
_Static_assert(DESTINATIONS_CAPACITY <= UINT16_MAX, "positions plus one must fit the index");

struct destinations *destinations_create(void)
{
    struct destinations *destinations = calloc(1, sizeof *destinations);
    if (destinations)
        destinations->seed = hash_random_seed();
    return destinations;
}

void destinations_destroy(struct destinations *destinations)
{
    free(destinations);
}

static void clear_index(struct destinations *destinations)
{
    memset(destinations->index, 0, sizeof destinations->index);
}

static struct key key_of(const struct socket_record *record)
{
    struct key key = {0};
    if (record->family == IP_FAMILY_IPV4) {
        key.count = IPV4_KEY_WORDS;
        key.word[0] = record->local_address.word[0];
        key.word[1] = record->remote_address.word[0];
    } else {
        key.count = IPV6_KEY_WORDS;
        memcpy(&key.word[0], record->local_address.word, sizeof record->local_address.word);
        memcpy(&key.word[4], record->remote_address.word, sizeof record->remote_address.word);
    }
    key.word[key.count - 1] = record->remote_port;
    return key;
}

static bool same_key(const struct key *a, const struct key *b)
{
    return a->count == b->count && memcmp(a->word, b->word, a->count * sizeof a->word[0]) == 0;
}

/* The place in the index where the destination is or, if it is not there, belongs. */
static uint16_t *find_place(struct destinations *destinations, const struct key *key)
{
    size_t place = hash_words(destinations->seed, key->word, key->count) % INDEX_SIZE;
    while (destinations->index[place] &&
           !same_key(&destinations->entries[destinations->index[place] - 1].key, key))
        place = (place + 1) % INDEX_SIZE;
    return &destinations->index[place];
}

void destinations_clear(struct destinations *destinations)
{
    if (destinations->count > 0)
        clear_index(destinations);
    destinations->seen = 0;
    destinations->error_bound = 0;
    for (uint32_t i = 0; i < destinations->named_count; i++) {
        destinations->entries[i] = (struct entry){.key = destinations->named[i]};
        *find_place(destinations, &destinations->named[i]) = (uint16_t)(i + 1);
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
    clear_index(destinations);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < destinations->count; i++) {
        const struct entry *entry = &destinations->entries[i];
        if (i >= destinations->incumbents && entry->level <= destinations->error_bound)
            continue;
        destinations->entries[kept] = *entry;
        *find_place(destinations, &destinations->entries[kept].key) = (uint16_t)(kept + 1);
        kept++;
    }
    destinations->count = kept;
}

/* Enter a destination that is not in the table. */
static struct entry *enter(struct destinations *destinations, const struct key *key,
                           uint16_t *place)
{
    if (destinations->count == DESTINATIONS_CAPACITY) {
        make_room(destinations);
        place = find_place(destinations, key);
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
    struct key key = key_of(record);
    uint16_t *place = find_place(destinations, &key);
    struct entry *entry =
        *place ? &destinations->entries[*place - 1] : enter(destinations, &key, place);
    entry->level++;
    entry->preferred_ports += preferred;
}

static uint32_t ports_of(const struct entry *entry)
{
    return entry->level - entry->missed;
}

/* Does `a` come before `b`, fullest first? */
static bool is_fuller(const struct entry *a, const struct entry *b)
{
    if (ports_of(a) != ports_of(b))
        return ports_of(a) > ports_of(b);
    if (a->key.count != b->key.count)
        return a->key.count < b->key.count;
    return memcmp(a->key.word, b->key.word, a->key.count * sizeof a->key.word[0]) < 0;
}

static struct destination describe(const struct entry *entry)
{
    const struct key *key = &entry->key;
    struct destination row = {
        .family = key->count == IPV4_KEY_WORDS ? IP_FAMILY_IPV4 : IP_FAMILY_IPV6,
        .remote_port = (uint16_t)key->word[key->count - 1],
        .ports = ports_of(entry),
        .preferred_ports = entry->preferred_ports,
    };
    if (row.family == IP_FAMILY_IPV4) {
        row.local_address.word[0] = key->word[0];
        row.remote_address.word[0] = key->word[1];
    } else {
        memcpy(row.local_address.word, &key->word[0], sizeof row.local_address.word);
        memcpy(row.remote_address.word, &key->word[4], sizeof row.remote_address.word);
    }
    return row;
}

/* The position of the fullest entry; 0 if there is none. */
static uint32_t find_fullest(const struct destinations *destinations)
{
    uint32_t fullest = 0;
    for (uint32_t i = 1; i < destinations->count; i++) {
        if (is_fuller(&destinations->entries[i], &destinations->entries[fullest]))
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

/* A destination among those that are chosen. */
struct choice {
    double rank;
    const struct entry *entry;
};

static bool goes_before(const struct choice *a, const struct choice *b)
{
    return a->rank != b->rank ? a->rank > b->rank : is_fuller(a->entry, b->entry);
}

/* Insertion into a short list of the `top` first; returns how many it has. */
static size_t offer(struct choice *choices, size_t count, size_t top, struct choice choice)
{
    if (count == top && !goes_before(&choice, &choices[top - 1]))
        return count;
    size_t place = count < top ? count++ : top - 1;
    for (; place > 0 && goes_before(&choice, &choices[place - 1]); place--)
        choices[place] = choices[place - 1];
    choices[place] = choice;
    return count;
}

/* Fullest first. */
static int compare_choices(const void *left, const void *right)
{
    const struct choice *a = left, *b = right;
    return is_fuller(b->entry, a->entry) - is_fuller(a->entry, b->entry);
}

size_t destinations_top(struct destinations *destinations, struct destination *rows, size_t top,
                        uint64_t always)
{
    struct choice choices[DESTINATIONS_MAX_TOP];
    size_t count = 0;
    if (top > DESTINATIONS_MAX_TOP)
        top = DESTINATIONS_MAX_TOP;
    uint32_t fullest = find_fullest(destinations);
    for (uint32_t i = 0; top > 0 && i < destinations->count; i++) {
        const struct entry *entry = &destinations->entries[i];
        bool surely = i == fullest && ports_of(entry) >= always;
        if (ports_of(entry) > 0)
            count = offer(choices, count, top,
                          (struct choice){surely ? INFINITY : rank(destinations, i), entry});
    }
    // cppcheck-suppress uninitvar ; the first `count` are set
    qsort(choices, count, sizeof choices[0], compare_choices);
    for (size_t i = 0; i < count; i++) {
        rows[i] = describe(choices[i].entry);
        destinations->named[i] = choices[i].entry->key;
    }
    destinations->named_count = (uint32_t)count;
    return count;
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
