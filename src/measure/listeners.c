// SPDX-License-Identifier: Apache-2.0
#include "listeners.h"

#include "base/index.h"
#include "base/port_set.h"
#include "peak_window.h"
#include "socket_drops.h"
#include "top.h"

#include <stdlib.h>
#include <string.h>

enum { INDEX_SIZE = 2 * LISTENERS_CAPACITY };

/* Interface, family and port; address. */
enum { KEY_WORDS = 3 };

struct entry {
    uint64_t key[KEY_WORDS];
    struct listener_row row;  /* of the last complete sample; 0 `queues`: it was missing there */
    struct listener_row next; /* of the sample in progress; 0 `queues`: it is not yet added */
    struct peak_window peak;
    int64_t dropped; /* the time of the last sample that found more drops; 0: none did */
    bool picked[LISTENER_RANKINGS]; /* in the last sample */
};

struct listeners {
    int64_t peak_window;
    struct socket_drops *drops;
    struct port_set ports; /* of the sample in progress: a quick way to skip other sockets */
    struct port_set untracked_ports;
    struct listener_row untracked;      /* the sum of the listeners beyond the capacity */
    struct listener_row next_untracked; /* the same, of the sample in progress */
    size_t count;
    struct index index;
    uint16_t places[INDEX_SIZE];
    struct entry entries[LISTENERS_CAPACITY];
};

struct listeners *listeners_create(int64_t peak_window)
{
    /* calloc does not touch the pages of entries that are not in use. */
    struct listeners *listeners = calloc(1, sizeof *listeners);
    if (!listeners)
        return NULL;
    listeners->drops = socket_drops_create();
    if (!listeners->drops) {
        free(listeners);
        return NULL;
    }
    listeners->peak_window = peak_window;
    listeners->index = index_make(listeners->places, INDEX_SIZE, listeners->entries,
                                  sizeof listeners->entries[0], KEY_WORDS);
    return listeners;
}

void listeners_destroy(struct listeners *listeners)
{
    if (!listeners)
        return;
    socket_drops_destroy(listeners->drops);
    free(listeners);
}

static void set_key(uint64_t key[static KEY_WORDS], enum ip_family family,
                    const struct ip_address *address, uint16_t port, uint32_t interface)
{
    key[0] = (uint64_t)interface << 32 | (uint64_t)family << 16 | port;
    memcpy(&key[1], address, sizeof *address);
}

static void clear_counts(struct listener_row *row)
{
    row->queues = 0;
    memset(row->sockets, 0, sizeof row->sockets);
}

void listeners_begin(struct listeners *listeners)
{
    memset(&listeners->ports, 0, sizeof listeners->ports);
    memset(&listeners->untracked_ports, 0, sizeof listeners->untracked_ports);
    clear_counts(&listeners->next_untracked);
    for (size_t i = 0; i < listeners->count; i++)
        clear_counts(&listeners->entries[i].next);
}

/* Is the queue of `record` fuller than that of `row`? The kernel queues up to limit + 1
 * connections. Lengths and limits have 32 bits, so the products do not overflow. Of two that are
 * equally full the one with the lower limit overflows first. */
static bool is_fuller(const struct socket_record *record, const struct listener_row *row)
{
    uint64_t limit = record->send_queue;
    uint64_t share = record->receive_queue * (row->queue_limit + 1);
    uint64_t row_share = row->queue_length * (limit + 1);
    return share != row_share ? share > row_share : limit < row->queue_limit;
}

static struct entry *add_entry(struct listeners *listeners, const uint64_t key[static KEY_WORDS],
                               const struct socket_record *record, uint16_t *place)
{
    struct entry *entry = &listeners->entries[listeners->count++];
    *place = (uint16_t)listeners->count;
    *entry = (struct entry){.next = {.family = record->family,
                                     .address = record->local_address,
                                     .port = record->local_port,
                                     .interface = record->interface}};
    memcpy(entry->key, key, sizeof entry->key);
    return entry;
}

