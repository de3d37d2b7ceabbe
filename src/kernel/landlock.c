// SPDX-License-Identifier: Apache-2.0
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The names of linux/landlock.h and asm-generic/unistd.h, which are too old on some systems. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { GET_VERSION = 1, BENEATH_PATH = 1 };

struct ruleset {
    uint64_t files, network;
};

struct path_beneath {
    uint64_t allowed;
    int32_t directory;
} __attribute__((packed));

enum { READ_FILE = 1 << 2, READ_DIRECTORY = 1 << 3 };

/* All rights of each version, newest first, with what it added. A later version knows these as
 * well. */
static const struct {
    int version;
    struct ruleset rights;
    size_t size; /* of the struct that this version reads */
} known[] = {
    {5, {0xffff, 3}, 16}, /* ioctl() of devices */
    {4, {0x7fff, 3}, 16}, /* bind() and connect() of TCP */
    {3, {0x7fff, 0}, 8},  /* truncate() */
    {2, {0x3fff, 0}, 8},  /* links and renames between directories */
    {1, {0x1fff, 0}, 8},
};

/* Open the directory or, if it does not exist, the nearest one above it. O_PATH suffices to name it
 * in a rule. Returns a descriptor or -1. */
static int open_nearest(const char *directory)
{
    char path[PATH_MAX];
    int fd = -1;
    if ((size_t)snprintf(path, sizeof path, "%s", directory) >= sizeof path)
        return -1;
    while ((fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0 && errno == ENOENT) {
        char *slash = strrchr(path, '/');
        if (!slash || slash[1] == '\0')
            return -1;
        slash[slash == path] = '\0';
    }
    return fd;
}

static int allow_reading(int ruleset, const char *directory)
{
    struct path_beneath rule = {READ_FILE | READ_DIRECTORY, open_nearest(directory)};
    if (rule.directory < 0)
        return 0; /* it could not be read either */
    long result = syscall(ADD_RULE, ruleset, BENEATH_PATH, &rule, 0);
    int error = result == 0 ? 0 : -errno;
    close(rule.directory);
    return error;
}

int landlock_read_only(const char *const directories[], size_t count)
{
    int version = (int)syscall(CREATE_RULESET, NULL, 0, GET_VERSION);
    if (version < 1)
        return -errno;
    size_t i = 0;
    while (known[i].version > version)
        i++;
    int ruleset = (int)syscall(CREATE_RULESET, &known[i].rights, known[i].size, 0);
    if (ruleset < 0)
        return -errno;
    int error = 0;
    for (size_t d = 0; d < count && !error; d++) {
        if (directories[d])
            error = allow_reading(ruleset, directories[d]);
    }
    if (!error && syscall(RESTRICT_SELF, ruleset, 0) != 0)
        error = -errno;
    close(ruleset);
    return error ? error : version;
}
