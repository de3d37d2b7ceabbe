// SPDX-License-Identifier: Apache-2.0
#include "web_config_settings.h"

#include "base/controls.h"
#include "bcrypt.h"
#include "web_config_yaml.h"

#include <stdlib.h>
#include <string.h>

/* More do not make sense where each needs its own bcrypt, and looking for a name twice would take
 * its time. */
enum { MAX_USERS = 1000 };

static yaml_value_reader read_tls, read_http, read_users, read_file, read_client_auth, read_version,
    read_suites, read_curves, read_switch, read_headers, read_header, read_http2, refuse;

#define COUNT(array)   (sizeof(array) / sizeof(array)[0])
#define SETTING(field) offsetof(struct web_settings, field)

static const struct yaml_key sections[] = {
    {"tls_server_config", read_tls, 0, NULL},
    {"http_server_config", read_http, 0, NULL},
    {"basic_auth_users", read_users, 0, NULL},
    {"rate_limit", refuse, 0, ""},
};

static const struct yaml_key tls_keys[] = {
    {"cert_file", read_file, SETTING(tls.certificate), NULL},
    {"key_file", read_file, SETTING(tls.key), NULL},
    {"client_ca_file", read_file, SETTING(tls.client_ca), NULL},
    {"cert", refuse, 0, ": use cert_file"},
    {"key", refuse, 0, ": use key_file"},
    {"client_ca", refuse, 0, ": use client_ca_file"},
    {"client_auth_type", read_client_auth, 0, NULL},
    {"client_allowed_sans", refuse, 0, ""},
    {"min_version", read_version, SETTING(tls.choices.min_version), NULL},
    {"max_version", read_version, SETTING(tls.choices.max_version), NULL},
    {"cipher_suites", read_suites, 0, NULL},
    {"prefer_server_cipher_suites", read_switch, SETTING(tls.choices.prefer_server), NULL},
    {"curve_preferences", read_curves, 0, NULL},
};

static const struct yaml_key http_keys[] = {
    {"http2", read_http2, 0, NULL},
    {"headers", read_headers, 0, NULL},
};

/* The advice is the values allowed, if not all are. */
static const struct yaml_key headers[] = {
    {"X-Frame-Options", read_header, 0, "deny or sameorigin"},
    {"X-Content-Type-Options", read_header, 0, "nosniff"},
    {"X-XSS-Protection", read_header, 0, NULL},
    {"Strict-Transport-Security", read_header, 0, NULL},
    {"Content-Security-Policy", read_header, 0, NULL},
};
_Static_assert(COUNT(headers) == WEB_CONFIG_HEADERS, "web_config must hold every header");

static void *field_of(const struct yaml_key *key, void *settings)
{
    return (char *)settings + key->field;
}

static bool refuse(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    (void)target;
    return yaml_complain(reader, "is not supported%s", key->advice);
}

static bool read_tls(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    (void)key;
    struct web_settings *settings = target;
    settings->tls.line = yaml_line(reader);
    return yaml_read_mapping(reader, tls_keys, COUNT(tls_keys), settings);
}

static bool read_http(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    (void)key;
    return yaml_read_mapping(reader, http_keys, COUNT(http_keys), target);
}

static bool read_headers(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    (void)key;
    return yaml_read_mapping(reader, headers, COUNT(headers), target);
}

/* A copy of the present event's string. NULL after a complaint. */
static char *copy_string(struct yaml_reader *reader)
{
    const char *text = yaml_string(reader);
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        yaml_complain(reader, "out of memory");
    return copy;
}

static bool read_file(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    struct file_setting *file = field_of(key, target);
    file->line = yaml_line(reader);
    file->name = copy_string(reader);
    if (!file->name)
        return false;
    if (file->name[0] == '\0') { /* blank is the same as not given */
        free(file->name);
        file->name = NULL;
    }
    return true;
}

static bool read_client_auth(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    (void)key;
    static const struct {
        const char *name;
        enum client_auth client_auth;
    } types[] = {
        {"", CLIENT_AUTH_NONE},
        {"NoClientCert", CLIENT_AUTH_NONE},
        {"RequestClientCert", CLIENT_AUTH_REQUEST},
        {"RequireAnyClientCert", CLIENT_AUTH_REQUIRE_ANY},
        {"RequireClientCert", CLIENT_AUTH_REQUIRE_ANY}, /* its old name */
        {"VerifyClientCertIfGiven", CLIENT_AUTH_VERIFY_IF_GIVEN},
        {"RequireAndVerifyClientCert", CLIENT_AUTH_REQUIRE_AND_VERIFY},
    };
    struct web_settings *settings = target;
    const char *name = yaml_string(reader);
    for (size_t i = 0; name && i < COUNT(types); i++) {
        if (strcmp(types[i].name, name) == 0) {
            settings->tls.client_auth = types[i].client_auth;
            settings->tls.client_auth_given = name[0] != '\0';
            return true;
        }
    }
    return name &&
           yaml_complain(reader, "expected NoClientCert, RequestClientCert, RequireAnyClientCert, "
                                 "VerifyClientCertIfGiven or RequireAndVerifyClientCert");
}

