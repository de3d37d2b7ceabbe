// SPDX-License-Identifier: Apache-2.0
/*
 * Reading the files of a configuration. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_CONFIG_FILES_H
#define SOCKDIAG_WEB_CONFIG_FILES_H

#include "web_config.h"

/* Add a stamp to `stamps`, which has room and takes `path`, then read the file: so one that changes
 * meanwhile looks different from its stamp. A `path` that is NULL stands for a lack of memory.
 * Returns the only copy of the text, for wipe_and_free(), or NULL with the reason in `why`. */
char *web_config_file_read(char *path, struct file_stamps *stamps, const char **why);

/* NULL is allowed. */
void wipe_and_free(char *text);

#endif
