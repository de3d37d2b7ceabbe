// SPDX-License-Identifier: Apache-2.0
/*
 * Reading the files of a configuration. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_CONFIG_FILES_H
#define SOCKDIAG_WEB_CONFIG_FILES_H

#include "web_config.h"

/* Read the file `name`, which is relative to the directory of the file `from` unless it is
 * absolute. A stamp of it is added to `stamps`, which has room, before the file is read: a file
 * that changes meanwhile looks different from its stamp.
 * Returns the only copy of the text, for wipe_and_free(), or NULL with the reason in `why`. */
char *web_config_file_read(const char *from, const char *name, struct file_stamps *stamps,
                           const char **why);

/* NULL is allowed. */
void wipe_and_free(char *text);

#endif