void listeners_add(struct listeners *listeners, const struct socket_record *record)
{
    uint64_t key[KEY_WORDS];
    set_key(key, record->family, &record->local_address, record->local_port, record->interface);
    uint16_t *place = index_find(&listeners->index, key);
    port_set_add(&listeners->ports, record->local_port);
    if (!*place && listeners->count == LISTENERS_CAPACITY) {
        listeners->next_untracked.queues++;
        port_set_add(&listeners->untracked_ports, record->local_port);
        return;
    }
    struct entry *entry =
        *place ? &listeners->entries[*place - 1] : add_entry(listeners, key, record, place);
    struct listener_row *next = &entry->next;
    next->ipv6_only = record->ipv6_only && (next->queues == 0 || next->ipv6_only);
    bool same_cgroup = next->queues == 0 || next->cgroup == record->cgroup;
    next->cgroup = same_cgroup ? record->cgroup : 0;
    if (next->queues++ == 0 || is_fuller(record, next)) {
        next->queue_length = record->receive_queue;
        next->queue_limit = record->send_queue;
    }
}

/* Find a listener of the sample in progress. */
static struct listener_row *find_next(struct listeners *listeners, enum ip_family family,
                                      const struct ip_address *address, uint16_t port,
                                      uint32_t interface)
{
    uint64_t key[KEY_WORDS];
    set_key(key, family, address, port, interface);
    uint16_t place = *index_find(&listeners->index, key);
    if (!place || listeners->entries[place - 1].next.queues == 0)
        return NULL;
    return &listeners->entries[place - 1].next;
}

void listeners_add_drops(struct listeners *listeners, const struct socket_record *record)
{
    uint32_t drops = socket_drops_read(listeners->drops, record->cookie, record->drops);
    struct listener_row *row = find_next(listeners, record->family, &record->local_address,
                                         record->local_port, record->interface);
    if (row)
        row->drops += drops;
}

void listeners_end_drops(struct listeners *listeners)
{
    socket_drops_end_round(listeners->drops);
}

/* Replace `row` by `next`, but keep its connections if no new ones were counted. */
static void replace_row(struct listener_row *row, const struct listener_row *next, bool detailed)
{
    struct listener_row last = *row;
    *row = *next;
    if (!detailed)
        memcpy(row->sockets, last.sockets, sizeof row->sockets);
}

static void end_entry(struct entry *entry, int64_t peak_window, int64_t now, bool detailed)
{
    if (entry->next.queues == 0) {
        /* It is gone: only its drops stay. */
        clear_counts(&entry->row);
        entry->peak = (struct peak_window){0};
        return;
    }
    peak_window_observe(&entry->peak, peak_window, now, (double)entry->next.queue_length);
    entry->next.queue_peak = (uint64_t)peak_window_read(&entry->peak);
    if (entry->next.drops != entry->row.drops)
        entry->dropped = now;
    entry->next.dropping = entry->dropped > 0 && now - entry->dropped <= peak_window;
    replace_row(&entry->row, &entry->next, detailed);
}

void listeners_end(struct listeners *listeners, int64_t now, bool detailed)
{
    bool crowded = listeners->count > LISTENERS_CAPACITY / 2;
    size_t kept = 0;
    for (size_t i = 0; i < listeners->count; i++) {
        struct entry *entry = &listeners->entries[kept];
        if (crowded && listeners->entries[i].next.queues == 0)
            continue;
        if (kept++ != i)
            *entry = listeners->entries[i];
        end_entry(entry, listeners->peak_window, now, detailed);
    }
    replace_row(&listeners->untracked, &listeners->next_untracked, detailed);
    if (kept == listeners->count)
        return;
    listeners->count = kept;
    index_rebuild(&listeners->index, kept);
}

/* Find the listener whose connection `record` is, among those bound to `interface`. */
static struct listener_row *find_of_interface(struct listeners *listeners,
                                              const struct socket_record *record,
                                              uint32_t interface)
{
    static const struct ip_address any;
    uint16_t port = record->local_port;
    struct listener_row *row =
        find_next(listeners, record->family, &record->local_address, port, interface);
    if (!row)
        row = find_next(listeners, record->family, &any, port, interface);
    if (row || record->family != IP_FAMILY_IPV4)
        return row;
    row = find_next(listeners, IP_FAMILY_IPV6, &any, port, interface);
    return row && !row->ipv6_only ? row : NULL;
}

