// SPDX-License-Identifier: Apache-2.0
#include "web_config_files.h"

#include "base/read_to_end.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 }; /* bytes */

/* How the file looks now. */
static struct stat look_at(const char *path)
{
    struct stat look;
    return stat(path, &look) == 0 ? look : (struct stat){0};
}

/* The text of the regular file `fd`, in a buffer that is not moved, so that no copy is left. */
static char *read_regular(int fd, const char **why)
{
    struct stat status;
    *why = "it is not a regular file";
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return NULL;
    char *text = malloc(FILE_MAX + 1);
    ssize_t got = text ? read_to_end(fd, text, FILE_MAX + 1) : -ENOMEM;
    *why = got < 0          ? strerror((int)-got)
           : got > FILE_MAX ? "it is larger than 1 MiB"
                            : "it has a NUL";
    if (got >= 0 && got <= FILE_MAX && !memchr(text, '\0', (size_t)got)) {
        text[got] = '\0';
        return text;
    }
    if (text)
        explicit_bzero(text, FILE_MAX + 1);
    free(text);
    return NULL;
}

char *web_config_file_read(const char *from, const char *name, struct file_stamps *stamps,
                           const char **why)
{
    const char *slash = strrchr(from, '/');
    int directory = name[0] != '/' && slash ? (int)(slash - from + 1) : 0;
    char *path;
    *why = "out of memory";
    if (asprintf(&path, "%.*s%s", directory, from, name) < 0)
        return NULL;
    stamps->files[stamps->count++] = (struct file_stamp){path, look_at(path)};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* never wait for a FIFO */
    *why = errno == EACCES ? "Permission denied (which files it may read: docs/security.md)"
                           : strerror(errno);
    if (fd < 0)
        return NULL;
    char *text = read_regular(fd, why);
    close(fd);
    return text;
}

void wipe_and_free(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

static bool is_same(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino &&
           one->st_size == other->st_size && one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
           one->st_mtim.tv_nsec == other->st_mtim.tv_nsec &&
           one->st_ctim.tv_sec == other->st_ctim.tv_sec &&
           one->st_ctim.tv_nsec == other->st_ctim.tv_nsec;
}

bool file_stamps_changed(const struct file_stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++) {
        struct stat look = look_at(stamps->files[i].path);
        if (!is_same(&look, &stamps->files[i].look))
            return true;
    }
    return false;
}

void file_stamps_free(struct file_stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++)
        free(stamps->files[i].path);
    *stamps = (struct file_stamps){0};
}
