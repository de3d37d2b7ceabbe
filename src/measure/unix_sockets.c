// SPDX-License-Identifier: Apache-2.0
#include "unix_sockets.h"

#include "base/index.h"
#include "peak_window.h"
#include "top.h"

#include <stdlib.h>
#include <string.h>

enum { INDEX_SIZE = 2 * UNIX_LISTENERS_CAPACITY, KEY_WORDS = UNIX_PATH_SIZE / 8 };

union path {
    uint64_t words[KEY_WORDS];
    char text[UNIX_PATH_SIZE];
};

struct listener {
    union path path; /* the key */
    bool listens;    /* in the sample in progress, as are the next three */
    uint64_t length;
    uint64_t limit;
    uint64_t sum; /* of the lengths of all its queues */
    struct peak_window peak;
    bool named; /* in the last sample */
};

struct unix_sockets {
    int64_t peak_window;
    struct unix_summary next; /* of the sample in progress */
    size_t count;
    struct index index;
    uint16_t places[INDEX_SIZE];
    struct listener listeners[UNIX_LISTENERS_CAPACITY]; /* in the order in which they were seen */
};

struct unix_sockets *unix_sockets_create(int64_t peak_window)
{
    struct unix_sockets *sockets = calloc(1, sizeof *sockets);
    if (!sockets)
        return NULL;
    sockets->peak_window = peak_window;
    sockets->index = index_make(sockets->places, INDEX_SIZE, sockets->listeners,
                                sizeof sockets->listeners[0], KEY_WORDS);
    return sockets;
}

void unix_sockets_destroy(struct unix_sockets *sockets)
{
    free(sockets);
}

void unix_sockets_begin(struct unix_sockets *sockets)
{
    sockets->next = (struct unix_summary){0};
    for (size_t i = 0; i < sockets->count; i++) {
        sockets->listeners[i].listens = false;
        sockets->listeners[i].sum = 0;
    }
}

/* Find a listener, or add it to the table; NULL when there are too many. */
static struct listener *find_listener(struct unix_sockets *sockets, const union path *path)
{
    uint16_t *place = index_find(&sockets->index, path->words);
    if (*place)
        return &sockets->listeners[*place - 1];
    if (sockets->count == UNIX_LISTENERS_CAPACITY)
        return NULL;
    struct listener *listener = &sockets->listeners[sockets->count++];
    *place = (uint16_t)sockets->count;
    *listener = (struct listener){.path = *path};
    return listener;
}

static double find_share(uint64_t length, uint64_t limit)
{
    return (double)length / (double)(limit + 1);
}

static void add_listener(struct unix_sockets *sockets, const struct unix_socket_record *record)
{
    union path path;
    unix_path_write(path.text, record->name, record->name_length);
    struct listener *listener = find_listener(sockets, &path);
    uint64_t length = record->receive_queue, limit = record->send_queue;
    sockets->next.other_queue_length += length; /* until it is named */
    if (!listener)
        return;
    listener->sum += length;
    if (listener->listens &&
        find_share(length, limit) <= find_share(listener->length, listener->limit))
        return;
    listener->listens = true;
    listener->length = length;
    listener->limit = limit;
}

void unix_sockets_add(struct unix_sockets *sockets, const struct unix_socket_record *record)
{
    sockets->next.sockets[record->type][record->state]++;
    if (record->state == UNIX_SOCKET_LISTEN)
        add_listener(sockets, record);
}

/* Forget the listeners that are gone, and add the queues of the others to their peaks. */
static void update_listeners(struct unix_sockets *sockets, int64_t now)
{
    size_t kept = 0;
    for (size_t i = 0; i < sockets->count; i++) {
        struct listener *listener = &sockets->listeners[kept];
        if (!sockets->listeners[i].listens)
            continue;
        if (kept++ != i)
            *listener = sockets->listeners[i];
        peak_window_observe(&listener->peak, sockets->peak_window, now, (double)listener->length);
    }
    if (kept == sockets->count)
        return;
    sockets->count = kept;
    index_rebuild(&sockets->index, kept);
}

/* Rate a listener by its peak. One that was named in the last sample gets a quarter and a hundredth
 * more, so that it stays unless another is clearly fuller. */
static double rate(const struct listener *listener)
{
    double share = peak_window_read(&listener->peak) / (double)(listener->limit + 1);
    return listener->named ? share * 1.25 + 0.01 : share;
}

size_t unix_sockets_end(struct unix_sockets *sockets, int64_t now, struct unix_listener_row *rows,
                        size_t top, struct unix_summary *summary)
{
    struct candidate candidates[UNIX_LISTENERS_CAPACITY];
    struct top list = {.candidates = candidates, .limit = top};
    update_listeners(sockets, now);
    for (size_t i = 0; i < sockets->count; i++) {
        struct listener *listener = &sockets->listeners[i];
        top_offer(&list, rate(listener), listener);
        listener->named = false;
    }
    *summary = sockets->next;
    for (size_t i = 0; i < list.count; i++) {
        // cppcheck-suppress uninitvar ; top_offer() has set them
        struct listener *listener = candidates[i].entry;
        listener->named = true;
        rows[i] = (struct unix_listener_row){
            .queue_length = listener->length,
            .queue_limit = listener->limit,
            .queue_peak = (uint64_t)peak_window_read(&listener->peak),
        };
        memcpy(rows[i].path, listener->path.text, sizeof rows[i].path);
        summary->other_queue_length -= listener->sum;
    }
    return list.count;
}
