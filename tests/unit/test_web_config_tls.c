// SPDX-License-Identifier: Apache-2.0
/*
 * tls_server_config: which certificates and wishes are taken, and what a client of GnuTLS can then
 * agree on with a server of GnuTLS, over a socket pair. Keys are made here and never leave.
 */
#include "web/web_config.h"

#include "web/tls_context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gnutls/gnutls.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificate.h"
#include "handshake.h"
#include "scratch.h"

static int make_certificates(void **state)
{
    if (scratch_make(state) < 0)
        return -1;
    const unsigned p256 = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
    certificate_make("ecdsa", GNUTLS_PK_ECDSA, p256);
    certificate_make("other", GNUTLS_PK_ECDSA, p256);
    certificate_make("rsa", GNUTLS_PK_RSA, 2048);
    scratch_write_text("empty", "");
    scratch_write_text("junk", "this is no PEM\n");
    scratch_write("nul", "-----BEGIN\0", 11);
    return 0;
}

#define SECTION "tls_server_config:\n"
#define PAIR    SECTION "  cert_file: ecdsa.pem\n  key_file: ecdsa.key\n"

static struct file_stamps files; /* of the last reading */

static struct web_config *accepted(const char *text)
{
    char error[512];
    scratch_write_text("web.yml", text);
    struct web_config *config =
        web_config_load(scratch_path("web.yml"), &files, error, sizeof error);
    if (!config)
        fail_msg("refused: %s\n%s", error, text);
    assert_true(config && config->tls);
    return config;
}

/* `line` is what the error says after the file's name; after a * at its end follows what GnuTLS
 * says. */
static void refused(const char *text, const char *line)
{
    char error[512], expected[1024];
    scratch_write_text("web.yml", text);
    struct web_config *config =
        web_config_load(scratch_path("web.yml"), &files, error, sizeof error);
    if (config)
        fail_msg("taken: %s", text);
    size_t length = strcspn(line, "*");
    int used =
        snprintf(expected, sizeof expected, "%s:%.*s", scratch_path("web.yml"), (int)length, line);
    if (line[length] == '*' && strlen(error) > (size_t)used)
        error[used] = '\0';
    assert_string_equal(error, expected);
}

/* The text of a file, valid until the next call. */
static const char *content_of(const char *name)
{
    static char content[16384];
    FILE *file = fopen(scratch_path(name), "r");
    assert_non_null(file);
    content[fread(content, 1, sizeof content - 1, file)] = '\0';
    fclose(file);
    return content;
}

static void load(struct file_stamps *stamps)
{
    char error[512];
    web_config_free(web_config_load(scratch_path("web.yml"), stamps, error, sizeof error));
}

/* A client and a server with the settings of `config`, over a socket pair. The client shows the
 * certificate "other" if it is asked for one. */
struct ends {
    int fds[2];
    gnutls_certificate_credentials_t server_credentials, client_credentials;
    gnutls_session_t server, client;
};

/* Can they agree? */
static bool meet(struct ends *ends, const struct web_config *config, const char *client_priorities)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends->fds), 0);
    assert_int_equal(gnutls_certificate_allocate_credentials(&ends->server_credentials), 0);
    assert_int_equal(gnutls_certificate_allocate_credentials(&ends->client_credentials), 0);
    assert_int_equal(
        gnutls_certificate_set_x509_key_file(ends->client_credentials, scratch_path("other.pem"),
                                             scratch_path("other.key"), GNUTLS_X509_FMT_PEM),
        0);
    ends->server =
        handshake_start_end(GNUTLS_SERVER, ends->fds[0], ends->server_credentials, "NORMAL");
    ends->client = handshake_start_end(GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT, ends->fds[1],
                                       ends->client_credentials, client_priorities);
    assert_true(tls_context_apply(config->tls, ends->server));
    return handshake_make(ends->server, ends->client);
}

static void part(struct ends *ends)
{
    gnutls_deinit(ends->server);
    gnutls_deinit(ends->client);
    gnutls_certificate_free_credentials(ends->server_credentials);
    gnutls_certificate_free_credentials(ends->client_credentials);
    close(ends->fds[0]);
    close(ends->fds[1]);
}

/* What a client with `client_priorities` agrees on with a server of `config`: "TLS1.3 AES-128-GCM"
 * and the group, or "nothing". */
