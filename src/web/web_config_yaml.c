// SPDX-License-Identifier: Apache-2.0
#include "web_config_yaml.h"

#include "base/controls.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Of an unknown key. A longer one may be a misplaced hash (60 bytes) or line of a PEM text (64). */
enum { QUOTED_MAX = 40 };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

bool config_complain(const struct config_source *source, size_t line, const char *key,
                     const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(source->error, source->error_size, "%s:%.0zu%s %s%s%s", source->path, line,
             line > 0 ? ":" : "", key, *key ? ": " : "", what);
    mask_controls(source->error);
    return false;
}

/* libyaml knows the line of what it could not understand, and of what it could not even decode
 * only the offset. */
static bool complain_of_syntax(const struct yaml_reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    size_t line = parser->problem_mark.line + 1;
    if (parser->error == YAML_READER_ERROR) {
        const unsigned char *at = parser->input.string.start, *end = parser->input.string.end;
        line = 1;
        for (size_t left = parser->problem_offset; left > 0 && at < end; left--)
            line += *at++ == '\n';
    }
    return config_complain(reader->source, line, "", "not YAML: %s",
                           parser->problem ? parser->problem : "out of memory");
}

static void forget_event(struct yaml_reader *reader)
{
    yaml_event_t *event = &reader->event;
    if (event->type == YAML_SCALAR_EVENT)
        explicit_bzero(event->data.scalar.value, event->data.scalar.length);
    yaml_event_delete(event);
}

bool yaml_advance(struct yaml_reader *reader)
{
    forget_event(reader);
    if (!yaml_parser_parse(&reader->parser, &reader->event))
        return complain_of_syntax(reader);
    reader->line = reader->event.start_mark.line + 1;
    return reader->event.type != YAML_ALIAS_EVENT ||
           yaml_complain(reader, "aliases are not supported");
}

/* Is the present event one of `words`, without quotes or a tag? */
static bool is_plain(const struct yaml_reader *reader, const char *const words[], size_t count)
{
    const yaml_event_t *event = &reader->event;
    if (event->type != YAML_SCALAR_EVENT || event->data.scalar.tag ||
        event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    size_t i = 0;
    while (i < count && strcmp((const char *)event->data.scalar.value, words[i]) != 0)
        i++;
    return i < count;
}

/* Is it a scalar that stands for nothing? */
static bool is_null(const struct yaml_reader *reader)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    return is_plain(reader, nulls, COUNT(nulls));
}

const char *yaml_string(struct yaml_reader *reader)
{
    const yaml_event_t *event = &reader->event;
    const char *text = (const char *)event->data.scalar.value;
    const char *tag = (const char *)event->data.scalar.tag;
    if (event->type != YAML_SCALAR_EVENT)
        yaml_complain(reader, "expected a string");
    else if (tag && strcmp(tag, YAML_STR_TAG) != 0)
        yaml_complain(reader, "expected a string without a tag");
    else if (strlen(text) != event->data.scalar.length)
        yaml_complain(reader, "expected a string without a NUL");
    else
        return is_null(reader) ? "" : text;
    return NULL;
}

char *yaml_copy(struct yaml_reader *reader)
{
    const char *text = yaml_string(reader);
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        yaml_complain(reader, "out of memory");
    return copy;
}

bool yaml_read_word(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    if (is_null(reader))
        return true;
    const char *text = yaml_string(reader);
    if (!text)
        return false;
    char list[200] = "";
    size_t used = 0;
    for (const struct yaml_word *word = key->words; word->text && used < sizeof list; word++) {
        if (strcmp(word->text, text) == 0) {
            *(int *)((char *)target + key->field) = word->value;
            return true;
        }
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "",
                                 word->text);
    }
    return yaml_complain(reader, "expected one of: %s", list);
}

bool yaml_read_boolean(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes", "YES",
                                      "on",   "On",   "ON",   "y",   "Y"};
    static const char *const no[] = {"false", "False", "FALSE", "no", "No", "NO",
                                     "off",   "Off",   "OFF",   "n",  "N"};
    bool *value = (bool *)((char *)target + key->field);
    *value = is_plain(reader, yes, COUNT(yes));
    return *value || is_plain(reader, no, COUNT(no)) || is_null(reader) ||
           yaml_complain(reader, "expected true or false");
}

bool yaml_refuse(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    (void)key;
    (void)target;
    bool is_list = reader->event.type == YAML_SEQUENCE_START_EVENT;
    if (is_list && !yaml_advance(reader))
        return false;
    return (is_list ? reader->event.type == YAML_SEQUENCE_END_EVENT : is_null(reader)) ||
           yaml_complain(reader, "is not supported");
}

/* The present event is a key of the mapping; `seen` has a bit for each that was before it. */
static bool read_entry(struct yaml_reader *reader, const struct yaml_key *keys, size_t count,
                       uint32_t *seen, void *target)
{
    if (!keys[0].name)
        return keys[0].read(reader, &keys[0], target);
    const char *name = yaml_string(reader);
    size_t i = 0, length = strlen(reader->path);
    if (!name)
        return false;
    while (i < count && strcmp(keys[i].name, name) != 0)
        i++;
    if (i == count)
        return yaml_complain(reader, "unknown key \"%s\"",
                             strlen(name) > QUOTED_MAX ? "..." : name);
    snprintf(reader->path + length, sizeof reader->path - length, "%s%s", length > 0 ? "." : "",
             name);
    if (*seen & UINT32_C(1) << i)
        return yaml_complain(reader, "is given twice");
    *seen |= UINT32_C(1) << i;
    bool good = yaml_advance(reader) && keys[i].read(reader, &keys[i], target);
    if (good)
        reader->path[length] = '\0';
    return good;
}

bool yaml_read_mapping(struct yaml_reader *reader, const struct yaml_key *keys, size_t count,
                       void *target)
{
    if (is_null(reader))
        return true;
    if (reader->event.type != YAML_MAPPING_START_EVENT)
        return yaml_complain(reader, "expected lines of \"key: value\"");
    size_t line = reader->line;
    uint32_t seen = 0;
    while (yaml_advance(reader)) {
        if (reader->event.type == YAML_MAPPING_END_EVENT) {
            reader->line = line;
            return true;
        }
        if (!read_entry(reader, keys, count, &seen, target))
            return false;
    }
    return false;
}

bool yaml_read(const char *text, const struct config_source *source, const struct yaml_key *keys,
               size_t count, void *target)
{
    struct yaml_reader reader = {.source = source};
    if (!yaml_parser_initialize(&reader.parser))
        return config_complain(source, 0, "", "out of memory");
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, strlen(text));
    /* The beginning of the stream, and that of a document or the end of the stream. */
    bool good = yaml_advance(&reader) && yaml_advance(&reader);
    if (good && reader.event.type != YAML_STREAM_END_EVENT)
        good = yaml_advance(&reader) && yaml_read_mapping(&reader, keys, count, target) &&
               yaml_advance(&reader) && yaml_advance(&reader) &&
               (reader.event.type == YAML_STREAM_END_EVENT ||
                yaml_complain(&reader, "several documents in one file are not supported"));
    forget_event(&reader);
    yaml_parser_delete(&reader.parser);
    return good;
}
