// SPDX-License-Identifier: Apache-2.0
/*
 * The section tls_server_config, up to keys and certificates in memory. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_CONFIG_TLS_H
#define SOCKDIAG_WEB_CONFIG_TLS_H

#include "web_config.h"
#include "web_config_yaml.h"

/* Reads the section, and the files that it names, into a `struct tls_settings *`, which is then,
 * even after a complaint, for tls_settings_free(); NULL when the section does not ask for TLS. */
yaml_value_reader tls_section_read;

/* Wipes the key. NULL is allowed. */
void tls_settings_free(struct tls_settings *settings);

#endif
