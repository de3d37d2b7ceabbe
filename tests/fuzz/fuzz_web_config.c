// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes as a web configuration. The files that it names cannot be opened.
 */
#include "web/web_config_yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[256], *text = strndup((const char *)data, size);
    struct file_stamps stamps = {0};
    const struct config_source source = {"web.yml", &stamps, line, sizeof line};
    struct web_config *config = calloc(1, sizeof *config);
    struct rlimit allowed;
    getrlimit(RLIMIT_NOFILE, &allowed);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, allowed.rlim_max});
    if (!web_config_read(config, text, &source) &&
        (strchr(line, '\n') || strncmp(line, "web.yml:", 8) != 0))
        abort(); /* it must be one line with the file's name */
    setrlimit(RLIMIT_NOFILE, &allowed);
    file_stamps_free(&stamps);
    web_config_free(config);
    free(text);
    return 0;
}
