// SPDX-License-Identifier: Apache-2.0
#include "web_config.h"

#include "base/controls.h"
#include "base/log.h"
#include "bcrypt.h"
#include "tls_context.h"
#include "web_config_files.h"

#include <gnutls/gnutls.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum {
    MAX_USERS = 1000,   /* each needs its own bcrypt; their names are compared in pairs */
    MAX_OPENERS = 1000, /* of [, { and &: the time of libyaml grows with their square */
    MAX_QUOTED = 40,    /* bytes of a key; a longer one may be a hash (60) or a line of PEM (64) */
};

struct reader {
    const char *path;
    struct file_stamps *stamps;
    char *error; /* the first complaint */
    size_t error_size;
    bool has_failed;          /* there was a complaint: the rest does not count */
    yaml_document_t document; /* while it is read */
};

/* A key of a mapping, and its value. */
struct entry {
    const char *path;         /* the keys that lead to the mapping, joined by dots */
    const char *key;          /* up to a comma, if there is one */
    const yaml_node_t *value; /* NULL: not given */
};

/* Set the error to "PATH:LINE: KEY: " and the formatted text, with "?" for control characters. */
static void __attribute__((format(printf, 3, 4)))
complain(struct reader *reader, const struct entry *at, const char *format, ...)
{
    const size_t line = at->value ? at->value->start_mark.line + 1 : 0;
    char what[256];
    if (reader->has_failed)
        return;
    reader->has_failed = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(reader->error, reader->error_size, "%s:%.0zu%s %s%s%.*s%s%s", reader->path, line,
             line > 0 ? ":" : "", at->path, *at->path && *at->key ? "." : "",
             (int)strcspn(at->key, ","), at->key, *at->path || *at->key ? ": " : "", what);
    mask_controls(reader->error);
}

/* The index of `text` in `words`, which are separated by ", ", or -1. */
static int find_word(const char *words, const char *text)
{
    for (int i = 0;; i++) {
        const size_t length = strcspn(words, ",");
        if (length == strlen(text) && memcmp(words, text, length) == 0)
            return i;
        if (words[length] == '\0')
            return -1;
        words += length + strlen(", ");
    }
}

/* Is it one of `words`, without quotes? */
static bool is_plain(const yaml_node_t *value, const char *words)
{
    return value->type == YAML_SCALAR_NODE && value->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           strcmp((const char *)value->tag, YAML_STR_TAG) == 0 &&
           find_word(words, (const char *)value->data.scalar.value) >= 0;
}

/* Is it missing, or a scalar that YAML reads as null? */
static bool is_null(const yaml_node_t *value)
{
    return !value || is_plain(value, ", ~, null, Null, NULL");
}

/* Numbers and booleans are taken as they are written. "" for a null and after a complaint. */
static const char *read_string(struct reader *reader, const struct entry *at)
{
    const yaml_node_t *value = at->value;
    if (is_null(value))
        return "";
    if (value->type != YAML_SCALAR_NODE)
        complain(reader, at, "expected a string");
    else if (strcmp((const char *)value->tag, YAML_STR_TAG) != 0)
        complain(reader, at, "expected a string without a tag");
    else if (strlen((const char *)value->data.scalar.value) != value->data.scalar.length)
        complain(reader, at, "expected a string without a NUL");
    else
        return (const char *)value->data.scalar.value;
    return "";
}

/* A copy of that, for free(). NULL when memory is short. */
static char *copy_string(struct reader *reader, const struct entry *at)
{
    char *copy = strdup(read_string(reader, at));
    if (!copy)
        complain(reader, at, "out of memory");
    return copy;
}

/* The index of the value in `words`. -1 for a null and after a complaint. */
static int read_word(struct reader *reader, const struct entry *at, const char *words)
{
    const int found = find_word(words, read_string(reader, at));
    if (found < 0 && !is_null(at->value))
        complain(reader, at, "expected one of: %s", words);
    return found;
}

/* As YAML 1.1 has it; a null is false, as in Go. */
static bool read_boolean(struct reader *reader, const struct entry *at)
{
    static const char yes[] = "true, True, TRUE, yes, Yes, YES, on, On, ON, y, Y";
    static const char no[] = "false, False, FALSE, no, No, NO, off, Off, OFF, n, N";
    if (is_null(at->value) || is_plain(at->value, no))
        return false;
    if (!is_plain(at->value, yes))
        complain(reader, at, "expected true or false");
    return true;
}

