// SPDX-License-Identifier: Apache-2.0
#include "web_config.h"

#include "web_config_error.h"
#include "web_config_files.h"
#include "web_config_settings.h"
#include "web_config_tls.h"

#include <stdlib.h>

/* What the YAML says, and then what the files that it names hold. */
static bool load_text(struct web_config *config, const char *text, size_t length,
                      struct file_stamps *stamps, const struct config_error *error)
{
    struct web_settings settings = {.config = config};
    bool good = web_settings_read(&settings, text, length, error);
    if (good && tls_section_is_used(&settings.tls)) {
        config->tls = tls_settings_load(&settings.tls, stamps, error);
        good = config->tls;
    }
    web_settings_free(&settings);
    return good;
}

static struct web_config *load(struct file_stamps *stamps, const struct config_error *error)
{
    char why[128];
    size_t length;
    char *text = web_config_file_read(error->path, stamps, &length, why, sizeof why);
    if (!text) {
        config_complain(error, 0, NULL, "%s", why);
        return NULL;
    }
    struct web_config *config = calloc(1, sizeof *config);
    if (!config) {
        config_complain(error, 0, NULL, "out of memory");
    } else if (!load_text(config, text, length, stamps, error)) {
        web_config_free(config);
        config = NULL;
    }
    free(text);
    return config;
}

struct web_config *web_config_load(const char *path, struct file_stamps *stamps, char *error,
                                   size_t error_size)
{
    struct file_stamps seen = {0};
    struct web_config *config = load(&seen, &(struct config_error){path, error, error_size});
    if (stamps) {
        file_stamps_free(stamps);
        *stamps = seen;
    } else {
        file_stamps_free(&seen);
    }
    return config;
}

void web_config_free(struct web_config *config)
{
    if (!config)
        return;
    tls_settings_free(config->tls);
    for (size_t i = 0; i < config->header_count; i++) {
        free(config->headers[i].name);
        free(config->headers[i].value);
    }
    for (size_t i = 0; i < config->user_count; i++) {
        free(config->users[i].name);
        free(config->users[i].hash);
    }
    free(config->users);
    free(config);
}
