// SPDX-License-Identifier: Apache-2.0
/*
 * Reading the files of a configuration, and remembering how they looked. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_CONFIG_FILES_H
#define SOCKDIAG_WEB_CONFIG_FILES_H

#include "web_config.h"

#include <stddef.h>

enum { WEB_CONFIG_FILE_MAX = 1 << 20 }; /* bytes */

/* Add a stamp of `path` to `stamps`, which has room, then read the whole file: so a file that
 * changes meanwhile looks different from its stamp. Returns its bytes and a NUL, which the caller
 * frees, and how many in `length`; there is no other copy of them in memory. Or NULL, with what is
 * wrong in `why`. */
char *web_config_file_read(const char *path, struct file_stamps *stamps, size_t *length, char *why,
                           size_t why_size);

#endif
