// SPDX-License-Identifier: Apache-2.0
/*
 * The one line that says what is wrong with a configuration file. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_CONFIG_ERROR_H
#define SOCKDIAG_WEB_CONFIG_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* Where it goes: `text` of `size` bytes, always NUL-terminated. */
struct config_error {
    const char *path; /* of the YAML file */
    char *text;
    size_t size;
};

/* Write "PATH:LINE: KEY: " (without LINE when it is 0, without KEY when it is NULL) and what printf
 * would print, on one line: control characters become "?". False, for the caller to return. */
bool config_complain(const struct config_error *error, size_t line, const char *key,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
