// SPDX-License-Identifier: Apache-2.0
/*
 * The file of --web.config.file: TLS, response headers and the users of basic authentication, in
 * the YAML format of the Prometheus exporter-toolkit (its docs/web-configuration.md), so that one
 * file serves a whole fleet of exporters and `promtool check web-config` judges it.
 *
 * Settings that cannot be honoured are refused by name rather than ignored: cipher_suites,
 * curve_preferences, rate_limit, client_allowed_sans, merge keys, several documents, TLS versions
 * that GnuTLS does not allow. So are settings that must be mistakes: checking client certificates
 * without client_ca_file, a user name that no browser can send, a password hash that is not bcrypt
 * or costs too much (bcrypt.h), more than 1000 users or than 1000 brackets, braces and anchors.
 * `http2: true`, the toolkit's default, is taken and logged.
 *
 * An empty file is a configuration without anything: plain HTTP for everyone. So is a
 * tls_server_config without certificates, keys and client_auth_type.
 */
#ifndef SOCKDIAG_WEB_CONFIG_H
#define SOCKDIAG_WEB_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct tls_context;

/* A header for each response. */
struct web_header {
    const char *name; /* a constant */
    char *value;      /* without control characters */
};

/* Of a name and a password: passwords.c. */
struct password_digest {
    unsigned char bytes[32];
};

/* A user of basic authentication. The hash is one in which bcrypt_fault() finds no fault. */
struct web_user {
    char *name;
    char *hash;
    struct password_digest right; /* all zero until passwords.c has found a password right */
};

enum { WEB_CONFIG_HEADERS = 5 }; /* that the file may set */

/* Not changed after loading, but for what passwords.c remembers. */
struct web_config {
    struct tls_context *tls; /* a share; NULL: plain HTTP */
    struct web_header headers[WEB_CONFIG_HEADERS];
    size_t header_count;
    struct web_user *users; /* no two have the same name */
    size_t user_count;      /* 0: everyone is let in */
    bool http2;             /* asked for, but not supported */
};

enum { WEB_CONFIG_FILES = 4 }; /* the YAML file, certificate, key and client CA */

/* How a file looked before it was read: what stat() reports, following symbolic links (a Kubernetes
 * secret is updated by swapping one), or all zero where that fails. */
struct file_stamp {
    char *path;
    struct stat look;
};

/* The files that a configuration was read from. All zero: none. */
struct file_stamps {
    struct file_stamp files[WEB_CONFIG_FILES];
    size_t count;
};

/*
 * Read the file `path` and the files it names, each at most 1 MiB and a regular file; relative
 * names are taken from the directory of `path`. GnuTLS does the reading of keys and certificates.
 *
 * Returns the configuration, for web_config_free(), or NULL with one line for the operator in
 * `error`: "PATH:LINE: KEY: what is wrong". No part of a key, password or hash is ever in it.
 *
 * `stamps` is replaced (so it must be valid or all zero) by those of the files looked at: also when
 * loading fails, so that a broken file is complained of once and tried again when it has changed.
 * The caller frees it with file_stamps_free().
 */
struct web_config *web_config_load(const char *path, struct file_stamps *stamps, char *error,
                                   size_t error_size);

/* NULL is allowed. */
void web_config_free(struct web_config *config);

/* Does any of the files look different now? A few stat() calls. A file rewritten in place with as
 * many bytes, within the same tick of the kernel's clock (milliseconds) as the last reading, is
 * missed by kernels before 6.13. */
bool file_stamps_changed(const struct file_stamps *stamps);

/* All zero afterwards. */
void file_stamps_free(struct file_stamps *stamps);

#endif
