// SPDX-License-Identifier: Apache-2.0
#include "web_config_yaml.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

size_t yaml_line(const struct yaml_reader *reader)
{
    return reader->event.start_mark.line + 1;
}

bool yaml_complain(struct yaml_reader *reader, const char *format, ...)
{
    char what[512], place[128] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);

    for (size_t i = 0, used = 0; i < reader->depth && used < sizeof place; i++)
        used += (size_t)snprintf(place + used, sizeof place - used, "%s%s", i ? "." : "",
                                 reader->place[i]);
    return config_complain(reader->error, yaml_line(reader), reader->depth ? place : NULL, "%s",
                           what);
}

/* libyaml knows the line of what it could not understand, and of what it could not even decode
 * only the offset. */
static bool complain_of_syntax(const struct yaml_reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return config_complain(reader->error, 0, NULL, "out of memory");

    size_t line = parser->problem_mark.line + 1;
    if (parser->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t i = 0; i < reader->length && i < parser->problem_offset; i++)
            line += reader->text[i] == '\n';
    }
    return config_complain(reader->error, line, NULL, "not YAML: %s%s%s",
                           parser->context ? parser->context : "", parser->context ? ": " : "",
                           parser->problem);
}

bool yaml_advance(struct yaml_reader *reader)
{
    yaml_event_delete(&reader->event);
    if (!yaml_parser_parse(&reader->parser, &reader->event))
        return complain_of_syntax(reader);
    if (reader->event.type == YAML_ALIAS_EVENT)
        return yaml_complain(reader, "aliases are not supported");
    return true;
}

static bool is_plain(const struct yaml_reader *reader)
{
    const yaml_event_t *event = &reader->event;
    return event->type == YAML_SCALAR_EVENT &&
           event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !event->data.scalar.tag;
}

static bool is_one_of(const char *text, const char *const words[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0)
            return true;
    }
    return false;
}

bool yaml_is_null(const struct yaml_reader *reader)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    return is_plain(reader) && is_one_of((const char *)reader->event.data.scalar.value, nulls,
                                         sizeof nulls / sizeof nulls[0]);
}

const char *yaml_string(struct yaml_reader *reader)
{
    const yaml_event_t *event = &reader->event;
    if (event->type != YAML_SCALAR_EVENT) {
        yaml_complain(reader, "expected a string");
        return NULL;
    }
    if (yaml_is_null(reader))
        return "";
    const char *text = (const char *)event->data.scalar.value;
    const char *tag = (const char *)event->data.scalar.tag;
    if (tag && strcmp(tag, YAML_STR_TAG) != 0)
        yaml_complain(reader, "expected a string without a tag");
    else if (strlen(text) != event->data.scalar.length)
        yaml_complain(reader, "expected a string without a NUL");
    else
        return text;
    return NULL;
}

bool yaml_boolean(struct yaml_reader *reader, bool *value)
{
    static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes", "YES",
                                      "on",   "On",   "ON",   "y",   "Y"};
    static const char *const no[] = {"false", "False", "FALSE", "no", "No", "NO",
                                     "off",   "Off",   "OFF",   "n",  "N"};
    const char *text = is_plain(reader) ? (const char *)reader->event.data.scalar.value : "";
    *value = is_one_of(text, yes, sizeof yes / sizeof yes[0]);
    return *value || is_one_of(text, no, sizeof no / sizeof no[0]) ||
           yaml_complain(reader, "expected true or false");
}

static const struct yaml_key *find_key(const struct yaml_key *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

/* The present event is a key of the mapping; `seen` has a bit for each that was before it. */
static bool read_entry(struct yaml_reader *reader, const struct yaml_key *keys, size_t count,
                       uint32_t *seen, void *target)
{
    const char *name = yaml_string(reader);
    if (!name)
        return false;
    const struct yaml_key *key = find_key(keys, count, name);
    if (!key)
        return yaml_complain(reader, "unknown key \"%.64s\"", name);
    uint32_t bit = UINT32_C(1) << (key - keys);
    if (*seen & bit)
        return yaml_complain(reader, "%s is given twice", key->name);
    *seen |= bit;

    reader->place[reader->depth++] = key->name;
    bool good = yaml_advance(reader) && key->read(reader, key, target);
    reader->depth--;
    return good;
}

bool yaml_read_mapping(struct yaml_reader *reader, const struct yaml_key *keys, size_t count,
                       void *target)
{
    if (yaml_is_null(reader))
        return true;
    if (reader->event.type != YAML_MAPPING_START_EVENT)
        return yaml_complain(reader, "expected lines of \"key: value\"");
    uint32_t seen = 0;
    while (yaml_advance(reader)) {
        if (reader->event.type == YAML_MAPPING_END_EVENT)
            return true;
        if (!read_entry(reader, keys, count, &seen, target))
            return false;
    }
    return false;
}

bool yaml_read_list(struct yaml_reader *reader, yaml_value_reader *item, const struct yaml_key *key,
                    void *target)
{
    if (yaml_is_null(reader))
        return true;
    if (reader->event.type != YAML_SEQUENCE_START_EVENT)
        return yaml_complain(reader, "expected a list");
    while (yaml_advance(reader)) {
        if (reader->event.type == YAML_SEQUENCE_END_EVENT)
            return true;
        if (!item(reader, key, target))
            return false;
    }
    return false;
}

/* The stream's first event, and either its last or one document and then its last. */
static bool read_stream(struct yaml_reader *reader, const struct yaml_key *keys, size_t count,
                        void *target)
{
    if (!yaml_advance(reader) || !yaml_advance(reader))
        return false;
    if (reader->event.type == YAML_STREAM_END_EVENT)
        return true;
    if (!yaml_advance(reader) || !yaml_read_mapping(reader, keys, count, target) ||
        !yaml_advance(reader) || !yaml_advance(reader))
        return false;
    return reader->event.type == YAML_STREAM_END_EVENT ||
           yaml_complain(reader, "several documents in one file are not supported");
}

bool yaml_read(const char *text, size_t length, const struct config_error *error,
               const struct yaml_key *keys, size_t count, void *target)
{
    struct yaml_reader reader = {.text = text, .length = length, .error = error};
    if (!yaml_parser_initialize(&reader.parser))
        return config_complain(error, 0, NULL, "out of memory");
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    bool good = read_stream(&reader, keys, count, target);
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    return good;
}
