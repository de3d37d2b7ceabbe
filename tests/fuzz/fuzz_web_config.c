// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes as a web configuration, up to where other files would be opened.
 */
#include "web/web_config_priorities.h"
#include "web/web_config_settings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[256];
    const struct config_error error = {"web.yml", line, sizeof line};
    struct web_config *config = calloc(1, sizeof *config);
    if (!config)
        return 0;
    struct web_settings settings = {.config = config};
    if (web_settings_read(&settings, (const char *)data, size, &error))
        free(tls_priorities(&settings.tls.choices, &error));
    else if (strchr(line, '\n') || strncmp(line, "web.yml:", 8) != 0)
        abort(); /* not the one line that is promised */
    web_settings_free(&settings);
    web_config_free(config);
    return 0;
}