/* For a key that is not supported: only a null and an empty list are accepted. */
static void refuse(struct reader *reader, const struct entry *at)
{
    if (!is_null(at->value) &&
        (at->value->type != YAML_SEQUENCE_NODE ||
         at->value->data.sequence.items.top > at->value->data.sequence.items.start))
        complain(reader, at, "is not supported");
}

/* The number of pairs in a mapping, of which a null has none. */
static size_t get_pairs(struct reader *reader, const struct entry *at,
                        const yaml_node_pair_t **pairs)
{
    if (is_null(at->value))
        return 0;
    if (at->value->type != YAML_MAPPING_NODE) {
        complain(reader, at, "expected lines of \"key: value\"");
        return 0;
    }
    *pairs = at->value->data.mapping.pairs.start;
    return (size_t)(at->value->data.mapping.pairs.top - *pairs);
}

static yaml_node_t *get_node(struct reader *reader, int index)
{
    return yaml_document_get_node(&reader->document, index);
}

/* Make an entry for each of `keys`, which are separated by ", "; the mapping may have no others.
 * `path` leads to it. */
static void read_mapping(struct reader *reader, const struct entry *mapping, const char *path,
                         const char *keys, struct entry entries[])
{
    const yaml_node_pair_t *pairs = NULL;
    const size_t count = get_pairs(reader, mapping, &pairs);
    struct entry *entry = entries;
    for (const char *key = keys; *key; key += strspn(key, ", ")) {
        *entry++ = (struct entry){path, key, NULL};
        key += strcspn(key, ",");
    }
    for (size_t i = 0; i < count; i++) {
        struct entry key = {path, "", get_node(reader, pairs[i].key)};
        const char *name = read_string(reader, &key);
        const int found = find_word(keys, name);
        if (found < 0) {
            complain(reader, &key, "unknown key \"%s\"", strlen(name) > MAX_QUOTED ? "..." : name);
            return;
        }
        key.key = entries[found].key;
        if (entries[found].value)
            complain(reader, &key, "is given twice");
        entries[found].value = get_node(reader, pairs[i].value);
    }
}

/* The PEM text at[0], or that of the file at[1], checked by `check`; NULL without either.
 * Complaints never quote a file name: if name and text were mixed up, it would be a private key. */
static char *read_pem(struct reader *reader, const struct entry at[2], int (*check)(const char *))
{
    const char *text = read_string(reader, &at[0]), *name = read_string(reader, &at[1]);
    const char *why = "out of memory";
    const struct entry *chosen = *text ? &at[0] : &at[1];
    if (!*text && !*name)
        return NULL;
    if (*text && *name)
        complain(reader, at, "is given both as a text and as a file");
    char *pem =
        *text ? strdup(text) : web_config_file_read(reader->path, name, reader->stamps, &why);
    const int code = pem && check ? check(pem) : 0;
    if (!pem)
        complain(reader, chosen, "cannot be read: %s", why);
    if (code < 0)
        complain(reader, chosen, "does not hold certificates: %s", gnutls_strerror(code));
    return pem;
}

/* Do the settings need others that are missing? */
static void check_tls(struct reader *reader, const struct entry *section,
                      const struct tls_settings *tls)
{
    const bool verifies = tls->client_auth == CLIENT_AUTH_VERIFY_IF_GIVEN ||
                          tls->client_auth == CLIENT_AUTH_REQUIRE_AND_VERIFY;
    if (!tls->certificate)
        complain(reader, section, "cert_file is missing");
    if (!tls->key)
        complain(reader, section, "key_file is missing");
    if (tls->client_ca && tls->client_auth == CLIENT_AUTH_NONE)
        complain(reader, section, "client_ca_file has no effect without a client_auth_type");
    if (!tls->client_ca && verifies)
        complain(reader, section,
                 "client_auth_type verifies, so client_ca_file is needed; "
                 "trusting every public authority is not supported");
}

/* NULL after a complaint. */
static struct tls_context *create_tls(struct reader *reader, const struct entry *section,
                                      const struct tls_settings *settings)
{
    char why[256];
    check_tls(reader, section, settings);
    if (reader->has_failed) /* GnuTLS 3.7 leaks half of a pair with a broken certificate */
        return NULL;
    struct tls_context *tls = tls_context_create(settings, why, sizeof why);
    if (!tls)
        complain(reader, section, "%s", why);
    return tls;
}

