// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes, cut at form feeds, as the files of /proc of two containers and as
 * the name of a pod's logs, then as their numbers a minute later. If the first byte is 2, only the
 * host and one of them have numbers of their own. Each namespace has a name of its own, sums of
 * counters do not fall, and the metrics are a valid page.
 *
 * Covers: src/namespaces/description.c src/namespaces/discovery.c src/namespaces/file_readings.c
 * src/namespaces/naming.c src/namespaces/namespace_table.c src/namespaces/process_table.c
 * src/namespaces/reading_plan.c src/namespaces/pod_names.c
 */
#include "namespaces/namespaces.h"

#include "exposition_check.h"
#include "scratch.h"
#include "sockdiag/exposition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAMESPACES = 3 }; /* with the host's */

static int64_t now;

static int64_t tell_time(void *context)
{
    (void)context;
    return now;
}

static struct namespaces_roots roots;

static const struct clock own_clock = {tell_time, tell_time, tell_time, NULL};

static void remove_scratch(void)
{
    scratch_remove(NULL);
}

/* Process 1 is the host's; 2 and 4 are in one container, 3 in another. */
static void make_proc(void)
{
    static const char *const folders[] = {"names", "pods",   "proc",   "ns",     "ns/1",  "ns/2",
                                          "ns/3",  "proc/1", "proc/2", "proc/3", "proc/4"};
    static const char *const links[][2] = {{"../../ns/1", "proc/1/net"},
                                           {"../../ns/2", "proc/2/net"},
                                           {"../../ns/3", "proc/3/net"},
                                           {"../../ns/2", "proc/4/net"},
                                           {"1", "proc/thread-self"}};
    if (scratch_make(NULL) != 0 || atexit(remove_scratch) != 0)
        abort();
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        mkdir(scratch_path(folders[i]), 0700);
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        if (symlink(links[i][0], scratch_path(links[i][1])) != 0)
            abort();
    }
    roots = (struct namespaces_roots){strdup(scratch_path("proc")), strdup(scratch_path("names")),
                                      strdup(scratch_path("pods"))};
    scratch_write_text("proc/1/cgroup", "0::/init.scope\n");
    scratch_write_text("ns/1/sockstat", "TCP: inuse 1 tw 0\nUDP: inuse 1\n");
}

/* The rest of the input, of which a piece ends at each form feed. */
struct pieces {
    const char *text;
    size_t size;
};

static size_t take_piece(struct pieces *pieces, const char **piece)
{
    const char *end = memchr(pieces->text, '\f', pieces->size);
    size_t length = end ? (size_t)(end - pieces->text) : pieces->size;
    *piece = pieces->text;
    pieces->text += length + (end != NULL);
    pieces->size -= length + (end != NULL);
    return length;
}

static void put_pieces(struct pieces *pieces, const char *const names[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *piece;
        size_t length = take_piece(pieces, &piece);
        scratch_write(names[i], piece, length);
    }
}

static void put_numbers(struct pieces *pieces)
{
    static const char *const names[] = {"ns/2/sockstat", "ns/2/sockstat6", "ns/2/snmp",
                                        "ns/2/netstat",  "ns/3/sockstat",  "ns/3/netstat"};
    put_pieces(pieces, names, sizeof names / sizeof names[0]);
}

static void put_owners(struct pieces *pieces)
{
    static const char *const names[] = {"proc/2/cgroup", "proc/3/cgroup", "proc/4/cgroup"};
    put_pieces(pieces, names, sizeof names / sizeof names[0]);
}

/* The directory of a pod's logs: its path, or "" where it can have no such name. */
static void make_logs(struct pieces *pieces, char path[static 512])
{
    const char *piece;
    size_t length = take_piece(pieces, &piece);
    path[0] = '\0';
    if (length == 0 || length > 255 || piece[0] == '.' || memchr(piece, '/', length))
        return;
    snprintf(path, 512, "%s/%.*s", scratch_path("pods"), (int)length, piece);
    if (mkdir(path, 0700) != 0)
        path[0] = '\0';
}

static void check_row(const struct namespaces_snapshot *snapshot, size_t place)
{
    const struct namespace_labels *labels = &snapshot->rows[place].labels;
    if (!labels->name[0] || strnlen(labels->name, sizeof labels->name) == sizeof labels->name ||
        strcmp(labels->name, "other") == 0)
        abort();
    for (const char *letter = labels->name; *letter; letter++) {
        if (*letter < ' ' || *letter > '~')
            abort();
    }
    for (size_t i = 0; i < place; i++) {
        if (strcmp(snapshot->rows[i].labels.name, labels->name) == 0)
            abort();
    }
}

static void check_page(const struct namespaces_snapshot *namespaces)
{
    static struct buffer page;
    static struct snapshot snapshot;
    static const struct self_report self = {.version = "1", .revision = "2"};
    char why[256];
    snapshot.namespaces = *namespaces;
    buffer_clear(&page);
    exposition_render(&page, METRIC_TEXT, &snapshot, &self);
    if (!exposition_is_valid(page.data, page.length, why, sizeof why)) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
}

/* Look at them; returns the counters of those without a row. */
static struct tcp_counters look(struct namespaces *namespaces, size_t rows)
{
    static struct namespaces_snapshot snapshot;
    struct fault fault;
    bool failed;
    namespaces_step(namespaces, now, &failed, &fault);
    namespaces_describe(namespaces, now, 0, &snapshot);
    if (snapshot.count != rows || snapshot.other_count != NAMESPACES - rows)
        abort();
    for (size_t i = 0; i < snapshot.count; i++)
        check_row(&snapshot, i);
    check_page(&snapshot);
    return snapshot.others.counters;
}

static void check_growth(const struct tcp_counters *before, const struct tcp_counters *after)
{
    const uint64_t *old = (const uint64_t *)before, *new = (const uint64_t *)after;
    for (size_t i = 0; i < sizeof *before / sizeof *old; i++) {
        if (new[i] < old[i])
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t rows = size > 0 && data[0] == '2' ? 2 : NAMESPACES;
    const struct namespaces_options options = {
        .max = rows, .cpu_share = 0.01, .peak_window = 60 * NANOSECONDS_PER_SECOND};
    struct pieces pieces = {(const char *)data + (size > 0), size - (size > 0)};
    char logs[512];
    if (now == 0)
        make_proc();
    now = 1000 * NANOSECONDS_PER_SECOND;
    put_owners(&pieces);
    make_logs(&pieces, logs);
    put_numbers(&pieces);
    struct namespaces *namespaces = namespaces_create(&options, &roots, &own_clock);
    if (!namespaces)
        abort();
    struct tcp_counters before = look(namespaces, rows);
    put_numbers(&pieces);
    now += 61 * NANOSECONDS_PER_SECOND;
    struct tcp_counters after = look(namespaces, rows);
    check_growth(&before, &after);
    namespaces_destroy(namespaces);
    if (logs[0])
        rmdir(logs);
    return 0;
}