static void agree(const struct web_config *config, const char *client_priorities,
                  char agreed[static 128])
{
    struct ends ends;
    snprintf(agreed, 128, "nothing");
    if (meet(&ends, config, client_priorities)) {
        const char *group = gnutls_group_get_name(gnutls_group_get(ends.client));
        snprintf(agreed, 128, "%s %s %s",
                 gnutls_protocol_get_name(gnutls_protocol_get_version(ends.client)),
                 gnutls_cipher_get_name(gnutls_cipher_get(ends.client)), group ? group : "-");
    }
    part(&ends);
}

/* Is a client shown the certificate `name`, and asked for its own if `client_name` is not ""? */
static void assert_shown(const struct web_config *config, const char *name, const char *client_name)
{
    struct ends ends;
    assert_true(meet(&ends, config, "NORMAL"));
    assert_string_equal(handshake_peer_name(ends.client), name);
    assert_string_equal(handshake_peer_name(ends.server), client_name);
    part(&ends);
}

static void test_certificate_and_key_are_read(void **state)
{
    (void)state;
    struct web_config *config = accepted(PAIR);
    assert_shown(config, "ecdsa", "");
    web_config_free(config);
}

static void test_names_may_be_absolute(void **state)
{
    (void)state;
    char text[2 * PATH_MAX];
    snprintf(text, sizeof text, SECTION "  cert_file: %s\n  key_file: %s\n",
             scratch_path("rsa.pem"), scratch_path("rsa.key"));
    web_config_free(accepted(text));
}

static void test_a_path_without_a_directory_is_that_of_the_process(void **state)
{
    (void)state;
    char error[512], before[PATH_MAX];
    scratch_write_text("web.yml", PAIR);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(scratch_directory()), 0);
    struct web_config *config = web_config_load("web.yml", &files, error, sizeof error);
    assert_int_equal(chdir(before), 0);
    if (!config)
        fail_msg("refused: %s", error);
    web_config_free(config);
}

/* Append `key` and the text of a file to `text`, as YAML has them. */
static void append_text(char *text, const char *key, const char *name)
{
    strcat(strcat(strcat(text, "  "), key), ": |\n");
    for (const char *line = content_of(name); *line; line += strcspn(line, "\n") + 1)
        strncat(strcat(text, "    "), line, strcspn(line, "\n") + 1);
}

static void test_texts_may_stand_in_the_file(void **state)
{
    (void)state;
    char text[65536] = SECTION "  client_auth_type: RequireAndVerifyClientCert\n"
                               "  cert_file: ''\n  key_file:\n";
    struct file_stamps stamps = {0};
    append_text(text, "cert", "ecdsa.pem");
    append_text(text, "key", "ecdsa.key");
    append_text(text, "client_ca", "other.pem");
    struct web_config *config = accepted(text);
    assert_shown(config, "ecdsa", "other");
    web_config_free(config);
    load(&stamps);
    assert_int_equal(stamps.count, 1);
    file_stamps_free(&stamps);
}

static void test_a_text_may_stand_beside_a_file(void **state)
{
    (void)state;
    char text[16384] = SECTION "  cert_file: ecdsa.pem\n";
    append_text(text, "key", "ecdsa.key");
    web_config_free(accepted(text));
}

static void test_client_authentication(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        const char *shown; /* of the client's */
    } cases[] = {
        {"  client_auth_type: NoClientCert\n", ""},
        {"  client_auth_type: ''\n", ""},
        {"  client_auth_type: RequestClientCert\n", "other"},
        {"  client_auth_type: RequestClientCert\n  client_ca_file: other.pem\n", "other"},
        {"  client_auth_type: RequireAnyClientCert\n", "other"},
        {"  client_auth_type: RequireClientCert\n", "other"},
        {"  client_ca_file: other.pem\n  client_auth_type: VerifyClientCertIfGiven\n", "other"},
        {"  client_ca_file: other.pem\n  client_auth_type: RequireAndVerifyClientCert\n", "other"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s", PAIR, cases[i].lines);
        struct web_config *config = accepted(text);
        assert_shown(config, "ecdsa", cases[i].shown);
        web_config_free(config);
    }
}

