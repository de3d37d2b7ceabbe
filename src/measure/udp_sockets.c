// SPDX-License-Identifier: Apache-2.0
#include "udp_sockets.h"

#include "base/index.h"
#include "top.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_INDEX_SIZE = 2 * UDP_ROWS_CAPACITY, DROPPER_INDEX_SIZE = 2 * UDP_DROPPERS_CAPACITY };

/* A dump may miss a socket while others come and go: one that is absent twice is gone. */
enum { GONE = 2 };

/* Interface, family and port; address. */
enum { KEY_WORDS = 3 };

/* A socket that has dropped. */
struct dropper {
    uint64_t cookie;
    uint32_t drops; /* at the last sample */
    uint32_t next;  /* at the sample in progress, if it is `seen` there */
    bool seen;
    uint8_t absent; /* samples in a row */
};

struct entry {
    uint64_t key[KEY_WORDS];
    struct udp_socket_row row; /* its `drops` are of the last sample, its queue of this one */
    uint64_t new_drops;        /* of the sample in progress, as is the next */
    bool present;
    bool known;     /* from an earlier sample */
    bool named;     /* in the last sample */
    bool published; /* it was named once: `drops` must not fall */
    double recent_drops;
    double recent_queue;
};

struct udp_sockets {
    double half_life;
    int64_t ended; /* when the last sample did; 0 before the first */
    uint64_t other_drops;
    struct udp_summary next; /* of the sample in progress; other_drops are the new ones */
    size_t row_count;
    size_t dropper_count;
    struct index row_index;
    struct index dropper_index;
    uint16_t row_places[ROW_INDEX_SIZE];
    uint16_t dropper_places[DROPPER_INDEX_SIZE];
    struct entry rows[UDP_ROWS_CAPACITY];
    struct dropper droppers[UDP_DROPPERS_CAPACITY];
};

struct udp_sockets *udp_sockets_create(int64_t half_life)
{
    struct udp_sockets *sockets = calloc(1, sizeof *sockets);
    if (!sockets)
        return NULL;
    sockets->half_life = (double)half_life;
    sockets->row_index = index_make(sockets->row_places, ROW_INDEX_SIZE, sockets->rows,
                                    sizeof sockets->rows[0], KEY_WORDS);
    sockets->dropper_index = index_make(sockets->dropper_places, DROPPER_INDEX_SIZE,
                                        sockets->droppers, sizeof sockets->droppers[0], 1);
    return sockets;
}

void udp_sockets_destroy(struct udp_sockets *sockets)
{
    free(sockets);
}

void udp_sockets_begin(struct udp_sockets *sockets)
{
    sockets->next = (struct udp_summary){0};
    for (size_t i = 0; i < sockets->dropper_count; i++)
        sockets->droppers[i].seen = false;
    for (size_t i = 0; i < sockets->row_count; i++) {
        sockets->rows[i].present = false;
        sockets->rows[i].new_drops = 0;
        sockets->rows[i].row.receive_queue = 0;
    }
}

/* Count what the socket has dropped since the last sample. */
static uint32_t count_new_drops(struct udp_sockets *sockets, const struct socket_record *record)
{
    uint16_t *place = index_find(&sockets->dropper_index, &record->cookie);
    if (!*place) {
        if (record->drops == 0)
            return 0;
        if (sockets->dropper_count == UDP_DROPPERS_CAPACITY) {
            sockets->next.untracked++;
            return 0;
        }
        sockets->droppers[sockets->dropper_count++] = (struct dropper){.cookie = record->cookie};
        *place = (uint16_t)sockets->dropper_count;
    }
    struct dropper *dropper = &sockets->droppers[*place - 1];
    if (dropper->seen)
        return 0; /* listed twice */
    dropper->seen = true;
    dropper->next = record->drops;
    return record->drops - dropper->drops;
}

/* Find the row of a socket; enter it if `worth` it. NULL when it is not, or there are too many. */
static struct entry *find_row(struct udp_sockets *sockets, const struct socket_record *record,
                              bool worth)
{
    uint64_t key[KEY_WORDS] = {(uint64_t)record->interface << 32 | (uint64_t)record->family << 16 |
                               record->local_port};
    memcpy(&key[1], &record->local_address, sizeof record->local_address);
    uint16_t *place = index_find(&sockets->row_index, key);
    if (*place)
        return &sockets->rows[*place - 1];
    if (!worth || sockets->row_count == UDP_ROWS_CAPACITY)
        return NULL;
    struct entry *entry = &sockets->rows[sockets->row_count++];
    *place = (uint16_t)sockets->row_count;
    *entry = (struct entry){.row = {.family = record->family,
                                    .address = record->local_address,
                                    .port = record->local_port,
                                    .interface = record->interface}};
    memcpy(entry->key, key, sizeof entry->key);
    return entry;
}

