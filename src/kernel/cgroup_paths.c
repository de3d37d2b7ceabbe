// SPDX-License-Identifier: Apache-2.0
#include "cgroup_paths.h"

#include "base/printable.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Open a directory: of any file system if `any`, otherwise only of cgroup v2. Returns a descriptor
 * or -1. */
static int open_directory(int parent, const char *name, bool any)
{
    struct statfs status;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || any || (fstatfs(fd, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC))
        return fd;
    close(fd);
    return -1;
}

int cgroup_paths_open(const char *root)
{
    int fd = open_directory(AT_FDCWD, root, false);
    if (fd >= 0)
        return fd;
    int parent = open_directory(AT_FDCWD, root, true);
    if (parent < 0)
        return -1;
    fd = open_directory(parent, "unified", false);
    close(parent);
    return fd;
}

struct walk {
    unsigned depth;
    unsigned left; /* more directories that it may look at */
    cgroup_path_consumer *consume;
    void *context;
    char path[CGROUP_PATH_SIZE];
};

/* Append "/name" to the path, which has `length` bytes. Returns the new length; 0 if it does not
 * fit. */
static size_t append(struct walk *walk, size_t length, const char *name)
{
    size_t name_length = strlen(name), end = length + 1 + name_length;
    if (end >= sizeof walk->path)
        return 0;
    walk->path[length] = '/';
    copy_printable(walk->path + length + 1, sizeof walk->path - length - 1, name, name_length);
    return end;
}

/* Can the cgroup have children? Each adds one to the link count of its directory, which is faster
 * to read than the list of its files. True also for a cgroup that is gone: opening it then fails.
 */
static bool may_have_children(int parent, const char *name)
{
    struct stat status = {0};
    fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW);
    return status.st_nlink != 2;
}

static bool is_child(const struct dirent *entry)
{
    return entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
           strcmp(entry->d_name, "..") != 0;
}

/* Consume the cgroups below the directory `fd`, and close it. Does nothing if it is -1, because it
 * could not be opened. It is `level` below the root, and its path has `length` bytes. */
static void visit(struct walk *walk, int fd, unsigned level, size_t length)
{
    DIR *directory = fdopendir(fd);
    if (!directory) {
        close(fd);
        return;
    }
    for (const struct dirent *entry; walk->left > 0 && (entry = readdir(directory));) {
        if (!is_child(entry))
            continue;
        walk->left--;
        bool cut = walk->depth > 0 && level >= walk->depth;
        size_t end = cut ? length : append(walk, length, entry->d_name);
        if (end == 0)
            continue;
        walk->consume(walk->context, entry->d_ino, walk->path);
        unsigned kept = level == 0 ? walk->left / 2 : 0; /* for its siblings */
        walk->left -= kept;
        if (level + 1 < CGROUP_PATHS_DEEPEST && may_have_children(fd, entry->d_name))
            visit(walk, open_directory(fd, entry->d_name, true), level + 1, end);
        walk->left += kept;
    }
    closedir(directory);
}

void cgroup_paths_walk(int hierarchy, unsigned depth, cgroup_path_consumer *consume, void *context)
{
    struct walk walk = {
        .depth = depth, .left = CGROUP_PATHS_MOST, .consume = consume, .context = context};
    struct stat status = {0};
    fstat(hierarchy, &status);
    consume(context, status.st_ino, "/");
    visit(&walk, hierarchy, 0, 0);
}
