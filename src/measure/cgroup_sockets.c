// SPDX-License-Identifier: Apache-2.0
#include "cgroup_sockets.h"

#include "base/index.h"
#include "top.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_SIZE = 2 * CGROUP_SOCKETS_CAPACITY };

struct cgroup {
    uint64_t id;                  /* the key */
    int64_t seen;                 /* the time of the last sample with a socket */
    bool named;                   /* in the last sample */
    uint32_t sockets[TCP_STATES]; /* in the sample in progress */
    struct cgroup_path path;      /* "" while it is missing */
};

struct cgroup_sockets {
    int64_t memory;
    int64_t now; /* of the sample in progress */
    bool told_apart;
    uint64_t untracked[TCP_STATES]; /* the sockets of cgroups beyond the capacity */
    size_t count;
    struct index index;
    uint16_t places[INDEX_SIZE];
    struct cgroup cgroups[CGROUP_SOCKETS_CAPACITY];
};

struct cgroup_sockets *cgroup_sockets_create(int64_t memory)
{
    struct cgroup_sockets *sockets = calloc(1, sizeof *sockets);
    if (!sockets)
        return NULL;
    sockets->memory = memory;
    sockets->index =
        index_make(sockets->places, INDEX_SIZE, sockets->cgroups, sizeof sockets->cgroups[0], 1);
    return sockets;
}

void cgroup_sockets_destroy(struct cgroup_sockets *sockets)
{
    free(sockets);
}

void cgroup_sockets_begin(struct cgroup_sockets *sockets, int64_t now)
{
    sockets->now = now;
    memset(sockets->untracked, 0, sizeof sockets->untracked);
    for (size_t i = 0; i < sockets->count; i++)
        memset(sockets->cgroups[i].sockets, 0, sizeof sockets->cgroups[i].sockets);
}

/* Find a cgroup, or add it to the table; NULL when there are too many. */
static struct cgroup *find_cgroup(struct cgroup_sockets *sockets, uint64_t id)
{
    uint16_t *place = index_find(&sockets->index, &id);
    if (*place)
        return &sockets->cgroups[*place - 1];
    if (sockets->count == CGROUP_SOCKETS_CAPACITY)
        return NULL;
    struct cgroup *cgroup = &sockets->cgroups[sockets->count++];
    *place = (uint16_t)sockets->count;
    *cgroup = (struct cgroup){.id = id};
    return cgroup;
}

void cgroup_sockets_add(struct cgroup_sockets *sockets, const struct socket_record *record)
{
    if (record->cgroup == 0 || record->state == TCP_STATE_BOUND_INACTIVE)
        return;
    struct cgroup *cgroup = find_cgroup(sockets, record->cgroup);
    sockets->told_apart |= record->cgroup != CGROUP_ROOT_ID;
    if (!cgroup) {
        sockets->untracked[record->state]++;
        return;
    }
    cgroup->seen = sockets->now;
    cgroup->sockets[record->state]++;
}

void cgroup_sockets_note(struct cgroup_sockets *sockets, uint64_t id)
{
    struct cgroup *cgroup = id ? find_cgroup(sockets, id) : NULL;
    if (cgroup)
        cgroup->seen = sockets->now;
}

bool cgroup_sockets_are_told_apart(const struct cgroup_sockets *sockets)
{
    return sockets->told_apart;
}

static bool lacks_path(const struct cgroup *cgroup)
{
    return cgroup->path.text[0] == '\0';
}

bool cgroup_sockets_miss_paths(const struct cgroup_sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++) {
        if (lacks_path(&sockets->cgroups[i]))
            return true;
    }
    return false;
}

void cgroup_sockets_tell_path(void *context, uint64_t id, const char *path)
{
    struct cgroup_sockets *sockets = context;
    uint16_t place = *index_find(&sockets->index, &id);
    if (place)
        snprintf(sockets->cgroups[place - 1].path.text, CGROUP_PATH_SIZE, "%s", path);
}

void cgroup_sockets_end_search(struct cgroup_sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++) {
        struct cgroup *cgroup = &sockets->cgroups[i];
        if (lacks_path(cgroup))
            snprintf(cgroup->path.text, CGROUP_PATH_SIZE, "cgroup-%" PRIu64, cgroup->id);
    }
}

