// SPDX-License-Identifier: Apache-2.0
#include "web_config_files.h"

#include "base/clock.h"
#include "base/read_to_end.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * NANOSECONDS_PER_SECOND + time.tv_nsec;
}

/* How the file looks now. The path stays the caller's. */
static struct file_stamp take_stamp(char *path)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return (struct file_stamp){.path = path};
    return (struct file_stamp){
        .path = path,
        .device = status.st_dev,
        .inode = status.st_ino,
        .size = status.st_size,
        .modified = nanoseconds(status.st_mtim),
        .changed = nanoseconds(status.st_ctim),
    };
}

/* The bytes of the regular file `fd`, and a NUL. Allocated once, so that wiping them wipes all. */
static char *read_regular(int fd, size_t *length, char *why, size_t why_size)
{
    struct stat status;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        snprintf(why, why_size, "is not a regular file");
        return NULL;
    }
    if (status.st_size > WEB_CONFIG_FILE_MAX) {
        snprintf(why, why_size, "is larger than 1 MiB");
        return NULL;
    }
    size_t size = (size_t)status.st_size + 1; /* one more, to see that it has not grown */
    char *bytes = malloc(size);
    if (!bytes) {
        snprintf(why, why_size, "cannot be read: out of memory");
        return NULL;
    }
    ssize_t got = read_to_end(fd, bytes, size);
    if (got < 0)
        snprintf(why, why_size, "cannot be read: %s", strerror((int)-got));
    else if ((size_t)got == size)
        snprintf(why, why_size, "grew while it was read");
    if (got < 0 || (size_t)got == size) {
        explicit_bzero(bytes, size);
        free(bytes);
        return NULL;
    }
    bytes[got] = '\0';
    *length = (size_t)got;
    return bytes;
}

char *web_config_file_read(const char *path, struct file_stamps *stamps, size_t *length, char *why,
                           size_t why_size)
{
    char *copy = strdup(path);
    if (!copy) {
        snprintf(why, why_size, "cannot be read: out of memory");
        return NULL;
    }
    stamps->files[stamps->count++] = take_stamp(copy);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* never wait for a FIFO */
    if (fd < 0) {
        snprintf(why, why_size, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    char *bytes = read_regular(fd, length, why, why_size);
    close(fd);
    return bytes;
}

static bool same_look(const struct file_stamp *one, const struct file_stamp *other)
{
    return one->device == other->device && one->inode == other->inode && one->size == other->size &&
           one->modified == other->modified && one->changed == other->changed;
}

bool file_stamps_changed(const struct file_stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++) {
        struct file_stamp now = take_stamp(stamps->files[i].path);
        if (!same_look(&now, &stamps->files[i]))
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
