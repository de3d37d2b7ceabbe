// SPDX-License-Identifier: Apache-2.0
#include "exposition_check.h"

#include "utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LABELS = 16, NAME_SIZE = 128, VALUE_SIZE = 64 };

/* Owned strings, in the order of arrival. */
struct strings {
    char **items;
    size_t count;
};

struct sample {
    char name[NAME_SIZE];
    char *labels[MOST_LABELS]; /* name="value" as on the page, sorted by name */
    size_t label_count;
    char le[VALUE_SIZE]; /* the value of the label le, which is not in `labels`; or "" */
    double value;
};

/* How much of a histogram was read: buckets up to +Inf, sum, count; then again for other labels. */
struct histogram_progress {
    enum { COMPLETE, IN_BUCKETS, AFTER_INFINITY, AFTER_SUM } stage;
    char *labels;
    double bound;
    double cumulative;
};

struct checker {
    size_t line_number;
    char *why;
    size_t why_size;
    struct strings families;
    struct strings series;

    /* The current family. */
    char family[NAME_SIZE];
    char type[VALUE_SIZE]; /* "" between HELP and TYPE */
    size_t samples;
    struct histogram_progress histogram;
};

/* Write what is wrong with the current line. Returns false, which most callers return, too. */
static bool wrong(struct checker *checker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool wrong(struct checker *checker, const char *format, ...)
{
    int used = snprintf(checker->why, checker->why_size, "line %zu: ", checker->line_number);
    if (used < 0 || (size_t)used >= checker->why_size)
        return false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(checker->why + used, checker->why_size - (size_t)used, format, arguments);
    va_end(arguments);
    return false;
}

static void *require_memory(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static void strings_add(struct strings *strings, char *item)
{
    if ((strings->count & (strings->count - 1)) == 0) /* full at each power of two */
        strings->items = require_memory(realloc(
            strings->items, (strings->count ? 2 * strings->count : 1) * sizeof *strings->items));
    strings->items[strings->count++] = item;
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sort the strings. Returns one that is there twice, or NULL. */
static const char *strings_find_duplicate(struct strings *strings)
{
    if (strings->count > 1)
        qsort(strings->items, strings->count, sizeof *strings->items, compare_strings);
    for (size_t i = 1; i < strings->count; i++) {
        if (strcmp(strings->items[i - 1], strings->items[i]) == 0)
            return strings->items[i];
    }
    return NULL;
}

static void strings_free(struct strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
}

/* Move a name from `cursor` into `name`. `colons` are allowed in metrics, not in labels. */
static bool take_name(const char **cursor, bool colons, char name[static NAME_SIZE])
{
    size_t length = 0;
    const char *text = *cursor;
    while (isalnum((unsigned char)text[length]) || text[length] == '_' ||
           (colons && text[length] == ':'))
        length++;
    if (length == 0 || length >= NAME_SIZE || isdigit((unsigned char)text[0]))
        return false;
    memcpy(name, text, length);
    name[length] = '\0';
    *cursor += length;
    return true;
}

/* Skip a quoted value at `text`. Returns the text after its closing quote; NULL when it is not
 * quoted or has an escape that the format does not know. */
static const char *skip_quoted(const char *text)
{
    if (*text++ != '"')
        return NULL;
    for (; *text && *text != '"'; text++) {
        if (*text == '\\' && !strchr("\\n\"", *++text))
            return NULL;
        if (*text == '\0')
            return NULL;
    }
    return *text == '"' ? text + 1 : NULL;
}

/* Insert a label in the order of names. False when the sample already has this name. */
static bool insert_label(struct sample *sample, const char *text, size_t length, size_t name_length)
{
    size_t place = sample->label_count;
    for (; place > 0; place--) {
        int order = strncmp(sample->labels[place - 1], text, name_length + 1);
        if (order == 0)
            return false;
        if (order < 0)
            break;
        sample->labels[place] = sample->labels[place - 1];
    }
    sample->labels[place] = require_memory(strndup(text, length));
    sample->label_count++;
    return true;
}

static bool take_label(struct checker *checker, struct sample *sample, const char **cursor)
{
    const char *start = *cursor;
    char name[NAME_SIZE];
    if (!take_name(cursor, false, name) || **cursor != '=')
        return wrong(checker, "not a label: %.40s", start);
    const char *value = *cursor + 1;
    const char *end = skip_quoted(value);
    if (!end)
        return wrong(checker, "label %s has no valid value", name);
    *cursor = end;
    if (strcmp(name, "le") == 0) {
        if (sample->le[0] || (size_t)(end - value - 2) >= sizeof sample->le || end - value <= 2)
            return wrong(checker, "le is empty, too long or duplicate");
        memcpy(sample->le, value + 1, (size_t)(end - value - 2));
        return true;
    }
    if (sample->label_count == MOST_LABELS)
        return wrong(checker, "too many labels");
    return insert_label(sample, start, (size_t)(end - start), strlen(name)) ||
           wrong(checker, "label %s is duplicate", name);
}

static bool take_labels(struct checker *checker, struct sample *sample, const char **cursor)
{
    if (**cursor != '{')
        return true;
    do {
        ++*cursor;
        if (!take_label(checker, sample, cursor))
            return false;
    } while (**cursor == ',');
    if (**cursor != '}')
        return wrong(checker, "} is missing after the labels");
    ++*cursor;
    return true;
}

static bool parse_value(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    if (strcmp(text, "NaN") == 0 || strcmp(text, "+Inf") == 0 || strcmp(text, "-Inf") == 0)
        return true;
    return *text && *end == '\0' && text[strspn(text, "0123456789+-.eE")] == '\0';
}

static char *join_labels(const struct sample *sample)
{
    char *joined;
    size_t size;
    FILE *stream = require_memory(open_memstream(&joined, &size));
    for (size_t i = 0; i < sample->label_count; i++)
        fprintf(stream, "%s,", sample->labels[i]);
    fclose(stream);
    return joined;
}

static void remember_series(struct checker *checker, const struct sample *sample)
{
    char *series, *labels = join_labels(sample);
    if (asprintf(&series, "%s{%sle=%s}", sample->name, labels, sample->le) < 0)
        abort();
    free(labels);
    strings_add(&checker->series, series);
}

static bool check_bucket(struct checker *checker, const struct sample *sample)
{
    struct histogram_progress *progress = &checker->histogram;
    double bound;
    if (!parse_value(sample->le, &bound) || isnan(bound))
        return wrong(checker, "le is not a bound: %s", sample->le);
    if (bound <= progress->bound || sample->value < progress->cumulative)
        return wrong(checker, "the buckets do not ascend");
    progress->bound = bound;
    progress->cumulative = sample->value;
    progress->stage = isinf(bound) ? AFTER_INFINITY : IN_BUCKETS;
    return true;
}

/* Check a sample of a histogram. `suffix` is what its name has after the name of the family. */
static bool check_histogram_part(struct checker *checker, const struct sample *sample,
                                 const char *suffix)
{
    struct histogram_progress *progress = &checker->histogram;
    bool bucket = strcmp(suffix, "_bucket") == 0;
    char *labels = join_labels(sample);
    if (progress->stage == COMPLETE && bucket) {
        free(progress->labels);
        *progress = (struct histogram_progress){IN_BUCKETS, labels, -INFINITY, 0};
        return check_bucket(checker, sample);
    }
    bool same = progress->labels && strcmp(labels, progress->labels) == 0;
    free(labels);
    if (!same)
        return wrong(checker, "the previous histogram is not complete");
    if (bucket && progress->stage == IN_BUCKETS)
        return check_bucket(checker, sample);
    if (strcmp(suffix, "_sum") == 0 && progress->stage == AFTER_INFINITY) {
        progress->stage = AFTER_SUM;
        return true;
    }
    if (strcmp(suffix, "_count") == 0 && progress->stage == AFTER_SUM) {
        progress->stage = COMPLETE;
        return sample->value == progress->cumulative ||
               wrong(checker, "the count differs from the bucket +Inf");
    }
    return wrong(checker, "not the next part of a histogram: %s", sample->name);
}

static bool check_in_family(struct checker *checker, const struct sample *sample)
{
    size_t length = strlen(checker->family);
    if (!checker->type[0] || strncmp(sample->name, checker->family, length) != 0)
        return wrong(checker, "a sample outside its family: %s", sample->name);
    checker->samples++;
    const char *suffix = sample->name + length;
    if (strcmp(checker->type, "histogram") == 0)
        return check_histogram_part(checker, sample, suffix);
    if (*suffix)
        return wrong(checker, "a sample outside its family: %s", sample->name);
    if (sample->le[0])
        return wrong(checker, "le outside a histogram");
    if (strcmp(checker->type, "counter") == 0 && !(sample->value >= 0))
        return wrong(checker, "a counter that is negative or NaN");
    return true;
}

static bool check_sample(struct checker *checker, const char *line)
{
    struct sample sample = {0};
    const char *cursor = line;
    bool good = take_name(&cursor, true, sample.name) || wrong(checker, "no name: %.40s", line);
    good = good && take_labels(checker, &sample, &cursor);
    if (good && (*cursor != ' ' || !parse_value(cursor + 1, &sample.value)))
        good = wrong(checker, "no valid value after %s: %.40s", sample.name, cursor);
    good = good && check_in_family(checker, &sample);
    if (good)
        remember_series(checker, &sample);
    for (size_t i = 0; i < sample.label_count; i++)
        free(sample.labels[i]);
    return good;
}

static bool end_family(struct checker *checker)
{
    if (checker->family[0] && checker->samples == 0)
        return wrong(checker, "family %s has no samples", checker->family);
    return checker->histogram.stage == COMPLETE ||
           wrong(checker, "histogram %s is not complete", checker->family);
}

static bool check_help(struct checker *checker, const char *text)
{
    if (!end_family(checker))
        return false;
    if (!take_name(&text, true, checker->family) || *text != ' ' || !text[1])
        return wrong(checker, "HELP without a name or a text");
    for (; (text = strchr(text, '\\')); text += 2) {
        if (text[1] != '\\' && text[1] != 'n')
            return wrong(checker, "an invalid escape in HELP");
    }
    checker->type[0] = '\0';
    checker->samples = 0;
    strings_add(&checker->families, require_memory(strdup(checker->family)));
    return true;
}

static bool check_type(struct checker *checker, const char *text)
{
    char name[NAME_SIZE];
    if (!take_name(&text, true, name) || *text++ != ' ' || strcmp(name, checker->family) != 0 ||
        checker->type[0])
        return wrong(checker, "a TYPE without its HELP before");
    if (strcmp(text, "gauge") != 0 && strcmp(text, "counter") != 0 &&
        strcmp(text, "histogram") != 0)
        return wrong(checker, "unknown type: %.40s", text);
    strcpy(checker->type, text);
    size_t length = strlen(name);
    bool total = length > 6 && strcmp(name + length - 6, "_total") == 0;
    return total == (strcmp(text, "counter") == 0) ||
           wrong(checker, "counters, and only counters, end in _total: %s", name);
}

static bool check_line(struct checker *checker, const char *line)
{
    if (strncmp(line, "# HELP ", 7) == 0)
        return check_help(checker, line + 7);
    if (strncmp(line, "# TYPE ", 7) == 0)
        return check_type(checker, line + 7);
    return check_sample(checker, line);
}

/* Check each line of `text`, which ends in a newline and is cut into lines. */
static bool check_lines(struct checker *checker, char *text)
{
    for (char *end; (end = strchr(text, '\n')); text = end + 1) {
        *end = '\0';
        checker->line_number++;
        if (!check_line(checker, text))
            return false;
    }
    if (!end_family(checker))
        return false;
    const char *twice = strings_find_duplicate(&checker->families);
    if (!twice)
        twice = strings_find_duplicate(&checker->series);
    return !twice || wrong(checker, "duplicate: %s", twice);
}

bool exposition_is_valid(const char *text, size_t length, char *why, size_t size)
{
    struct checker checker = {.why = why, .why_size = size};
    if (length == 0 || text[length - 1] != '\n' || memchr(text, '\0', length))
        return wrong(&checker, "not a text that ends in a newline");
    if (!utf8_is_valid(text, length))
        return wrong(&checker, "not UTF-8");
    char *copy = require_memory(strndup(text, length));
    bool valid = check_lines(&checker, copy);
    free(copy);
    free(checker.histogram.labels);
    strings_free(&checker.families);
    strings_free(&checker.series);
    return valid;
}

bool exposition_value(const char *text, size_t length, const char *series, double *value)
{
    const char *end = text + length;
    size_t wanted = strlen(series);
    for (const char *line = text, *next; line < end; line = next) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        next = newline ? newline + 1 : end;
        if ((size_t)(next - line) <= wanted + 1 || memcmp(line, series, wanted) != 0 ||
            line[wanted] != ' ')
            continue;
        char number[VALUE_SIZE];
        snprintf(number, sizeof number, "%.*s", (int)(next - line - (int)wanted - 2),
                 line + wanted + 1);
        return parse_value(number, value);
    }
    return false;
}

double exposition_read(const char *text, size_t length, const char *series)
{
    double value = NAN;
    if (!exposition_value(text, length, series, &value))
        fail_msg("there is no %s", series);
    return value;
}
