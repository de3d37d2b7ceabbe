// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: each line of the input as the path of a directory, in a tree that is walked as
 * one of cgroups. The first byte is the depth. Each directory is told once, by its inode, with its
 * path in printable characters, and its parent before it.
 *
 * Covers: src/kernel/cgroup_paths.c src/base/printable.c
 */
#include "kernel/cgroup_paths.h"

#include "input.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FOLDERS_MOST = 64 };

/* A directory of the tree. */
struct folder {
    char path[PATH_MAX]; /* "/a/b" */
    unsigned level;      /* components */
    uint64_t inode;
    unsigned told;
    bool too_deep; /* or its path too long */
};

static struct tree {
    struct folder folders[FOLDERS_MOST];
    size_t count;
    unsigned depth;
} tree;

static void remove_scratch(void)
{
    scratch_remove(NULL);
}

static int get_root(void)
{
    static int root = -1;
    if (root >= 0)
        return root;
    if (scratch_make(NULL) != 0 || atexit(remove_scratch) != 0 ||
        cgroup_paths_open(scratch_directory()) >= 0 || /* it is none */
        (root = open(scratch_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        abort();
    return root;
}

/* Make the directory `path`, whose parent is there. False where there can be none. */
static bool add_folder(const char *path, unsigned level)
{
    struct stat status;
    struct folder *folder = &tree.folders[tree.count];
    if (tree.count == FOLDERS_MOST)
        return false;
    if (mkdirat(get_root(), path + 1, 0700) != 0)
        return errno == EEXIST;
    if (fstatat(get_root(), path + 1, &status, 0) != 0)
        abort();
    strcpy(folder->path, path);
    folder->level = level;
    folder->inode = status.st_ino;
    folder->told = 0;
    folder->too_deep = level > CGROUP_PATHS_DEEPEST || strlen(path) >= CGROUP_PATH_SIZE;
    tree.count++;
    return true;
}

/* Make the directory of a line with all above it. */
static void add_line(const char *line, size_t length)
{
    char path[PATH_MAX] = "";
    size_t end = 0;
    for (unsigned level = 1; length > 0; level++) {
        const char *slash = memchr(line, '/', length);
        size_t name = slash ? (size_t)(slash - line) : length;
        if (name == 0 || name > NAME_MAX || line[0] == '.' || memchr(line, '\0', name) ||
            end + name + 2 > PATH_MAX)
            return;
        path[end] = '/';
        memcpy(path + end + 1, line, name);
        path[end += name + 1] = '\0';
        if (!add_folder(path, level))
            return;
        line += name + (slash != NULL);
        length -= name + (slash != NULL);
    }
}

static void add_lines(const struct input *input)
{
    const char *line = (const char *)input->data, *end = line + input->size;
    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *stop = newline ? newline : end;
        add_line(line, (size_t)(stop - line));
        line = stop + 1;
    }
}

static void remove_all(void)
{
    while (tree.count > 0) {
        if (unlinkat(get_root(), tree.folders[--tree.count].path + 1, AT_REMOVEDIR) != 0)
            abort();
    }
}

/* Is it the path of the folder, or of the one above it at the depth that counts? */
static bool is_path_of(const struct folder *folder, const char *path)
{
    const char *own = folder->path;
    for (unsigned level = 0; *own; own++, path++) {
        level += *own == '/';
        if (tree.depth > 0 && level > tree.depth)
            break;
        if (*path != (*own >= ' ' && *own <= '~' ? *own : '_'))
            return false;
    }
    return *path == '\0';
}

static struct folder *find_parent(const struct folder *folder)
{
    size_t length = (size_t)(strrchr(folder->path, '/') - folder->path);
    for (size_t i = 0; i < tree.count; i++) {
        if (strlen(tree.folders[i].path) == length &&
            memcmp(tree.folders[i].path, folder->path, length) == 0)
            return &tree.folders[i];
    }
    return NULL; /* the root */
}

static void take_path(void *context, uint64_t id, const char *path)
{
    (void)context;
    for (size_t i = 0; i < tree.count; i++) {
        struct folder *folder = &tree.folders[i];
        if (folder->inode != id)
            continue;
        const struct folder *parent = find_parent(folder);
        if (!is_path_of(folder, path) || (parent && parent->told == 0))
            abort();
        folder->told++;
        return;
    }
    if (strcmp(path, "/") != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    tree.depth = (unsigned)take_count(&input, 4);
    add_lines(&input);
    cgroup_paths_walk(openat(get_root(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), tree.depth,
                      take_path, NULL);
    for (size_t i = 0; i < tree.count; i++) {
        /* Below the depth no path is too long. */
        if (tree.folders[i].told > 1 || (tree.folders[i].told == 0 && !tree.folders[i].too_deep))
            abort();
    }
    remove_all();
    return 0;
}
