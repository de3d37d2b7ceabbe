// SPDX-License-Identifier: Apache-2.0
#include "event_sources.h"

#include "base/clock.h"
#include "base/index.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t period = 60 * NANOSECONDS_PER_SECOND;
static const int64_t memory = 3600 * NANOSECONDS_PER_SECOND;

enum {
    INDEX_SIZE = 2 * EVENT_SOURCES_CAPACITY,
    KEY_WORDS = sizeof(struct event_source) / sizeof(uint64_t)
};
_Static_assert(sizeof(struct event_source) % sizeof(uint64_t) == 0, "the key has whole words");

struct entry {
    uint64_t key[KEY_WORDS]; /* a struct event_source */
    int64_t seen;
    uint64_t at_previous, at_current; /* the samples at the start of the last two periods */
};

struct event_sources {
    size_t count;
    uint64_t others;
    uint64_t total;
    /* When the last two periods began, 0: not yet; and the totals at these times. */
    int64_t previous_start, current_start;
    uint64_t previous_total, current_total;
    struct index index;
    uint16_t places[INDEX_SIZE];
    struct entry entries[EVENT_SOURCES_CAPACITY];
    struct event_source_row rows[EVENT_SOURCES_CAPACITY]; /* one for each entry */
};

struct event_sources *event_sources_create(void)
{
    struct event_sources *sources = calloc(1, sizeof *sources);
    if (sources)
        sources->index = index_make(sources->places, INDEX_SIZE, sources->entries,
                                    sizeof sources->entries[0], KEY_WORDS);
    return sources;
}

void event_sources_destroy(struct event_sources *sources)
{
    free(sources);
}

static void remove_row(struct event_sources *sources, size_t place)
{
    sources->count--;
    for (size_t i = place; i < sources->count; i++) {
        sources->entries[i] = sources->entries[i + 1];
        sources->rows[i] = sources->rows[i + 1];
    }
    index_rebuild(&sources->index, sources->count);
}

/* Free the place of the source that was not seen for longest, if it is old enough. */
static void forget_oldest(struct event_sources *sources, int64_t now)
{
    size_t oldest = 0;
    for (size_t i = 1; i < sources->count; i++) {
        if (sources->entries[i].seen < sources->entries[oldest].seen)
            oldest = i;
    }
    if (now - sources->entries[oldest].seen <= memory)
        return;
    sources->others += sources->rows[oldest].samples;
    remove_row(sources, oldest);
}

/* Does the cgroup of a new source have all the places that it may have? */
static bool is_crowded(const struct event_sources *sources, uint64_t cgroup)
{
    size_t places = 0;
    for (size_t i = 0; i < sources->count; i++)
        places += sources->rows[i].source.cgroup == cgroup;
    return places >= EVENT_SOURCES_OF_CGROUP;
}

void event_sources_add(struct event_sources *sources, const struct event_source *source,
                       int64_t now)
{
    const struct event_source of_cgroup = {.cgroup = source->cgroup};
    uint64_t key[KEY_WORDS];
    memcpy(key, source, sizeof key);
    uint16_t *place = index_find(&sources->index, key);
    if (*place == 0 && is_crowded(sources, source->cgroup)) {
        source = &of_cgroup;
        memcpy(key, source, sizeof key);
        place = index_find(&sources->index, key);
    }
    if (*place == 0) {
        if (sources->count == EVENT_SOURCES_CAPACITY)
            forget_oldest(sources, now);
        if (sources->count == EVENT_SOURCES_CAPACITY) {
            sources->others++;
            return;
        }
        struct entry *entry = &sources->entries[sources->count];
        *entry = (struct entry){.seen = now};
        memcpy(entry->key, key, sizeof key);
        sources->rows[sources->count] = (struct event_source_row){.source = *source};
        place = index_find(&sources->index, key);
        *place = (uint16_t)++sources->count;
    }
    sources->entries[*place - 1].seen = now;
    sources->rows[*place - 1].samples++;
    sources->rows[*place - 1].recent++;
}

void event_sources_advance(struct event_sources *sources, int64_t now, uint64_t total)
{
    sources->total = total;
    if (sources->current_start == 0)
        sources->previous_start = sources->current_start = now;
    if (now - sources->current_start < period)
        return;
    sources->previous_start = sources->current_start;
    sources->previous_total = sources->current_total;
    sources->current_start = now;
    sources->current_total = total;
    for (size_t i = 0; i < sources->count; i++) {
        struct entry *entry = &sources->entries[i];
        struct event_source_row *row = &sources->rows[i];
        entry->at_previous = entry->at_current;
        entry->at_current = row->samples;
        row->recent = row->samples - entry->at_previous;
    }
}

bool event_sources_miss_paths(const struct event_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        if (!sources->rows[i].cgroup.text[0])
            return true;
    }
    return false;
}

void event_sources_tell_path(void *context, uint64_t id, const char *path)
{
    struct event_sources *sources = context;
    for (size_t i = 0; i < sources->count; i++) {
        struct event_source_row *row = &sources->rows[i];
        if (row->source.cgroup == id && !row->cgroup.text[0])
            snprintf(row->cgroup.text, sizeof row->cgroup.text, "%s", path);
    }
}

static bool are_alike(const struct event_source_row *a, const struct event_source_row *b)
{
    struct event_source source = b->source;
    source.cgroup = a->source.cgroup;
    return memcmp(&source, &a->source, sizeof source) == 0 &&
           strcmp(a->cgroup.text, b->cgroup.text) == 0;
}

/* Add a younger row to an older one, and let the older one continue it under the id of its cgroup.
 */
static void merge_rows(struct event_sources *sources, size_t older, size_t younger)
{
    struct entry *to = &sources->entries[older], *from = &sources->entries[younger];
    sources->rows[older].samples += sources->rows[younger].samples;
    sources->rows[older].recent += sources->rows[younger].recent;
    sources->rows[older].source = sources->rows[younger].source;
    memcpy(to->key, from->key, sizeof to->key);
    to->seen = from->seen;
    to->at_previous += from->at_previous;
    to->at_current += from->at_current;
    remove_row(sources, younger);
}

static void name_unknown(struct event_source_row *row)
{
    if (row->source.cgroup == 0)
        snprintf(row->cgroup.text, sizeof row->cgroup.text, "unknown");
    else
        snprintf(row->cgroup.text, sizeof row->cgroup.text, "cgroup-%" PRIu64, row->source.cgroup);
}

void event_sources_end_search(struct event_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        struct event_source_row *row = &sources->rows[i];
        if (!row->cgroup.text[0])
            name_unknown(row);
        size_t older = 0;
        while (!are_alike(&sources->rows[older], row))
            older++;
        if (older < i)
            merge_rows(sources, older, i--);
    }
}

struct event_report event_sources_report(const struct event_sources *sources, int64_t now)
{
    return (struct event_report){
        .total = sources->total,
        .recent = sources->total - sources->previous_total,
        .recent_seconds = (double)(now - sources->previous_start) / (double)NANOSECONDS_PER_SECOND,
        .rows = sources->rows,
        .row_count = sources->count,
        .other_samples = sources->others,
    };
}