bool listeners_add_connection(struct listeners *listeners, const struct socket_record *record)
{
    uint16_t port = record->local_port;
    if (!port_set_has(&listeners->ports, port))
        return false;

    struct listener_row *row = NULL;
    if (record->interface)
        row = find_of_interface(listeners, record, record->interface);
    if (!row)
        row = find_of_interface(listeners, record, 0);
    if (!row && port_set_has(&listeners->untracked_ports, port))
        row = &listeners->next_untracked;
    if (row)
        row->sockets[record->state]++;
    return row;
}

int listener_compare_places(const struct listener_row *a, const struct listener_row *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    int addresses = memcmp(&a->address, &b->address, sizeof a->address);
    if (addresses != 0)
        return addresses;
    if (a->port != b->port)
        return a->port < b->port ? -1 : 1;
    return (a->interface > b->interface) - (a->interface < b->interface);
}

static int compare_rows(const void *left, const void *right)
{
    return listener_compare_places(left, right);
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    return listener_compare_places(&a->row, &b->row);
}

static uint64_t count_connections(const struct listener_row *row)
{
    uint64_t count = 0;
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        count += row->sockets[state];
    return count;
}

/* Rate a listener. One that was picked in the last sample gets a quarter and one more, so that it
 * stays unless another is clearly busier. By queue, a listener that dropped something within the
 * peak window is above all that did not: a queue has fewer than 2^32 connections. */
static uint64_t rate(const struct entry *entry, enum listener_ranking ranking)
{
    uint64_t busy =
        ranking == LISTENERS_BY_QUEUE ? entry->row.queue_peak : count_connections(&entry->row);
    if (ranking == LISTENERS_BY_QUEUE && entry->row.dropping)
        busy += 2 * (uint64_t)UINT32_MAX;
    return entry->picked[ranking] ? busy + busy / 4 + 1 : busy;
}

static void add_connections(struct listener_row *sum, const struct listener_row *row)
{
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        sum->sockets[state] += row->sockets[state];
}

size_t listeners_pick_top(struct listeners *listeners, enum listener_ranking ranking,
                          struct listener_row *rows, size_t top, struct listener_row *rest)
{
    struct candidate candidates[LISTENERS_CAPACITY];
    struct top list = {.candidates = candidates, .limit = top, .compare = compare_entries};
    for (size_t i = 0; i < listeners->count; i++) {
        struct entry *entry = &listeners->entries[i];
        if (entry->row.queues > 0)
            top_offer(&list, (double)rate(entry, ranking), entry);
        entry->picked[ranking] = false;
    }
    for (size_t i = 0; i < list.count; i++) {
        // cppcheck-suppress uninitvar ; top_offer() has set them
        struct entry *entry = candidates[i].entry;
        entry->picked[ranking] = true;
    }

    size_t count = 0;
    struct listener_row sum = {0};
    add_connections(&sum, &listeners->untracked);
    for (size_t i = 0; i < listeners->count; i++) {
        const struct entry *entry = &listeners->entries[i];
        if (entry->picked[ranking])
            rows[count++] = entry->row;
        else
            add_connections(&sum, &entry->row);
    }
    if (rest)
        *rest = sum;
    qsort(rows, count, sizeof *rows, compare_rows);
    return count;
}

size_t listeners_list_picked(const struct listeners *listeners, struct listener_row *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < listeners->count; i++) {
        const struct entry *entry = &listeners->entries[i];
        if (entry->picked[LISTENERS_BY_QUEUE] || entry->picked[LISTENERS_BY_SOCKETS])
            rows[count++] = entry->row;
    }
    qsort(rows, count, sizeof *rows, compare_rows);
    return count;
}

uint64_t listeners_count_untracked(const struct listeners *listeners)
{
    return listeners->untracked.queues;
}