const char *cgroup_sockets_find_path(const struct cgroup_sockets *sockets, uint64_t id)
{
    uint16_t place = *index_find(&sockets->index, &id);
    return place ? sockets->cgroups[place - 1].path.text : "";
}

/* Forget the cgroups that were not seen for longer than the memory. */
static void forget_old(struct cgroup_sockets *sockets)
{
    bool crowded = sockets->count > CGROUP_SOCKETS_CAPACITY / 2;
    int64_t memory = crowded ? 0 : sockets->memory;
    size_t kept = 0;
    for (size_t i = 0; i < sockets->count; i++) {
        if (sockets->now - sockets->cgroups[i].seen > memory)
            continue;
        if (kept++ != i)
            sockets->cgroups[kept - 1] = sockets->cgroups[i];
    }
    if (kept == sockets->count)
        return;
    sockets->count = kept;
    index_rebuild(&sockets->index, kept);
}

static int compare_paths(const void *left, const void *right)
{
    struct cgroup *const *a = left, *const *b = right;
    return strcmp((*a)->path.text, (*b)->path.text);
}

/* List the cgroups that have a path, ordered by path, with NULL at the end. */
static void sort(struct cgroup_sockets *sockets, struct cgroup **sorted)
{
    size_t count = 0;
    for (size_t i = 0; i < sockets->count; i++) {
        if (!lacks_path(&sockets->cgroups[i]))
            sorted[count++] = &sockets->cgroups[i];
    }
    sorted[count] = NULL;
    qsort(sorted, count, sizeof *sorted, compare_paths); // NOLINT(bugprone-sizeof-expression)
}

static void add_sockets(uint64_t sum[static TCP_STATES], const struct cgroup *cgroup)
{
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        sum[state] += cgroup->sockets[state];
}

/* Sum the cgroups that have the path of the first one. Sets `named` if one of them was named in the
 * last sample, and resets that. Returns the position after them. */
static struct cgroup **add_same(struct cgroup_row *row, struct cgroup **first, bool *named)
{
    struct cgroup **next = first;
    *row = (struct cgroup_row){.path = (*first)->path};
    *named = false;
    for (; *next && compare_paths(next, first) == 0; next++) {
        add_sockets(row->sockets, *next);
        *named |= (*next)->named;
        (*next)->named = false;
    }
    return next;
}

/* Rate a row by its sockets. A row that was named in the last sample gets a quarter and one more,
 * so that it stays unless another has clearly more. */
static double rate(const struct cgroup_row *row, bool named)
{
    uint64_t sum = 0;
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        sum += row->sockets[state];
    return sum > 0 && named ? (double)sum * 1.25 + 1 : (double)sum;
}

size_t cgroup_sockets_end(struct cgroup_sockets *sockets, struct cgroup_row *rows, size_t top,
                          uint64_t others[static TCP_STATES])
{
    struct cgroup *sorted[CGROUP_SOCKETS_CAPACITY + 1];
    struct candidate candidates[CGROUP_SOCKETS_CAPACITY];
    struct top list = {.candidates = candidates, .limit = top};
    struct cgroup_row row;
    bool named;
    forget_old(sockets);
    sort(sockets, sorted);
    for (struct cgroup **next = sorted, **first; *(first = next);) {
        next = add_same(&row, first, &named);
        if (rate(&row, named) > 0)
            top_offer(&list, rate(&row, named), first);
    }
    memcpy(others, sockets->untracked, sizeof sockets->untracked);
    for (size_t i = 0; i < sockets->count; i++)
        add_sockets(others, &sockets->cgroups[i]);
    for (size_t i = 0; i < list.count; i++) {
        // cppcheck-suppress uninitvar ; top_offer() has set them
        struct cgroup **first = candidates[i].entry;
        add_same(&rows[i], first, &named);
        for (enum tcp_state state = 0; state < TCP_STATES; state++)
            others[state] -= rows[i].sockets[state];
        (*first)->named = true;
    }
    return list.count;
}