void udp_sockets_add(struct udp_sockets *sockets, const struct socket_record *record)
{
    sockets->next.sockets++;
    uint32_t drops = count_new_drops(sockets, record);
    struct entry *entry = find_row(sockets, record, drops > 0 || record->receive_queue > 0);
    if (!entry) {
        sockets->next.other_drops += drops;
        return;
    }
    entry->present = true;
    entry->new_drops += drops;
    if (record->receive_queue > entry->row.receive_queue)
        entry->row.receive_queue = record->receive_queue;
}

static void settle_droppers(struct udp_sockets *sockets)
{
    size_t kept = 0;
    for (size_t i = 0; i < sockets->dropper_count; i++) {
        struct dropper *dropper = &sockets->droppers[i];
        dropper->absent = dropper->seen ? 0 : (uint8_t)(dropper->absent + 1);
        if (dropper->absent == GONE)
            continue;
        if (dropper->seen)
            dropper->drops = dropper->next;
        sockets->droppers[kept++] = *dropper;
    }
    if (kept == sockets->dropper_count)
        return;
    sockets->dropper_count = kept;
    index_clear(&sockets->dropper_index);
    for (size_t i = 0; i < kept; i++)
        *index_find(&sockets->dropper_index, &sockets->droppers[i].cookie) = (uint16_t)(i + 1);
}

/* Of rows without a socket only counters that were published are kept, while there is room: the
 * socket may be opened again. A row with one is kept while something is wrong, and while it has a
 * name. */
static bool is_worth_keeping(const struct udp_sockets *sockets, const struct entry *entry)
{
    if (!entry->present)
        return entry->published && entry->row.drops > 0 &&
               sockets->row_count <= UDP_ROWS_CAPACITY / 2;
    return entry->row.drops > 0 || entry->row.receive_queue > 0 || entry->named;
}

/* Remove the rows that are not worth keeping. */
static void remove_rows(struct udp_sockets *sockets)
{
    size_t kept = 0;
    for (size_t i = 0; i < sockets->row_count; i++) {
        if (is_worth_keeping(sockets, &sockets->rows[i]))
            sockets->rows[kept++] = sockets->rows[i];
    }
    if (kept == sockets->row_count)
        return;
    sockets->row_count = kept;
    index_clear(&sockets->row_index);
    for (size_t i = 0; i < kept; i++)
        *index_find(&sockets->row_index, sockets->rows[i].key) = (uint16_t)(i + 1);
}

/* Take in the new drops and queues; `weight` is what is left of the old ones. */
static void update_rows(struct udp_sockets *sockets, double weight)
{
    for (size_t i = 0; i < sockets->row_count; i++) {
        struct entry *entry = &sockets->rows[i];
        entry->row.drops += entry->new_drops;
        entry->recent_drops = weight * entry->recent_drops + (double)entry->new_drops;
        entry->recent_queue = fmax(weight * entry->recent_queue, (double)entry->row.receive_queue);
    }
}

/* How bad it is: drops before all queues, which have 32 bits. One that was named before gets a
 * quarter more. */
static double rate(const struct entry *entry)
{
    double rank = 0x1p32 * entry->recent_drops + entry->recent_queue;
    return entry->named ? 1.25 * rank : rank;
}

static int compare_keys(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    return memcmp(a->key, b->key, sizeof a->key);
}

/* Name the rows of the list, and count the new drops of the rest among the others: also those of a
 * row that was not named before, because nobody can see the increase of a new counter. */
static size_t name_rows(struct udp_sockets *sockets, const struct top *list, bool first,
                        struct udp_socket_row *rows)
{
    sockets->other_drops += sockets->next.other_drops;
    for (size_t i = 0; i < sockets->row_count; i++)
        sockets->other_drops += sockets->rows[i].new_drops;
    for (size_t i = 0; i < list->count; i++) {
        const struct entry *entry = list->candidates[i].entry;
        if (entry->named || first)
            sockets->other_drops -= entry->new_drops;
        rows[i] = entry->row;
    }
    for (size_t i = 0; i < sockets->row_count; i++) {
        sockets->rows[i].named = false;
        sockets->rows[i].known = true;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct entry *entry = list->candidates[i].entry;
        entry->named = entry->published = true;
    }
    return list->count;
}

size_t udp_sockets_end(struct udp_sockets *sockets, int64_t now, struct udp_socket_row *rows,
                       size_t top, struct udp_summary *summary)
{
    struct candidate candidates[UDP_SOCKETS_MAX_TOP];
    struct top list = {.candidates = candidates, .limit = top, .compare = compare_keys};
    bool first = sockets->ended == 0;
    update_rows(sockets, exp2((double)(sockets->ended - now) / sockets->half_life));
    remove_rows(sockets);
    settle_droppers(sockets);
    sockets->ended = now;
    for (size_t i = 0; i < sockets->row_count; i++) {
        struct entry *entry = &sockets->rows[i];
        if (entry->present && (entry->known || first))
            top_offer(&list, rate(entry), entry);
    }
    size_t count = name_rows(sockets, &list, first, rows);
    *summary = sockets->next;
    summary->other_drops = sockets->other_drops;
    return count;
}
