// SPDX-License-Identifier: Apache-2.0
#include "listeners.h"

#include "base/index.h"
#include "base/port_set.h"
#include "peak_window.h"
#include "top.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_SIZE = 2 * LISTENERS_CAPACITY };

/* The accept queue of one socket. */
struct queue {
    uint64_t length;
    uint64_t limit;
};

struct entry {
    struct index_key key;
    struct listener_row row;
    struct peak_window peak;
    /* The sample under way; one that fails never gets further. */
    bool seen;
    struct queue fullest; /* of those seen */
    uint64_t queues;
    uint64_t sockets[TCP_STATES];

    bool sampled;                  /* `row` comes from a whole sample */
    bool shown[LISTENER_RANKINGS]; /* among the busiest, the last time */
};

struct listeners {
    int64_t peak_window;
    struct index index;
    uint64_t untracked;
    uint64_t untracked_so_far; /* in the sample under way, as are the next two */
    struct port_set untracked_ports;
    uint64_t untracked_sockets_so_far[TCP_STATES];
    uint64_t untracked_sockets[TCP_STATES]; /* of the last detailed sample */
    size_t count;
    struct port_set
        ports; /* of the sample under way: most sockets are no listener's, and this tells */
    uint16_t places[INDEX_SIZE];
    struct entry entries[LISTENERS_CAPACITY];
};

struct listeners *listeners_create(int64_t peak_window)
{
    /* calloc: pages that no listener needs are never touched. */
    struct listeners *listeners = calloc(1, sizeof *listeners);
    if (!listeners)
        return NULL;
    listeners->peak_window = peak_window;
    listeners->index =
        index_make(listeners->places, INDEX_SIZE, listeners->entries, sizeof listeners->entries[0]);
    return listeners;
}

void listeners_destroy(struct listeners *listeners)
{
    free(listeners);
}

static void set_key(struct index_key *key, enum ip_family family, const struct ip_address *address,
                    uint16_t port)
{
    key->count = 3;
    key->word[0] = (uint64_t)family << 16 | port;
    memcpy(&key->word[1], address, sizeof *address);
}

void listeners_begin(struct listeners *listeners)
{
    listeners->untracked_so_far = 0;
    memset(&listeners->untracked_ports, 0, sizeof listeners->untracked_ports);
    memset(listeners->untracked_sockets_so_far, 0, sizeof listeners->untracked_sockets_so_far);
    memset(&listeners->ports, 0, sizeof listeners->ports);
    for (size_t i = 0; i < listeners->count; i++) {
        struct entry *entry = &listeners->entries[i];
        entry->seen = false;
        entry->queues = 0;
        memset(entry->sockets, 0, sizeof entry->sockets);
    }
}

/* Is `a` fuller than `b`? The kernel lets limit + 1 connections wait; lengths and limits have 32
 * bits, so that the products fit. Of equal ones the shorter fills first. */
static bool is_fuller(const struct queue *a, const struct queue *b)
{
    uint64_t share_a = a->length * (b->limit + 1), share_b = b->length * (a->limit + 1);
    return share_a != share_b ? share_a > share_b : a->limit < b->limit;
}

void listeners_add(struct listeners *listeners, const struct socket_record *record)
{
    struct index_key key;
    set_key(&key, record->family, &record->local_address, record->local_port);
    uint16_t *place = index_find(&listeners->index, &key);
    if (!*place && listeners->count == LISTENERS_CAPACITY) {
        listeners->untracked_so_far++;
        port_set_add(&listeners->ports, record->local_port);
        port_set_add(&listeners->untracked_ports, record->local_port);
        return;
    }
    if (!*place) {
        *place = (uint16_t)(listeners->count + 1);
        listeners->entries[listeners->count++] =
            (struct entry){.key = key,
                           .row = {.family = record->family,
                                   .address = record->local_address,
                                   .port = record->local_port}};
    }
    struct entry *entry = &listeners->entries[*place - 1];
    port_set_add(&listeners->ports, record->local_port);
    const struct queue queue = {record->receive_queue, record->send_queue};
    if (!entry->seen || is_fuller(&queue, &entry->fullest))
        entry->fullest = queue;
    entry->seen = true;
    entry->queues++;
}

/* Close the gaps that vanished listeners leave, and index those that stay anew. */
static void forget_unseen(struct listeners *listeners)
{
    size_t kept = 0;
    for (size_t i = 0; i < listeners->count; i++) {
        if (!listeners->entries[i].seen)
            continue;
        if (kept != i)
            listeners->entries[kept] = listeners->entries[i];
        kept++;
    }
    if (kept == listeners->count)
        return;
    index_clear(&listeners->index);
    listeners->count = kept;
    for (size_t i = 0; i < kept; i++)
        *index_find(&listeners->index, &listeners->entries[i].key) = (uint16_t)(i + 1);
}

