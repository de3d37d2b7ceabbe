// SPDX-License-Identifier: Apache-2.0
#include "web_config.h"

#include "base/controls.h"
#include "base/log.h"
#include "bcrypt.h"
#include "web_config_files.h"
#include "web_config_tls.h"
#include "web_config_yaml.h"

#include <stdlib.h>
#include <string.h>

/* More do not make sense where each needs its own bcrypt, and looking for a name twice would take
 * its time. */
enum { MAX_USERS = 1000 };

static bool read_header(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    struct web_config *config = target;
    const char *value = yaml_string(reader);
    if (!value || (key->words && !yaml_read_word(reader, key, &(int){0})))
        return false;
    if (has_controls(value))
        return yaml_complain(reader, "expected a value without control characters");
    if (value[0] == '\0') /* blank: do not send it */
        return true;
    struct web_header *header = &config->headers[config->header_count++];
    *header = (struct web_header){key->name, yaml_copy(reader)};
    return header->value;
}

static bool read_headers(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    static const struct yaml_word frame[] = {{"deny", 0}, {"sameorigin", 0}, {NULL, 0}};
    static const struct yaml_word content_type[] = {{"nosniff", 0}, {NULL, 0}};
    static const struct yaml_key headers[WEB_CONFIG_HEADERS] = {
        {"X-Frame-Options", read_header, 0, frame},
        {"X-Content-Type-Options", read_header, 0, content_type},
        {"X-XSS-Protection", read_header, 0, NULL},
        {"Strict-Transport-Security", read_header, 0, NULL},
        {"Content-Security-Policy", read_header, 0, NULL},
    };
    (void)key;
    return yaml_read_mapping(reader, headers, WEB_CONFIG_HEADERS, target);
}

static bool read_http(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    static const struct yaml_key keys[] = {
        {"http2", yaml_read_boolean, offsetof(struct web_config, http2), NULL},
        {"headers", read_headers, 0, NULL},
    };
    (void)key;
    return yaml_read_mapping(reader, keys, sizeof keys / sizeof keys[0], target);
}

/* A name and its hash. Complaints never quote a name: where the two were swapped, it would be a
 * hash. */
static bool read_user(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    (void)key;
    struct web_config *config = target;
    if (config->user_count == MAX_USERS)
        return yaml_complain(reader, "more than 1000 users");
    struct web_user *user = &config->users[config->user_count++];
    user->name = yaml_copy(reader);
    if (!user->name)
        return false;
    if (strchr(user->name, ':') || has_controls(user->name))
        return yaml_complain(reader, "a user name has no colon and no control characters");
    for (const struct web_user *other = config->users; other < user; other++) {
        if (strcmp(other->name, user->name) == 0)
            return yaml_complain(reader, "this user is given twice");
    }
    user->hash = yaml_advance(reader) ? yaml_copy(reader) : NULL;
    const char *fault = user->hash ? bcrypt_fault(user->hash) : NULL;
    return user->hash && (!fault || yaml_complain(reader, "%s", fault));
}

static bool read_users(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    static const struct yaml_key users[] = {{NULL, read_user, 0, NULL}};
    (void)key;
    struct web_config *config = target;
    config->users = calloc(MAX_USERS, sizeof config->users[0]);
    return config->users ? yaml_read_mapping(reader, users, 1, config)
                         : yaml_complain(reader, "out of memory");
}

bool web_config_read(struct web_config *config, const char *text,
                     const struct config_source *source)
{
    static const struct yaml_key sections[] = {
        {"tls_server_config", tls_section_read, offsetof(struct web_config, tls), NULL},
        {"http_server_config", read_http, 0, NULL},
        {"basic_auth_users", read_users, 0, NULL},
        {"rate_limit", yaml_refuse, 0, NULL},
    };
    return yaml_read(text, source, sections, sizeof sections / sizeof sections[0], config);
}

struct web_config *web_config_load(const char *path, struct file_stamps *stamps, char *error,
                                   size_t error_size)
{
    struct file_stamps forgotten = {0};
    if (!stamps)
        stamps = &forgotten;
    file_stamps_free(stamps);
    const struct config_source source = {path, stamps, error, error_size};
    const char *why;
    struct web_config *config = calloc(1, sizeof *config);
    char *text = web_config_file_read(config ? strdup(path) : NULL, stamps, &why);
    if (!text)
        config_complain(&source, 0, "", "cannot be read: %s", why);
    if (!text || !web_config_read(config, text, &source)) {
        web_config_free(config);
        config = NULL;
    }
    wipe_and_free(text); /* libyaml does not wipe the copies in its buffers */
    file_stamps_free(&forgotten);
    if (config && config->http2)
        log_info("web", "%s: HTTP/2 is not supported, HTTP/1.1 is served", path);
    return config;
}

void web_config_free(struct web_config *config)
{
    if (!config)
        return;
    tls_settings_free(config->tls);
    for (size_t i = 0; i < config->header_count; i++)
        free(config->headers[i].value);
    for (size_t i = 0; i < config->user_count; i++) {
        free(config->users[i].name);
        free(config->users[i].hash);
    }
    free(config->users);
    free(config);
}
