// SPDX-License-Identifier: Apache-2.0
#include "web_config_error.h"

#include "base/controls.h"

#include <stdarg.h>
#include <stdio.h>

/* The length that is in `text` after snprintf() returned `wanted`. */
static size_t written(int wanted, size_t size)
{
    return wanted < 0 ? 0 : (size_t)wanted < size ? (size_t)wanted : size - 1;
}

bool config_complain(const struct config_error *error, size_t line, const char *key,
                     const char *format, ...)
{
    if (error->size == 0)
        return false;
    char number[24] = "";
    if (line > 0)
        snprintf(number, sizeof number, "%zu:", line);
    size_t used = written(snprintf(error->text, error->size, "%s:%s %s%s", error->path, number,
                                   key ? key : "", key ? ": " : ""),
                          error->size);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text + used, error->size - used, format, arguments);
    va_end(arguments);
    mask_controls(error->text);
    return false;
}
