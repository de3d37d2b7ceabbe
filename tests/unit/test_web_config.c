// SPDX-License-Identifier: Apache-2.0
/*
 * The web configuration file but for TLS: what is taken, and the exact line that refuses the rest.
 */
#include "web/web_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

#define SALTED "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ./012"
#define HASH   "$2y$10$" SALTED

static struct file_stamps files; /* of the last reading */

static struct web_config *accepted(const char *text)
{
    char error[512];
    scratch_write_text("web.yml", text);
    struct web_config *config =
        web_config_load(scratch_path("web.yml"), &files, error, sizeof error);
    if (!config)
        fail_msg("refused: %s\n%s", error, text);
    return config;
}

/* `line` is all that the error says after the file's name. */
static void refused_bytes(const char *text, size_t length, const char *line)
{
    char error[512], expected[512];
    scratch_write("web.yml", text, length);
    struct web_config *config =
        web_config_load(scratch_path("web.yml"), &files, error, sizeof error);
    if (config)
        fail_msg("taken: %s", text);
    snprintf(expected, sizeof expected, "%s:%s", scratch_path("web.yml"), line);
    assert_string_equal(error, expected);
}

static void refused(const char *text, const char *line)
{
    refused_bytes(text, strlen(text), line);
}

static void test_files_that_say_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n",
        "# only this\n",
        "---\n",
        "~",
        "null\n",
        "{}",
        "---\n{}\n...\n",
        "%YAML 1.1\n---\n{}\n",
        "\xef\xbb\xbf",
        "tls_server_config:\n",
        "tls_server_config: {}\n",
        "tls_server_config: {min_version: TLS13, prefer_server_cipher_suites: false}\n",
        "tls_server_config: {cert_file: '', key_file: ~, client_ca_file: null}\n",
        "tls_server_config: {client_auth_type: }\n",
        "tls_server_config: {cert: '', key: , client_ca: ~, client_allowed_sans: }\n",
        "tls_server_config: {cipher_suites: , curve_preferences: []}\n",
        "tls_server_config:\n  cipher_suites: []\n  curve_preferences:\n",
        "tls_server_config: {client_auth_type: ''}\n",
        "rate_limit: NULL\n",
        "http_server_config: ~\n",
        "http_server_config: {http2: false}\n",
        "http_server_config: {http2: off, headers: }\n",
        "http_server_config: {http2: ~, headers: {}}\n",
        "http_server_config: {headers: {X-XSS-Protection: '', X-Frame-Options: }}\n",
        "basic_auth_users:\n",
        "basic_auth_users: {}\n",
        "'basic_auth_users': !!map {}\n",
        "basic_auth_users: &anchor {}\n",
        "basic_auth_users: &anchor {}\nhttp_server_config: {headers: *anchor}\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct web_config *config = accepted(texts[i]);
        assert_null(config->tls);
        assert_int_equal(config->header_count, 0);
        assert_int_equal(config->user_count, 0);
        assert_false(config->http2);
        web_config_free(config);
    }
}

/* The default of the exporter-toolkit, which files often repeat. */
static void test_http2_is_taken(void **state)
{
    (void)state;
    struct web_config *config = accepted("http_server_config: {http2: true}\n");
    assert_true(config->http2);
    web_config_free(config);
}

