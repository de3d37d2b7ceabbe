// SPDX-License-Identifier: Apache-2.0
/*
 * From the section tls_server_config to keys and certificates in memory. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_CONFIG_TLS_H
#define SOCKDIAG_WEB_CONFIG_TLS_H

#include "web_config_error.h"
#include "web_config_settings.h"

#include <stdbool.h>

/* Does the section ask for TLS at all? */
bool tls_section_is_used(const struct tls_section *section);

/* Read what `section` names, relative to the directory of error->path, and add a stamp of each file
 * to `stamps`. Returns settings for tls_settings_free(), or NULL after a complaint. */
struct tls_settings *tls_settings_load(const struct tls_section *section,
                                       struct file_stamps *stamps,
                                       const struct config_error *error);

/* Wipes the key. NULL is allowed. */
void tls_settings_free(struct tls_settings *settings);

#endif
