// SPDX-License-Identifier: Apache-2.0
/*
 * The YAML file as what it says, before any other file is looked at. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_CONFIG_SETTINGS_H
#define SOCKDIAG_WEB_CONFIG_SETTINGS_H

#include "web_config.h"
#include "web_config_choices.h"
#include "web_config_error.h"

#include <stdbool.h>
#include <stddef.h>

/* The name of a file, as it is written, and the line where. */
struct file_setting {
    char *name; /* NULL: not given */
    size_t line;
};

/* tls_server_config */
struct tls_section {
    size_t line;
    struct file_setting certificate, key, client_ca;
    bool client_auth_given; /* even as NoClientCert: TLS is wanted then */
    enum client_auth client_auth;
    struct tls_choices choices;
};

struct web_settings {
    struct tls_section tls;
    struct web_config *config; /* its headers and users are filled; the caller's */
};

/* Read `length` bytes of YAML. All zero but for `config`, `settings` is filled and then, even after
 * a complaint, freed with web_settings_free() and web_config_free(). Opens no file. */
bool web_settings_read(struct web_settings *settings, const char *text, size_t length,
                       const struct config_error *error);

/* All but `config`. */
void web_settings_free(struct web_settings *settings);

#endif
