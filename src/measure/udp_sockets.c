// SPDX-License-Identifier: Apache-2.0
#include "udp_sockets.h"

#include "base/index.h"
#include "socket_drops.h"
#include "top.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_SIZE = 2 * UDP_ROWS_CAPACITY };

/* Interface, family and port; address. */
enum { KEY_WORDS = 3 };

struct entry {
    uint64_t key[KEY_WORDS];
    struct udp_socket_row row; /* queue: of the sample in progress; drops: of the last one */
    uint64_t new_drops;        /* since the last sample */
    bool present;              /* in the sample in progress */
    bool known;                /* it was in an earlier sample */
    bool named;                /* in the last sample */
    bool published;            /* it was named once: `drops` must not fall */
    double recent_drops;
    double recent_queue;
};

struct udp_sockets {
    double half_life;
    int64_t ended; /* when the last sample did; 0 before the first */
    struct socket_drops *drops;
    struct udp_summary summary; /* its `sockets` are of the sample in progress */
    size_t row_count;
    struct index index;
    uint16_t places[INDEX_SIZE];
    struct entry rows[UDP_ROWS_CAPACITY];
};

struct udp_sockets *udp_sockets_create(int64_t half_life)
{
    struct udp_sockets *sockets = calloc(1, sizeof *sockets);
    if (!sockets)
        return NULL;
    sockets->half_life = (double)half_life;
    sockets->index =
        index_make(sockets->places, INDEX_SIZE, sockets->rows, sizeof sockets->rows[0], KEY_WORDS);
    sockets->drops = socket_drops_create();
    if (!sockets->drops) {
        free(sockets);
        return NULL;
    }
    return sockets;
}

void udp_sockets_destroy(struct udp_sockets *sockets)
{
    if (!sockets)
        return;
    socket_drops_destroy(sockets->drops);
    free(sockets);
}

void udp_sockets_begin(struct udp_sockets *sockets)
{
    sockets->summary.sockets = 0;
    for (size_t i = 0; i < sockets->row_count; i++) {
        sockets->rows[i].present = false;
        sockets->rows[i].row.receive_queue = 0;
    }
}

/* Find the row of a socket. If it has none, add one if it is `worth_a_row`. NULL when it is not, or
 * there are too many. */
static struct entry *find_row(struct udp_sockets *sockets, const struct socket_record *record,
                              bool worth_a_row)
{
    uint64_t key[KEY_WORDS] = {(uint64_t)record->interface << 32 | (uint64_t)record->family << 16 |
                               record->local_port};
    memcpy(&key[1], &record->local_address, sizeof record->local_address);
    uint16_t *place = index_find(&sockets->index, key);
    if (*place)
        return &sockets->rows[*place - 1];
    if (!worth_a_row || sockets->row_count == UDP_ROWS_CAPACITY)
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
    sockets->summary.sockets++;
    /* A socket that has not dropped anything takes no place in the table: its first reading counts
     * from 0. */
    uint32_t drops =
        record->drops > 0 ? socket_drops_read(sockets->drops, record->cookie, record->drops) : 0;
    struct entry *entry = find_row(sockets, record, drops > 0 || record->receive_queue > 0);
    if (!entry) {
        sockets->summary.other_drops += drops;
        return;
    }
    entry->present = true;
    entry->new_drops += drops;
    if (record->receive_queue > entry->row.receive_queue)
        entry->row.receive_queue = record->receive_queue;
}

/* A row without a socket is kept only for its counter, if that was published and while there is
 * room: the socket may be opened again. A row with a socket is kept while it has drops or a queue,
 * or is named. */
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
    index_rebuild(&sockets->index, kept);
}

/* Add the new drops and queues; `weight` is the part of the old ones that still counts. New drops
 * are among the others until their row is named. */
static void update_rows(struct udp_sockets *sockets, double weight)
{
    for (size_t i = 0; i < sockets->row_count; i++) {
        struct entry *entry = &sockets->rows[i];
        entry->row.drops += entry->new_drops;
        sockets->summary.other_drops += entry->new_drops;
        entry->recent_drops = weight * entry->recent_drops + (double)entry->new_drops;
        entry->recent_queue = fmax(weight * entry->recent_queue, (double)entry->row.receive_queue);
    }
}

/* Rate a row. One drop is worse than any queue, which has 32 bits. A row that was named in the last
 * sample gets a quarter more, so that it stays unless another is clearly worse. */
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

/* Name the rows of the list. If a row was not named in the last sample, its new drops stay among
 * the others, because nobody can see the increase of a new counter. */
static size_t name_rows(struct udp_sockets *sockets, const struct top *list,
                        struct udp_socket_row *rows)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct entry *entry = list->candidates[i].entry;
        if (entry->named)
            sockets->summary.other_drops -= entry->new_drops;
        rows[i] = entry->row;
    }
    for (size_t i = 0; i < sockets->row_count; i++) {
        sockets->rows[i].new_drops = 0;
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
    socket_drops_end_round(sockets->drops);
    sockets->ended = now;
    for (size_t i = 0; i < sockets->row_count; i++) {
        struct entry *entry = &sockets->rows[i];
        if (entry->present && (entry->known || first))
            top_offer(&list, rate(entry), entry);
    }
    size_t count = name_rows(sockets, &list, rows);
    *summary = sockets->summary;
    return count;
}
