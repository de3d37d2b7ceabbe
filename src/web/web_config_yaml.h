// SPDX-License-Identifier: Apache-2.0
/*
 * Reads YAML as the keys that are expected, one event of libyaml after the other, and complains of
 * the first that is not. No tree is built: what nests deeper than expected is refused where it
 * begins (libyaml takes minutes for a line of 200,000 brackets), and an alias wherever it is.
 * Private to src/web.
 */
#ifndef SOCKDIAG_WEB_CONFIG_YAML_H
#define SOCKDIAG_WEB_CONFIG_YAML_H

#include "web_config.h"

#include <yaml.h>

/* The YAML file, and what comes of reading it. */
struct config_source {
    const char *path;
    struct file_stamps *stamps; /* of the files that were read; has room */
    char *error;                /* one line that says what is wrong, of `error_size` bytes */
    size_t error_size;          /* at least one */
};

/* Make the error "PATH:LINE: KEY: " (without LINE when it is 0, without KEY when it is empty) and
 * what printf would print; control characters become "?". False, for the caller to return. */
bool config_complain(const struct config_source *source, size_t line, const char *key,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

struct yaml_reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the present one; its scalar is wiped when the next is read */
    size_t line;        /* where it is, from 1; after a mapping, where that began */
    char path[128];     /* the keys that lead to it, joined by dots */
    const struct config_source *source;
};

/* Complain of the present event. False. */
#define yaml_complain(reader, ...)                                                                 \
    config_complain((reader)->source, (reader)->line, (reader)->path, __VA_ARGS__)

struct yaml_key;

/* Reads one value into `target`. The present event is the first of the value at the beginning and
 * its last at the end. False after a complaint. */
typedef bool yaml_value_reader(struct yaml_reader *reader, const struct yaml_key *key,
                               void *target);

/* One of the texts that a value may be, and what it stands for. */
struct yaml_word {
    const char *text;
    int value;
};

/* A key of a mapping; `field` and `words`, up to a NULL, are for `read`. */
struct yaml_key {
    const char *name; /* NULL in a mapping of one: any, and `read` begins with it */
    yaml_value_reader *read;
    size_t field; /* an offset in the target */
    const struct yaml_word *words;
};

/* Read a file of one document, `text`, that is a mapping of `keys` or nothing. */
bool yaml_read(const char *text, const struct config_source *source, const struct yaml_key *keys,
               size_t count, void *target);

/* Read a mapping of `count` keys, 32 at most. A null is an empty one. */
bool yaml_read_mapping(struct yaml_reader *reader, const struct yaml_key *keys, size_t count,
                       void *target);

bool yaml_advance(struct yaml_reader *reader); /* to the next event */

/* The present event as a string, "" for a null, valid until the next; numbers and booleans are
 * taken as they are written. NULL after a complaint when it is none. */
const char *yaml_string(struct yaml_reader *reader);

/* A copy of that, for free(). */
char *yaml_copy(struct yaml_reader *reader);

/* Value readers: for an `int`, of which the value is one of the words, and a null leaves it as it
 * was; for a `bool` as YAML 1.1 has it (true, yes, on, y), where a null is false, as in Go; for
 * what is not supported, of which only a null and an empty list are taken. */
yaml_value_reader yaml_read_word, yaml_read_boolean, yaml_refuse;

#endif