static void test_headers(void **state)
{
    (void)state;
    static const struct web_header expected[] = {
        {"X-Frame-Options", "sameorigin"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-XSS-Protection", "0"},
        {"Strict-Transport-Security", "max-age=31536000"},
        {"Content-Security-Policy", "default-src 'self'; img-src *"},
    };
    struct web_config *config =
        accepted("http_server_config:\n"
                 "  headers:\n"
                 "    X-Frame-Options: sameorigin\n"
                 "    X-Content-Type-Options: \"nosniff\"\n"
                 "    X-XSS-Protection: 0\n"
                 "    Strict-Transport-Security: !!str max-age=31536000\n"
                 "    Content-Security-Policy: default-src 'self'; img-src *\n");
    assert_int_equal(config->header_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(config->headers[i].name, expected[i].name);
        assert_string_equal(config->headers[i].value, expected[i].value);
    }
    web_config_free(config);
}

static void test_users(void **state)
{
    (void)state;
    struct web_config *config = accepted("basic_auth_users:\n"
                                         "  alice: $2a$04$" SALTED "\n"
                                         "  'bob builder': \"$2b$14$" SALTED "\"\n"
                                         "  J\xc3\xbcrgen: " HASH "\n"
                                         "  007: &hash " HASH "\n"
                                         "  '': *hash\n");
    static const char *const names[] = {"alice", "bob builder", "J\xc3\xbcrgen", "007", ""};
    assert_int_equal(config->user_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(config->users[i].name, names[i]);
    assert_string_equal(config->users[1].hash, "$2b$14$" SALTED);
    assert_string_equal(config->users[4].hash, HASH);
    web_config_free(config);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *line;
    } cases[] = {
        /* not made of keys */
        {"junk", "1: expected lines of \"key: value\""},
        {"- a\n", "1: expected lines of \"key: value\""},
        {"[[[]]]", "1: expected lines of \"key: value\""},
        {"# x\n\njunk: 1\n", "3: unknown key \"junk\""},
        {"junk: &a [*a]\n", "1: unknown key \"junk\""},
        {"? [a]\n: b\n", "1: expected a string"},
        {"? {a: b}\n: c\n", "1: expected a string"},
        {"\"a\\nb\": c\n", "1: unknown key \"a?b\""},
        {"\"a\\0b\": c\n", "1: expected a string without a NUL"},
        {"~: c\n", "1: unknown key \"\""},
        {"<<: {http_server_config: {}}\n", "1: unknown key \"<<\""},
        {"TLS_server_config: {}\n", "1: unknown key \"TLS_server_config\""},
        {"a-key-of-40-bytes-that-is-named-as-it-is: 1",
         "1: unknown key \"a-key-of-40-bytes-that-is-named-as-it-is\""},
        {"a-key-of-41-bytes-is-not-named-as-it-is-1: 1", "1: unknown key \"...\""},
        /* not YAML */
        {"http_server_config:\n\thttp2: false\n",
         "2: not YAML: found character that cannot start any token"},
        {"http_server_config: {\n", "2: not YAML: did not find expected node content"},
        {"http_server_config: {}: c\n",
         "1: not YAML: mapping values are not allowed in this context"},
        {"\n\nhttp_server_config: \"\xff\"\n", "3: not YAML: invalid leading UTF-8 octet"},
        {"\n\x01\n", "2: not YAML: control characters are not allowed"},
        {"%YAML 2.0\n---\n{}\n", "1: not YAML: found incompatible YAML document"},
        /* aliases: of nothing, of two things, and of what they stand in */
        {"\nhttp_server_config: *a\n", "2: not YAML: found undefined alias"},
        {"http_server_config: &a {}\nrate_limit: &a {}\n",
         "2: not YAML: found duplicate anchor; first occurrence"},
        {"&a [*a]", "1: expected lines of \"key: value\""},
        {"&a {*a : b}", "1: expected a string"},
        {"http_server_config: &a {headers: *a}\n",
         "1: http_server_config.headers: unknown key \"headers\""},
        {"basic_auth_users: &a {alice: *a}\n", "1: basic_auth_users: expected a string"},
        {"http_server_config: {headers: {X-XSS-Protection: &a [*a]}}\n",
         "1: http_server_config.headers.X-XSS-Protection: expected a string"},
        /* one document, each key once */
        {"{}\n---\n{}\n", "3: several documents in one file are not supported"},
        {"---\n---\n", "3: several documents in one file are not supported"},
        {"http_server_config: {}\nhttp_server_config: {}\n",
         "2: http_server_config: is given twice"},
        {"http_server_config:\n  http2: false\n  http2: false\n",
         "3: http_server_config.http2: is given twice"},
        /* http_server_config */
        {"http_server_config: a\n", "1: http_server_config: expected lines of \"key: value\""},
        {"http_server_config: []\n", "1: http_server_config: expected lines of \"key: value\""},
        {"http_server_config: ''\n", "1: http_server_config: expected lines of \"key: value\""},
        {"http_server_config:\n  http3: true\n", "2: http_server_config: unknown key \"http3\""},
        {"http_server_config: {http2: 'false'}\n",
         "1: http_server_config.http2: expected true or false"},
        {"http_server_config: {http2: !!bool true}\n",
         "1: http_server_config.http2: expected true or false"},
        {"http_server_config: {http2: 0}\n", "1: http_server_config.http2: expected true or false"},
        {"http_server_config: {http2: [no]}\n",
         "1: http_server_config.http2: expected true or false"},
        {"http_server_config: {headers: a}\n",
         "1: http_server_config.headers: expected lines of \"key: value\""},
        {"http_server_config: {headers: {Server: x}}\n",
         "1: http_server_config.headers: unknown key \"Server\""},
        {"http_server_config: {headers: {x-frame-options: deny}}\n",
         "1: http_server_config.headers: unknown key \"x-frame-options\""},
        {"http_server_config: {headers: {X-Frame-Options: DENY}}\n",
         "1: http_server_config.headers.X-Frame-Options: expected one of: deny, sameorigin"},
        {"http_server_config: {headers: {X-Frame-Options: ''}}\n",
         "1: http_server_config.headers.X-Frame-Options: expected one of: deny, sameorigin"},
        {"http_server_config: {headers: {X-Content-Type-Options: sniff}}\n",
         "1: http_server_config.headers.X-Content-Type-Options: expected one of: nosniff"},
        {"http_server_config: {headers: {X-XSS-Protection: [a]}}\n",
         "1: http_server_config.headers.X-XSS-Protection: expected a string"},
        {"http_server_config: {headers: {X-XSS-Protection: !!binary YQ==}}\n",
         "1: http_server_config.headers.X-XSS-Protection: expected a string without a tag"},
        {"http_server_config: {headers: {X-XSS-Protection: \"a\\r\\nSet-Cookie: b\"}}\n",
         "1: http_server_config.headers.X-XSS-Protection: expected a value without control "
         "characters"},
        {"http_server_config: {headers: {X-XSS-Protection: \"a\\tb\"}}\n",
         "1: http_server_config.headers.X-XSS-Protection: expected a value without control "
         "characters"},
        {"http_server_config:\n  headers:\n    X-XSS-Protection: a\n    X-XSS-Protection: a\n",
         "4: http_server_config.headers.X-XSS-Protection: is given twice"},
        /* basic_auth_users */
        {"basic_auth_users: alice\n", "1: basic_auth_users: expected lines of \"key: value\""},
        {"basic_auth_users: [alice]\n", "1: basic_auth_users: expected lines of \"key: value\""},
        {"basic_auth_users:\n  alice: wonderland\n",
         "2: basic_auth_users: expected a bcrypt hash: $2y$, $2b$ or $2a$ and 56 more characters"},
        {"basic_auth_users:\n  alice:\n",
         "2: basic_auth_users: expected a bcrypt hash: $2y$, $2b$ or $2a$ and 56 more characters"},
        {"basic_auth_users: {alice: $2x$10$" SALTED "}\n",
         "1: basic_auth_users: expected a bcrypt hash: $2y$, $2b$ or $2a$ and 56 more characters"},
        {"basic_auth_users: {alice: $2y$15$" SALTED "}\n",
         "1: basic_auth_users: expected a bcrypt cost from 04 to 14: a higher one would take "
         "seconds to check"},
        {"basic_auth_users: {alice: [a]}\n", "1: basic_auth_users: expected a string"},
        {"basic_auth_users: {alice: {a: b}}\n", "1: basic_auth_users: expected a string"},
        {"basic_auth_users: {[a]: b}\n", "1: basic_auth_users: expected a string"},
        {"basic_auth_users: {'a:b': " HASH "}\n",
         "1: basic_auth_users: a user name has no colon and no control characters"},
        {"basic_auth_users: {\"a\\x7f\": " HASH "}\n",
         "1: basic_auth_users: a user name has no colon and no control characters"},
        {"basic_auth_users:\n  alice: " HASH "\n  alice: " HASH "\n",
         "3: basic_auth_users: this user is given twice"},
        /* what newer toolkits have */
        {"rate_limit: {interval: 1s, burst: 5}\n", "1: rate_limit: is not supported"},
        {"rate_limit: {}\n", "1: rate_limit: is not supported"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refused(cases[i].text, cases[i].line);
}

/* So is UTF-16, which is full of them. */
static void test_a_nul_is_refused(void **state)
{
    (void)state;
    static const char text[] = "http_server_config:\n  http2: false\n\0";
    refused_bytes(text, sizeof text, " cannot be read: it has a NUL");
    refused_bytes("\0", 1, " cannot be read: it has a NUL");
    refused_bytes("\xff\xfe{\0}\0", 6, " cannot be read: it has a NUL");
}

/* Secrets that were put in the wrong place. */
static void test_no_error_quotes_a_hash_or_a_password(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "basic_auth_users:\n  alice: correct-horse\n",
        "basic_auth_users:\n  alice: $2y$10$correct-horse\n",
        "basic_auth_users: correct-horse\n",
        "basic_auth_users:\n  - correct-horse\n",
        "basic_auth_users: {correct-horse: alice}\n",
        ("basic_auth_users: {correct-horse: " HASH ", correct-horse: " HASH "}\n"),
        ("basic_auth_users: {'correct-horse:': " HASH "}\n"),
        "basic_auth_users: {alice: [correct-horse]}\n",
        "basic_auth_users: {alice: correct-horse\n",
        "basic_auth_users:\n  alice: \"correct-horse\n",
        "basic_auth_users:\n  alice: *correct-horse\n",
        (HASH ": alice\n"),
        "tls_server_config:\n  key: correct-horse\n",
        "tls_server_config:\n  cert: correct-horse\n",
        "tls_server_config:\n  key_file: correct-horse\n",
        "tls_server_config:\n  key: |\n  correct-horse\n",
        ("tls_server_config:\n  ? |\n    correct-horse, of which one line of a PEM text has 64 "
         "bytes\n"
         "  : key\n"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char error[512];
        scratch_write_text("web.yml", texts[i]);
        assert_null(web_config_load(scratch_path("web.yml"), &files, error, sizeof error));
        if (strstr(error, "horse") || strstr(error, SALTED))
            fail_msg("quoted: %s", error);
    }
}

static void test_a_thousand_users_and_no_more(void **state)
{
    (void)state;
    char *text;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    fputs("basic_auth_users:\n", stream);
    for (int i = 0; i < 1000; i++)
        fprintf(stream, "  user%d: %s\n", i, HASH);
    fflush(stream);
    struct web_config *config = accepted(text);
    assert_int_equal(config->user_count, 1000);
    web_config_free(config);
    fprintf(stream, "  user1000: %s\n", HASH);
    fclose(stream);
    refused(text, "2: basic_auth_users: more than 1000 users");
    free(text);
}

/* What takes libyaml minutes if it is let. */
static void test_deep_and_long_lines_are_refused_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *begin, *repeat, *line;
    } cases[] = {
        {"", "[", " more than 1000 of [, { and &"},
        {"", "{", " more than 1000 of [, { and &"},
        {"", "- ", "1: expected lines of \"key: value\""},
        {"", "? ", "1: expected a string"},
        {"tls_server_config: {cipher_suites: ", "[", " more than 1000 of [, { and &"},
        {"basic_auth_users: ", "{a: ", " more than 1000 of [, { and &"},
        {"# ", "&", " more than 1000 of [, { and &"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t size = 1000000;
        char *text = malloc(size);
        assert_non_null(text);
        size_t used = strlen(cases[i].begin), step = strlen(cases[i].repeat);
        memcpy(text, cases[i].begin, used);
        for (; used + step <= size; used += step)
            memcpy(text + used, cases[i].repeat, step);
        refused_bytes(text, used, cases[i].line);
        free(text);
    }
}

static void test_a_thousand_brackets_and_no_more(void **state)
{
    (void)state;
    char text[1005] = "{} # ";
    memset(text + 5, '[', 999);
    web_config_free(accepted(text));
    text[4] = '{';
    refused(text, " more than 1000 of [, { and &");
}

static void assert_not_loaded(const char *name, const char *line)
{
    char error[512], expected[512];
    struct file_stamps stamps = {0};
    assert_null(web_config_load(scratch_path(name), &stamps, error, sizeof error));
    snprintf(expected, sizeof expected, "%s: %s", scratch_path(name), line);
    assert_string_equal(error, expected);
    assert_false(file_stamps_changed(&stamps));
    file_stamps_free(&stamps);
}

static void test_files_that_cannot_be_read(void **state)
{
    (void)state;
    assert_not_loaded("missing.yml", "cannot be read: No such file or directory");
    assert_int_equal(mkdir(scratch_path("directory"), 0700), 0);
    assert_not_loaded("directory", "cannot be read: it is not a regular file");
    assert_int_equal(mkfifo(scratch_path("fifo"), 0600), 0);
    assert_not_loaded("fifo", "cannot be read: it is not a regular file");

    scratch_write_text("other.yml", "");
    assert_not_loaded("other.yml/web.yml", "cannot be read: Not a directory");
}

static void test_a_file_has_a_mebibyte_and_no_more(void **state)
{
    (void)state;
    const size_t size = 1 << 20;
    char *text = malloc(size + 2);
    assert_non_null(text);
    memset(text, '#', size + 1);
    text[size + 1] = '\0';
    refused(text, " cannot be read: it is larger than 1 MiB");
    text[size] = '\0';
    web_config_free(accepted(text));
    free(text);
}

/* A file may have more bytes when it is read than stat() said: it is read whole all the same. Here
 * stat() says 0, as it does of every file in /proc. */
static void test_a_file_that_grew_is_read_whole(void **state)
{
    (void)state;
    char name[16], error[512];
    remove(scratch_path("web.yml"));
    assert_int_equal(prctl(PR_GET_NAME, name), 0);
    assert_int_equal(symlink("/proc/thread-self/comm", scratch_path("web.yml")), 0);
    assert_int_equal(prctl(PR_SET_NAME, "{}"), 0);
    struct web_config *config =
        web_config_load(scratch_path("web.yml"), &files, error, sizeof error);
    assert_int_equal(prctl(PR_SET_NAME, "rate_limit: 1"), 0);
    assert_null(web_config_load(scratch_path("web.yml"), &files, error, sizeof error));
    assert_non_null(strstr(error, ":1: rate_limit: is not supported"));
    assert_int_equal(prctl(PR_SET_NAME, name), 0);
    assert_non_null(config);
    web_config_free(config);
    remove(scratch_path("web.yml"));
}

static void test_a_long_error_is_cut(void **state)
{
    (void)state;
    char error[8];
    scratch_write_text("web.yml", "junk");
    assert_null(web_config_load(scratch_path("web.yml"), &files, error, sizeof error));
    assert_int_equal(strlen(error), 7);
    assert_null(web_config_load(scratch_path("web.yml"), &files, error, 1));
    assert_string_equal(error, "");
}

/* Load, well or not, and take stamps. */
static bool loads(struct file_stamps *stamps)
{
    char error[512];
    struct web_config *config =
        web_config_load(scratch_path("web.yml"), stamps, error, sizeof error);
    web_config_free(config);
    return config;
}

static void test_a_file_that_changes_is_seen(void **state)
{
    (void)state;
    struct file_stamps stamps = {0};
    assert_false(file_stamps_changed(&stamps));
    scratch_write_text("web.yml", "");
    assert_true(loads(&stamps));
    assert_false(file_stamps_changed(&stamps));
    scratch_write_text("web.yml", "{}");
    assert_true(file_stamps_changed(&stamps));
    assert_true(loads(&stamps));
    assert_false(file_stamps_changed(&stamps));

    /* Another file of the same size in its place. */
    scratch_write_text("other.yml", "~ ");
    assert_int_equal(rename(scratch_path("other.yml"), scratch_path("web.yml")), 0);
    assert_true(file_stamps_changed(&stamps));
    assert_true(loads(&stamps));

    assert_int_equal(unlink(scratch_path("web.yml")), 0);
    assert_true(file_stamps_changed(&stamps));
    assert_false(loads(&stamps));
    assert_false(file_stamps_changed(&stamps)); /* it is still gone */
    scratch_write_text("web.yml", "");
    assert_true(file_stamps_changed(&stamps));
    file_stamps_free(&stamps);
    assert_false(file_stamps_changed(&stamps));
}

static void test_a_broken_file_is_tried_again_when_it_changes(void **state)
{
    (void)state;
    struct file_stamps stamps = {0};
    scratch_write_text("web.yml", "junk");
    assert_false(loads(&stamps));
    assert_false(file_stamps_changed(&stamps));
    scratch_write_text("web.yml", "{}");
    assert_true(file_stamps_changed(&stamps));
    assert_true(loads(&stamps));
    file_stamps_free(&stamps);
}

static void write_braces(const char *name)
{
    remove(scratch_path(name));
    int fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "{}", 2), 2);
    assert_int_equal(close(fd), 0);
}