static bool read_version(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    struct web_settings *settings = target;
    settings->tls.choices.version_line = yaml_line(reader);
    if (yaml_is_null(reader))
        return true;
    const char *name = yaml_string(reader);
    return name && (tls_version_find(name, field_of(key, target)) ||
                    yaml_complain(reader, "expected TLS10, TLS11, TLS12 or TLS13"));
}

static bool read_suite(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    (void)key;
    struct web_settings *settings = target;
    const char *name = yaml_string(reader);
    return name && (tls_choices_add_suite(&settings->tls.choices, name) ||
                    yaml_complain(reader, "unknown or insecure cipher suite \"%.64s\"", name));
}

static bool read_suites(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    struct web_settings *settings = target;
    settings->tls.choices.suites_line = yaml_line(reader);
    return yaml_read_list(reader, read_suite, key, target);
}

static bool read_curve(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    (void)key;
    struct web_settings *settings = target;
    const char *name = yaml_string(reader);
    return name && (tls_choices_add_curve(&settings->tls.choices, name) ||
                    yaml_complain(reader, "expected X25519, CurveP256, CurveP384 or CurveP521"));
}

static bool read_curves(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    struct web_settings *settings = target;
    settings->tls.choices.curves_line = yaml_line(reader);
    return yaml_read_list(reader, read_curve, key, target);
}

/* A null is false here, as it is in Go. */
static bool read_switch(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    bool *value = field_of(key, target);
    *value = false;
    return yaml_is_null(reader) || yaml_boolean(reader, value);
}

static bool read_http2(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    (void)key;
    (void)target;
    bool wanted = false;
    return yaml_is_null(reader) ||
           (yaml_boolean(reader, &wanted) &&
            (!wanted || yaml_complain(reader, "HTTP/2 is not supported; leave it out, or false")));
}

static bool is_allowed_value(const struct yaml_key *header, const char *value)
{
    if (strcmp(header->name, "X-Frame-Options") == 0)
        return strcmp(value, "deny") == 0 || strcmp(value, "sameorigin") == 0;
    if (strcmp(header->name, "X-Content-Type-Options") == 0)
        return strcmp(value, "nosniff") == 0;
    return true;
}

static bool read_header(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    struct web_config *config = ((struct web_settings *)target)->config;
    const char *value = yaml_string(reader);
    if (!value)
        return false;
    if (!is_allowed_value(key, value))
        return yaml_complain(reader, "expected %s", key->advice);
    if (has_controls(value))
        return yaml_complain(reader, "expected a value without control characters");
    if (value[0] == '\0') /* blank: do not send it */
        return true;
    struct web_header *header = &config->headers[config->header_count++];
    *header = (struct web_header){strdup(key->name), strdup(value)};
    return (header->name && header->value) || yaml_complain(reader, "out of memory");
}

static bool has_user(const struct web_config *config, const char *name)
{
    for (size_t i = 0; i < config->user_count; i++) {
        if (strcmp(config->users[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Room for one more, all zero; NULL when there is no memory. */
static struct web_user *add_user(struct web_config *config)
{
    struct web_user *users =
        reallocarray(config->users, config->user_count + 1, sizeof config->users[0]);
    if (!users)
        return NULL;
    config->users = users;
    users[config->user_count] = (struct web_user){0};
    return &users[config->user_count++];
}

/* The present event is the name. Complaints never quote a name: where name and hash were swapped,
 * it would be a hash. */
static bool read_user(struct yaml_reader *reader, struct web_config *config)
{
    const char *name = yaml_string(reader);
    if (!name)
        return false;
    if (strchr(name, ':') || has_controls(name))
        return yaml_complain(reader, "a user name has no colon and no control characters");
    if (has_user(config, name))
        return yaml_complain(reader, "this user is given twice");
    struct web_user *user = config->user_count < MAX_USERS ? add_user(config) : NULL;
    if (!user)
        return yaml_complain(reader, config->user_count < MAX_USERS ? "out of memory"
                                                                    : "more than 1000 users");
    user->name = copy_string(reader);
    if (!user->name || !yaml_advance(reader))
        return false;
    user->hash = copy_string(reader);
    const char *fault = user->hash ? bcrypt_fault(user->hash) : NULL;
    return user->hash && (!fault || yaml_complain(reader, "%s", fault));
}

static bool read_users(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    (void)key;
    struct web_config *config = ((struct web_settings *)target)->config;
    if (yaml_is_null(reader))
        return true;
    if (reader->event.type != YAML_MAPPING_START_EVENT)
        return yaml_complain(reader, "expected lines of \"user: hash\"");
    while (yaml_advance(reader)) {
        if (reader->event.type == YAML_MAPPING_END_EVENT)
            return true;
        if (!read_user(reader, config))
            return false;
    }
    return false;
}

bool web_settings_read(struct web_settings *settings, const char *text, size_t length,
                       const struct config_error *error)
{
    settings->tls.choices = default_tls_choices;
    return yaml_read(text, length, error, sections, COUNT(sections), settings);
}

void web_settings_free(struct web_settings *settings)
{
    free(settings->tls.certificate.name);
    free(settings->tls.key.name);
    free(settings->tls.client_ca.name);
}