static void test_what_is_refused(void **state)
{
    (void)state;
#define CERT SECTION "  cert_file: ecdsa.pem\n"
    static const struct {
        const char *text;
        const char *line;
    } cases[] = {
        {"tls_server_config: a\n", "1: tls_server_config: expected lines of \"key: value\""},
        {SECTION "  cert_files: a\n", "2: tls_server_config: unknown key \"cert_files\""},
        {PAIR "  key_file: a\n", "4: tls_server_config.key_file: is given twice"},
        /* what is missing */
        {SECTION "  key_file: ecdsa.key\n", "2: tls_server_config: cert_file is missing"},
        {CERT, "2: tls_server_config: key_file is missing"},
        {CERT "  key_file: ''\n", "2: tls_server_config: key_file is missing"},
        {SECTION "  client_auth_type: NoClientCert\n",
         "2: tls_server_config: cert_file is missing"},
        {SECTION "  client_ca_file: other.pem\n", "2: tls_server_config: cert_file is missing"},
        /* files */
        {SECTION "  key_file: ecdsa.key\n  cert_file: missing\n",
         "3: tls_server_config.cert_file: cannot be read: No such file or directory"},
        {SECTION "  cert_file: .\n  key_file: ecdsa.key\n",
         "2: tls_server_config.cert_file: cannot be read: it is not a regular file"},
        {SECTION "  cert_file: nul\n  key_file: ecdsa.key\n",
         "2: tls_server_config.cert_file: cannot be read: it has a NUL"},
        {SECTION "  cert_file: empty\n  key_file: ecdsa.key\n",
         "2: tls_server_config.cert_file: does not hold certificates: *"},
        {SECTION "  cert_file: junk\n  key_file: ecdsa.key\n",
         "2: tls_server_config.cert_file: does not hold certificates: *"},
        {SECTION "  cert_file: ecdsa.key\n  key_file: ecdsa.key\n",
         "2: tls_server_config.cert_file: does not hold certificates: *"},
        {SECTION "  cert_file: [ecdsa.pem]\n", "2: tls_server_config.cert_file: expected a string"},
        {CERT "  key_file: missing\n",
         "3: tls_server_config.key_file: cannot be read: No such file or directory"},
        {CERT "  key_file: junk\n",
         "2: tls_server_config: the key is not an unencrypted private key: *"},
        {CERT "  key_file: ecdsa.pem\n",
         "2: tls_server_config: the key is not an unencrypted private key: *"},
        {CERT "  key_file: ecdsa.locked\n",
         "2: tls_server_config: the key is not an unencrypted private key: *"},
        {CERT "  key_file: other.key\n",
         "2: tls_server_config: the key does not belong to the certificate"},
        {CERT "  key_file: rsa.key\n",
         "2: tls_server_config: the key does not belong to the certificate"},
        /* clients */
        {PAIR "  client_auth_type: Sometimes\n",
         "4: tls_server_config.client_auth_type: expected one of: NoClientCert, RequestClientCert, "
         "RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert, "
         "RequireClientCert"},
        {PAIR "  client_auth_type: {}\n",
         "4: tls_server_config.client_auth_type: expected a string"},
        {PAIR "  client_ca_file: other.pem\n",
         "2: tls_server_config: client_ca_file has no effect without a client_auth_type"},
        {PAIR "  client_ca_file: other.pem\n  client_auth_type: NoClientCert\n",
         "2: tls_server_config: client_ca_file has no effect without a client_auth_type"},
        {PAIR "  client_auth_type: VerifyClientCertIfGiven\n",
         "2: tls_server_config: client_auth_type verifies, so client_ca_file is needed; trusting "
         "every public authority is not supported"},
        {PAIR "  client_auth_type: RequireAndVerifyClientCert\n",
         "2: tls_server_config: client_auth_type verifies, so client_ca_file is needed; trusting "
         "every public authority is not supported"},
        {PAIR "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: empty\n",
         "5: tls_server_config.client_ca_file: does not hold certificates: *"},
        {PAIR "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: missing\n",
         "5: tls_server_config.client_ca_file: cannot be read: No such file or "
         "directory"},
        /* texts */
        {SECTION "  cert: |\n    PEM\n",
         "2: tls_server_config.cert: does not hold certificates: *"},
        {CERT "  key: PEM\n", "2: tls_server_config: the key is not an unencrypted private key: *"},
        {PAIR "  client_ca: PEM\n",
         "4: tls_server_config.client_ca: does not hold certificates: *"},
        {SECTION "  key: PEM\n", "2: tls_server_config: cert_file is missing"},
        {CERT "  cert: PEM\n", "3: tls_server_config.cert: is given both as a text and as a file"},
        {SECTION "  key: PEM\n  key_file: ecdsa.key\n",
         "2: tls_server_config.key: is given both as a text and as a file"},
        {PAIR "  client_ca_file: other.pem\n  client_ca: PEM\n",
         "5: tls_server_config.client_ca: is given both as a text and as a file"},
        {SECTION "  key: [PEM]\n", "2: tls_server_config.key: expected a string"},
        /* what is not supported */
        {PAIR "  client_allowed_sans: [a]\n",
         "4: tls_server_config.client_allowed_sans: is not supported"},
        /* versions, suites, curves */
        {PAIR "  min_version: TLS14\n",
         "4: tls_server_config.min_version: expected one of: TLS10, TLS11, TLS12, TLS13"},
        {PAIR "  max_version: ''\n",
         "4: tls_server_config.max_version: expected one of: TLS10, TLS11, TLS12, TLS13"},
        {PAIR "  min_version: SSL30\n",
         "4: tls_server_config.min_version: expected one of: TLS10, TLS11, TLS12, TLS13"},
        {PAIR "  max_version: TLS11\n", "2: tls_server_config: min_version is above max_version"},
        {PAIR "  prefer_server_cipher_suites: maybe\n",
         "4: tls_server_config.prefer_server_cipher_suites: expected true or false"},
        {PAIR "  cipher_suites: TLS_AES_128_GCM_SHA256\n",
         "4: tls_server_config.cipher_suites: is not supported"},
        {PAIR "  cipher_suites:\n  - TLS_AES_128_GCM_SHA256\n",
         "5: tls_server_config.cipher_suites: is not supported"},
        {PAIR "  cipher_suites: [~]\n", "4: tls_server_config.cipher_suites: is not supported"},
        {PAIR "  curve_preferences: [CurveP256]\n",
         "4: tls_server_config.curve_preferences: is not supported"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refused(cases[i].text, cases[i].line);
}

static void test_a_change_of_any_file_is_seen(void **state)
{
    (void)state;
    static const char *const names[] = {"ecdsa.pem", "ecdsa.key", "other.pem"};
    char content[3][16384];
    struct file_stamps stamps = {0};
    scratch_write_text("web.yml", PAIR "  client_ca_file: other.pem\n  client_auth_type: "
                                       "RequireAndVerifyClientCert\n");
    for (size_t i = 0; i < 3; i++) {
        strcpy(content[i], content_of(names[i]));
        load(&stamps);
        assert_int_equal(stamps.count, 4);
        assert_false(file_stamps_changed(&stamps));
        scratch_write_text(names[i], "");
        assert_true(file_stamps_changed(&stamps));

        /* Broken: what was looked at is known, and complained of once. */
        load(&stamps);
        assert_int_equal(stamps.count, 4);
        assert_false(file_stamps_changed(&stamps));
        scratch_write_text(names[i], content[i]);
        assert_true(file_stamps_changed(&stamps));
    }
    file_stamps_free(&stamps);
}

static void test_what_clients_agree_on(void **state)
{
    (void)state;
#define RSA_PAIR SECTION "  cert_file: rsa.pem\n  key_file: rsa.key\n"
#define ONLY(v)  "NORMAL:-VERS-ALL:+VERS-" v
#define GROUP(g) "NORMAL:-GROUP-ALL:+GROUP-" g
    static const struct {
        const char *text, *client, *agreed;
    } cases[] = {
        /* versions */
        {PAIR, "NORMAL", "TLS1.3 AES-128-GCM X25519"},
        {PAIR, ONLY("TLS1.2"), "TLS1.2 AES-128-GCM X25519"},
        {PAIR, ONLY("TLS1.1"), "nothing"},
        {PAIR "  min_version: TLS13\n", "NORMAL", "TLS1.3 AES-128-GCM X25519"},
        {PAIR "  min_version: TLS13\n", ONLY("TLS1.2"), "nothing"},
        {PAIR "  max_version: TLS12\n", "NORMAL", "TLS1.2 AES-128-GCM X25519"},
        {PAIR "  max_version: TLS12\n", ONLY("TLS1.3"), "nothing"},
        {PAIR "  min_version: TLS10\n", ONLY("TLS1.0"), "TLS1.0 AES-128-CBC X25519"},
        {PAIR "  min_version: TLS11\n", ONLY("TLS1.1"), "TLS1.1 AES-128-CBC X25519"},
        {PAIR "  min_version: TLS11\n", ONLY("TLS1.0"), "nothing"},
        {PAIR "  min_version: TLS10\n  max_version: TLS11\n", "NORMAL",
         "TLS1.1 AES-128-CBC X25519"},
        {PAIR "  min_version: ~\n  max_version:\n", ONLY("TLS1.2"), "TLS1.2 AES-128-GCM X25519"},
        /* suites */
        {PAIR, "NORMAL:-CIPHER-ALL:+AES-256-GCM", "TLS1.3 AES-256-GCM X25519"},
        {PAIR, "NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305", "TLS1.3 CHACHA20-POLY1305 X25519"},
        {PAIR, ONLY("TLS1.2:-CIPHER-ALL:+AES-256-CBC"), "TLS1.2 AES-256-CBC X25519"},
        {PAIR, ONLY("TLS1.2:-CIPHER-ALL:+AES-128-CCM"), "nothing"},
        {PAIR, "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-CCM", "nothing"},
        {RSA_PAIR, ONLY("TLS1.2:-KX-ALL:+ECDHE-RSA"), "TLS1.2 AES-128-GCM X25519"},
        {RSA_PAIR, ONLY("TLS1.2:-KX-ALL:+DHE-RSA"), "nothing"},
        {RSA_PAIR, ONLY("TLS1.2:-KX-ALL:+RSA"), "nothing"},
        /* whose order */
        {PAIR, "NORMAL:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM", "TLS1.3 AES-128-GCM X25519"},
        {PAIR "  prefer_server_cipher_suites: true\n",
         ONLY("TLS1.2:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM"), "TLS1.2 AES-128-GCM X25519"},
        {PAIR "  prefer_server_cipher_suites: false\n",
         "NORMAL:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM", "TLS1.3 AES-256-GCM SECP256R1"},
        /* groups */
        {PAIR, GROUP("X25519"), "TLS1.3 AES-128-GCM X25519"},
        {PAIR, GROUP("SECP256R1"), "TLS1.3 AES-128-GCM SECP256R1"},
        {PAIR, GROUP("SECP384R1"), "TLS1.3 AES-128-GCM SECP384R1"},
        {PAIR, GROUP("SECP521R1"), "TLS1.3 AES-128-GCM SECP521R1"},
        {PAIR, GROUP("X448"), "nothing"},
        {PAIR, GROUP("FFDHE2048"), "nothing"},
        {PAIR, GROUP("FFDHE8192"), "nothing"},
        {PAIR, ONLY("TLS1.2:-GROUP-ALL:+GROUP-SECP521R1"), "TLS1.2 AES-128-GCM SECP521R1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char agreed[128];
        struct web_config *config = accepted(cases[i].text);
        agree(config, cases[i].client, agreed);
        if (strcmp(agreed, cases[i].agreed) != 0)
            fail_msg("%s\nand a client of %s agree on %s, not %s", cases[i].text, cases[i].client,
                     agreed, cases[i].agreed);
        web_config_free(config);
    }
}

static void test_no_other_group_is_agreed_on(void **state)
{
    (void)state;
    static const char *const texts[] = {RSA_PAIR, RSA_PAIR "  min_version: TLS10\n",
                                        RSA_PAIR "  prefer_server_cipher_suites: false\n"};
    static const char *const versions[] = {"1.2", "1.3"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct web_config *config = accepted(texts[i]);
        int agreed = 0;
        for (const gnutls_group_t *group = gnutls_group_list(); *group != GNUTLS_GROUP_INVALID;
             group++) {
            char priorities[128], what[128];
            for (int version = 0; version < 2; version++) {
                snprintf(priorities, sizeof priorities,
                         "NORMAL:-VERS-ALL:+VERS-TLS%s:+DHE-RSA:-GROUP-ALL:+GROUP-%s",
                         versions[version], gnutls_group_get_name(*group));
                agree(config, priorities, what);
                agreed += strcmp(what, "nothing") != 0;
            }
        }
        assert_int_equal(agreed, 2 * 4);
        web_config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificate_and_key_are_read),
        cmocka_unit_test(test_names_may_be_absolute),
        cmocka_unit_test(test_a_path_without_a_directory_is_that_of_the_process),
        cmocka_unit_test(test_texts_may_stand_in_the_file),
        cmocka_unit_test(test_a_text_may_stand_beside_a_file),
        cmocka_unit_test(test_client_authentication),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_a_change_of_any_file_is_seen),
        cmocka_unit_test(test_what_clients_agree_on),
        cmocka_unit_test(test_no_other_group_is_agreed_on),
    };
    return cmocka_run_group_tests_name("web_config_tls", tests, make_certificates, scratch_remove);
}