/* Write two files until they have the same times, which means that the kernel's coarse clock has
 * not ticked between. (Not with stdio: after its fstat() the kernel takes a finer one.) */
static void write_twins(const char *one, const char *other)
{
    struct stat first, second;
    for (int tries = 0; tries < 1000; tries++) {
        write_braces(one);
        write_braces(other);
        assert_int_equal(stat(scratch_path(one), &first), 0);
        assert_int_equal(stat(scratch_path(other), &second), 0);
        if (first.st_mtim.tv_nsec == second.st_mtim.tv_nsec &&
            first.st_ctim.tv_nsec == second.st_ctim.tv_nsec)
            return;
    }
    fail_msg("no two files have the same times");
}

/* As a Kubernetes volume does: web.yml -> data/web.yml, data -> old, and then data -> new. */
static void test_a_directory_that_is_swapped_by_its_link_is_seen(void **state)
{
    (void)state;
    struct file_stamps stamps = {0};
    remove(scratch_path("web.yml"));
    assert_int_equal(mkdir(scratch_path("old"), 0700), 0);
    assert_int_equal(mkdir(scratch_path("new"), 0700), 0);
    write_twins("old/web.yml", "new/web.yml");
    assert_int_equal(symlink("data/web.yml", scratch_path("web.yml")), 0);
    assert_int_equal(symlink("old", scratch_path("data")), 0);
    assert_true(loads(&stamps));
    assert_false(file_stamps_changed(&stamps));
    assert_int_equal(symlink("new", scratch_path("next")), 0);
    assert_int_equal(rename(scratch_path("next"), scratch_path("data")), 0);
    assert_true(file_stamps_changed(&stamps));
    file_stamps_free(&stamps);
    remove(scratch_path("web.yml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_that_say_nothing),
        cmocka_unit_test(test_http2_is_taken),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_a_nul_is_refused),
        cmocka_unit_test(test_no_error_quotes_a_hash_or_a_password),
        cmocka_unit_test(test_a_thousand_users_and_no_more),
        cmocka_unit_test(test_deep_and_long_lines_are_refused_at_once),
        cmocka_unit_test(test_a_thousand_brackets_and_no_more),
        cmocka_unit_test(test_files_that_cannot_be_read),
        cmocka_unit_test(test_a_file_has_a_mebibyte_and_no_more),
        cmocka_unit_test(test_a_file_that_grew_is_read_whole),
        cmocka_unit_test(test_a_long_error_is_cut),
        cmocka_unit_test(test_a_file_that_changes_is_seen),
        cmocka_unit_test(test_a_broken_file_is_tried_again_when_it_changes),
        cmocka_unit_test(test_a_directory_that_is_swapped_by_its_link_is_seen),
    };
    return cmocka_run_group_tests_name("web_config", tests, scratch_make, scratch_remove);
}
