// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes as a web configuration, in a file of memory.
 *
 * Covers: src/web/web_config.c src/web/web_config_files.c
 */
#include "base/log.h"
#include "web/web_config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct file_stamps files; /* of the last reading */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    char path[32], line[256];
    if (file < 0) {
        file = memfd_create("web.yml", MFD_CLOEXEC);
        log_configure(LOG_LEVEL_WARN, LOG_FORMAT_LOGFMT);
    }
    snprintf(path, sizeof path, "/dev/fd/%d", file);
    if (ftruncate(file, 0) < 0 || pwrite(file, data, size, 0) != (ssize_t)size)
        abort();
    struct web_config *config = web_config_load(path, &files, line, sizeof line);
    if (!config && (strchr(line, '\n') || strncmp(line, path, strlen(path)) != 0))
        abort(); /* not the one line that is promised */
    web_config_free(config);
    return 0;
}
