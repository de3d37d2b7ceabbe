// SPDX-License-Identifier: Apache-2.0
#include "read_to_end.h"

#include <errno.h>
#include <unistd.h>

ssize_t read_to_end(int fd, char *bytes, size_t size)
{
    size_t used = 0;
    while (used < size) {
        ssize_t got = read(fd, bytes + used, size - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        used += (size_t)got;
    }
    return (ssize_t)used;
}