static void read_tls(struct reader *reader, const struct entry *section, struct web_config *config)
{
    enum { CERT, KEY = 2, CA = 4, AUTH = 6, MIN, MAX, ORDER, UNSUPPORTED, KEYS = UNSUPPORTED + 3 };
    static const char keys[] =
        "cert, cert_file, key, key_file, client_ca, client_ca_file, client_auth_type, min_version, "
        "max_version, prefer_server_cipher_suites, "
        "client_allowed_sans, cipher_suites, curve_preferences";
    static const char versions[] = "TLS10, TLS11, TLS12, TLS13";
    /* As in enum client_auth, and the old name of RequireAnyClientCert. */
    static const char client_auths[] =
        "NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, "
        "RequireAndVerifyClientCert, RequireClientCert";
    struct entry at[KEYS];
    read_mapping(reader, section, "tls_server_config", keys, at);
    for (size_t i = UNSUPPORTED; i < KEYS; i++)
        refuse(reader, &at[i]);
    const bool has_auth = *read_string(reader, &at[AUTH]);
    const int auth = has_auth ? read_word(reader, &at[AUTH], client_auths) : CLIENT_AUTH_NONE;
    char *certificate = read_pem(reader, &at[CERT], tls_check_certificates);
    char *key = read_pem(reader, &at[KEY], NULL);
    char *client_ca = read_pem(reader, &at[CA], tls_check_certificates);
    const struct tls_settings settings = {
        .certificate = certificate,
        .key = key,
        .client_ca = client_ca,
        .client_auth = auth > CLIENT_AUTH_REQUIRE_AND_VERIFY ? CLIENT_AUTH_REQUIRE_ANY
                                                             : (enum client_auth)auth,
        .min_version = read_word(reader, &at[MIN], versions),
        .max_version = read_word(reader, &at[MAX], versions),
        .prefer_server = !at[ORDER].value || read_boolean(reader, &at[ORDER]),
    };
    if (has_auth || certificate || key || client_ca)
        config->tls = create_tls(reader, section, &settings);
    wipe_and_free(certificate); /* the key may stand in the same file */
    wipe_and_free(key);
    wipe_and_free(client_ca);
}

static void read_headers(struct reader *reader, const struct entry *section,
                         struct web_config *config)
{
    static const char keys[] = "X-Frame-Options, X-Content-Type-Options, X-XSS-Protection, "
                               "Strict-Transport-Security, Content-Security-Policy";
    static const struct {
        const char *name, *words;
    } headers[WEB_CONFIG_HEADERS] = {{"X-Frame-Options", "deny, sameorigin"},
                                     {"X-Content-Type-Options", "nosniff"},
                                     {"X-XSS-Protection", NULL},
                                     {"Strict-Transport-Security", NULL},
                                     {"Content-Security-Policy", NULL}};
    struct entry at[WEB_CONFIG_HEADERS];
    read_mapping(reader, section, "http_server_config.headers", keys, at);
    for (size_t i = 0; i < WEB_CONFIG_HEADERS; i++) {
        const char *value = read_string(reader, &at[i]);
        if (headers[i].words)
            read_word(reader, &at[i], headers[i].words);
        if (has_controls(value))
            complain(reader, &at[i], "expected a value without control characters");
        if (*value) /* blank: do not send it */
            config->headers[config->header_count++] =
                (struct web_header){headers[i].name, copy_string(reader, &at[i])};
    }
}

/* Complaints never quote a user name: if name and hash were swapped, it would be the hash. */
static void read_users(struct reader *reader, const struct entry *section,
                       struct web_config *config)
{
    const yaml_node_pair_t *pairs = NULL;
    const size_t count = get_pairs(reader, section, &pairs);
    config->users = count <= MAX_USERS ? calloc(count, sizeof config->users[0]) : NULL;
    if (!config->users) {
        complain(reader, section, count > MAX_USERS ? "more than 1000 users" : "out of memory");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct entry name = {"", section->key, get_node(reader, pairs[i].key)};
        const struct entry hash = {"", section->key, get_node(reader, pairs[i].value)};
        struct web_user *user = &config->users[config->user_count++];
        user->name = copy_string(reader, &name);
        user->hash = copy_string(reader, &hash);
        if (!user->name || !user->hash)
            return;
        if (strchr(user->name, ':') || has_controls(user->name))
            complain(reader, &name, "a user name has no colon and no control characters");
        for (const struct web_user *other = config->users; other < user; other++)
            if (strcmp(other->name, user->name) == 0)
                complain(reader, &name, "this user is given twice");
        if (bcrypt_fault(user->hash))
            complain(reader, &hash, "%s", bcrypt_fault(user->hash));
    }
}