void listeners_end(struct listeners *listeners, int64_t now, bool detailed)
{
    forget_unseen(listeners);
    listeners->untracked = listeners->untracked_so_far;
    if (detailed)
        memcpy(listeners->untracked_sockets, listeners->untracked_sockets_so_far,
               sizeof listeners->untracked_sockets);
    for (size_t i = 0; i < listeners->count; i++) {
        struct entry *entry = &listeners->entries[i];
        peak_window_observe(&entry->peak, listeners->peak_window, now, entry->fullest.length);
        entry->row.queue_length = entry->fullest.length;
        entry->row.queue_limit = entry->fullest.limit;
        entry->row.queues = entry->queues;
        entry->row.queue_peak = peak_window_highest(&entry->peak);
        if (detailed)
            memcpy(entry->row.sockets, entry->sockets, sizeof entry->row.sockets);
        entry->sampled = true;
    }
}

/* The entry of a listener of the sample under way, or NULL. */
static struct entry *find_seen(struct listeners *listeners, enum ip_family family,
                               const struct ip_address *address, uint16_t port)
{
    struct index_key key;
    set_key(&key, family, address, port);
    uint16_t place = *index_find(&listeners->index, &key);
    if (!place || !listeners->entries[place - 1].seen)
        return NULL;
    return &listeners->entries[place - 1];
}

bool listeners_add_connection(struct listeners *listeners, const struct socket_record *record)
{
    static const struct ip_address any;
    uint16_t port = record->local_port;
    if (!port_set_has(&listeners->ports, port))
        return false;

    struct entry *entry = find_seen(listeners, record->family, &record->local_address, port);
    if (!entry)
        entry = find_seen(listeners, record->family, &any, port);
    if (!entry && record->family == IP_FAMILY_IPV4)
        entry = find_seen(listeners, IP_FAMILY_IPV6, &any, port);
    if (entry)
        entry->sockets[record->state]++;
    else if (port_set_has(&listeners->untracked_ports, port))
        listeners->untracked_sockets_so_far[record->state]++;
    else
        return false;
    return true;
}

int listener_compare_places(const struct listener_row *a, const struct listener_row *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    int addresses = memcmp(&a->address, &b->address, sizeof a->address);
    if (addresses != 0)
        return addresses;
    return (a->port > b->port) - (a->port < b->port);
}

static int compare_rows(const void *left, const void *right)
{
    return listener_compare_places(left, right);
}

/* How busy a listener is; one that is shown counts for a quarter more, and one more. */
static uint64_t rank(const struct entry *entry, enum listener_ranking ranking)
{
    uint64_t busy = 0;
    if (ranking == LISTENERS_BY_QUEUE) {
        busy = entry->row.queue_peak;
    } else {
        for (enum tcp_state state = 0; state < TCP_STATES; state++)
            busy += entry->row.sockets[state];
    }
    return entry->shown[ranking] ? busy + busy / 4 + 1 : busy;
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    return listener_compare_places(&a->row, &b->row);
}

static void add_connections(struct listener_row *sum, const struct listener_row *row)
{
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        sum->sockets[state] += row->sockets[state];
}

size_t listeners_top(struct listeners *listeners, enum listener_ranking ranking,
                     struct listener_row *rows, size_t top, struct listener_row *rest)
{
    struct candidate candidates[LISTENERS_CAPACITY];
    struct top list = {.candidates = candidates, .limit = top, .compare = compare_entries};
    for (size_t i = 0; i < listeners->count; i++) {
        struct entry *entry = &listeners->entries[i];
        if (entry->sampled)
            top_offer(&list, (double)rank(entry, ranking), entry);
        entry->shown[ranking] = false;
    }
    for (size_t i = 0; i < list.count; i++)
        ((struct entry *)candidates[i].entry)->shown[ranking] = true;

    size_t count = 0;
    struct listener_row sum = {0};
    memcpy(sum.sockets, listeners->untracked_sockets, sizeof sum.sockets);
    for (size_t i = 0; i < listeners->count; i++) {
        const struct entry *entry = &listeners->entries[i];
        if (entry->shown[ranking])
            rows[count++] = entry->row;
        else
            add_connections(&sum, &entry->row);
    }
    if (rest)
        *rest = sum;
    qsort(rows, count, sizeof *rows, compare_rows);
    return count;
}

size_t listeners_named(const struct listeners *listeners, struct listener_row *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < listeners->count; i++) {
        const struct entry *entry = &listeners->entries[i];
        if (entry->shown[LISTENERS_BY_QUEUE] || entry->shown[LISTENERS_BY_SOCKETS])
            rows[count++] = entry->row;
    }
    qsort(rows, count, sizeof *rows, compare_rows);
    return count;
}

uint64_t listeners_untracked(const struct listeners *listeners)
{
    return listeners->untracked;
}
