// SPDX-License-Identifier: Apache-2.0
/*
 * Reads YAML as the keys that are expected, one event of libyaml after the other, and complains of
 * the first that is not. No tree is built: what nests deeper than expected is refused where it
 * begins (libyaml takes minutes for a line of 200,000 brackets), and an alias wherever it is.
 * Private to src/web.
 */
#ifndef SOCKDIAG_WEB_CONFIG_YAML_H
#define SOCKDIAG_WEB_CONFIG_YAML_H

#include "web_config_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

enum { YAML_DEPTH = 3 }; /* a section, a key, a key of that */

struct yaml_reader {
    yaml_parser_t parser;
    yaml_event_t event;            /* the present one */
    const char *place[YAML_DEPTH]; /* the keys that lead to it, for complaints */
    size_t depth;
    const char *text;
    size_t length;
    const struct config_error *error;
};

struct yaml_key;

/* Reads one value into `target`. The present event is the first of the value at the beginning and
 * its last at the end. False after a complaint. */
typedef bool yaml_value_reader(struct yaml_reader *reader, const struct yaml_key *key,
                               void *target);

/* A key of a mapping. */
struct yaml_key {
    const char *name;
    yaml_value_reader *read;
    size_t field;       /* for `read`: an offset in its target */
    const char *advice; /* for `read` */
};

/* Read a file of one document, `text`, that is a mapping of `keys` or nothing. */
bool yaml_read(const char *text, size_t length, const struct config_error *error,
               const struct yaml_key *keys, size_t count, void *target);

/* Value readers of a mapping of `count` keys, 32 at most, and of a list whose every item `item`
 * reads. A null is an empty one. */
bool yaml_read_mapping(struct yaml_reader *reader, const struct yaml_key *keys, size_t count,
                       void *target);
bool yaml_read_list(struct yaml_reader *reader, yaml_value_reader *item, const struct yaml_key *key,
                    void *target);

/* Go on to the next event. */
bool yaml_advance(struct yaml_reader *reader);

/* Is the present event a scalar that stands for nothing: empty, ~ or null, not quoted? */
bool yaml_is_null(const struct yaml_reader *reader);

/* The present event as a string, "" for a null, valid until the next; numbers and booleans are
 * taken as they are written. NULL after a complaint when it is none. */
const char *yaml_string(struct yaml_reader *reader);

/* The present event as a boolean of YAML 1.1: true, yes, on, y and their opposites. */
bool yaml_boolean(struct yaml_reader *reader, bool *value);

/* The line of the present event, from 1. */
size_t yaml_line(const struct yaml_reader *reader);

/* Complain of the present event. False. */
bool yaml_complain(struct yaml_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