static void read_sections(struct reader *reader, const struct entry *root,
                          struct web_config *config)
{
    static const char keys[] =
        "tls_server_config, http_server_config, basic_auth_users, rate_limit";
    struct entry at[4], http[2];
    read_mapping(reader, root, "", keys, at);
    read_tls(reader, &at[0], config);
    read_mapping(reader, &at[1], "http_server_config", "http2, headers", http);
    config->http2 = read_boolean(reader, &http[0]);
    read_headers(reader, &http[1], config);
    read_users(reader, &at[2], config);
    refuse(reader, &at[3]);
}

/* libyaml reports the line of a syntax error, but only the offset of bytes that are not UTF-8. */
static void complain_of_syntax(struct reader *reader, const yaml_parser_t *parser, const char *text)
{
    yaml_node_t place = {.start_mark = parser->problem_mark};
    const char *problem =
        parser->error == YAML_COMPOSER_ERROR && parser->context ? parser->context : parser->problem;
    for (size_t i = 0; parser->error == YAML_READER_ERROR && i < parser->problem_offset; i++)
        place.start_mark.line += text[i] == '\n';
    complain(reader, &(struct entry){"", "", &place}, "not YAML: %s",
             problem ? problem : "out of memory");
}

/* Read the next document, which must be empty if `config` is NULL. Its strings are wiped, because
 * one may be a private key. (libyaml does not wipe its buffers.) */
static void read_document(struct reader *reader, yaml_parser_t *parser, const char *text,
                          struct web_config *config)
{
    yaml_document_t *document = &reader->document;
    if (!yaml_parser_load(parser, document)) {
        complain_of_syntax(reader, parser, text);
        return;
    }
    const struct entry root = {"", "", yaml_document_get_root_node(document)};
    if (config)
        read_sections(reader, &root, config);
    else if (root.value)
        complain(reader, &root, "several documents in one file are not supported");
    for (yaml_node_t *node = document->nodes.start; node < document->nodes.top; node++) {
        if (node->type == YAML_SCALAR_NODE)
            explicit_bzero(node->data.scalar.value, node->data.scalar.length);
    }
    yaml_document_delete(document);
}

static void read_text(struct reader *reader, const char *text, struct web_config *config)
{
    const struct entry file = {"", "", NULL};
    yaml_parser_t parser;
    size_t openers = 0;
    for (const char *at = text; (at = strpbrk(at, "[{&")); at++)
        openers++;
    if (openers > MAX_OPENERS) {
        complain(reader, &file, "more than 1000 of [, { and &");
    } else if (!yaml_parser_initialize(&parser)) {
        complain(reader, &file, "out of memory");
    } else {
        yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
        read_document(reader, &parser, text, config);
        if (!reader->has_failed)
            read_document(reader, &parser, text, NULL);
        yaml_parser_delete(&parser);
    }
}

struct web_config *web_config_load(const char *path, struct file_stamps *stamps, char *error,
                                   size_t error_size)
{
    struct reader reader = {
        .path = path, .stamps = stamps, .error = error, .error_size = error_size};
    const char *why = "out of memory";
    file_stamps_free(stamps);
    struct web_config *config = calloc(1, sizeof *config);
    char *text = config ? web_config_file_read("", path, stamps, &why) : NULL;
    if (text)
        read_text(&reader, text, config);
    else
        complain(&reader, &(struct entry){"", "", NULL}, "cannot be read: %s", why);
    wipe_and_free(text);
    if (reader.has_failed || !config) {
        web_config_free(config);
        return NULL;
    }
    if (config->http2)
        log_info("web", "%s: HTTP/2 is not supported, HTTP/1.1 is served", path);
    return config;
}

void web_config_free(struct web_config *config)
{
    if (!config)
        return;
    tls_context_release(config->tls);
    for (size_t i = 0; i < config->header_count; i++)
        free(config->headers[i].value);
    for (size_t i = 0; i < config->user_count; i++) {
        free(config->users[i].name);
        free(config->users[i].hash);
    }
    free(config->users);
    free(config);
}
