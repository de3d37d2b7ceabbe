// SPDX-License-Identifier: Apache-2.0
#include "proc_file.h"

#include "base/read_to_end.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool proc_file_read_open_text(char *text, size_t size, int fd, const char *name,
                              struct fault *fault)
{
    ssize_t length = read_to_end(fd, text, size);
    if (length == (ssize_t)size)
        length = -EFBIG;
    if (length < 0)
        return fault_set(fault, FAULT_PROC_READ, (int)-length, name);
    text[length] = '\0';
    return true;
}

bool proc_file_read_text(char *text, size_t size, const char *root, const char *name,
                         struct fault *fault)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", root, name);

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fault_set(fault, FAULT_PROC_READ, errno, name);
    bool good = proc_file_read_open_text(text, size, fd, name, fault);
    close(fd);
    return good;
}

bool proc_file_read(struct proc_file *file, const char *root, const char *name, struct fault *fault)
{
    file->name = name;
    file->fault = fault;
    return proc_file_read_text(file->text, sizeof file->text, root, name, fault);
}

bool proc_file_read_open(struct proc_file *file, int fd, const char *name, struct fault *fault)
{
    file->name = name;
    file->fault = fault;
    bool good = proc_file_read_open_text(file->text, sizeof file->text, fd, name, fault);
    close(fd);
    return good;
}

static bool fail(const struct proc_file *file)
{
    return fault_set(file->fault, FAULT_PROC_PARSE, 0, file->name);
}

/* Find the first line that begins with `prefix`. Returns what follows the prefix, or NULL. */
static const char *find_line(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    while (text && strncmp(text, prefix, length) != 0) {
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    return text ? text + length : NULL;
}

/* Step over spaces to the next word. Returns its length, 0 at the end of the line. */
static size_t find_word(const char **cursor)
{
    *cursor += strspn(*cursor, " \t");
    return strcspn(*cursor, " \t\n");
}

static bool is_word(const char *cursor, size_t length, const char *word)
{
    return length == strlen(word) && memcmp(cursor, word, length) == 0;
}

static bool parse_number(const struct proc_file *file, const char *word, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(word, &end, 10);
    if (isdigit((unsigned char)*word) && errno == 0 &&
        (*end == '\0' || isspace((unsigned char)*end)))
        return true;
    *value = PROCFS_ABSENT;
    return fail(file);
}

bool proc_file_get_keyed(const struct proc_file *file, const char *line, const char *key,
                         uint64_t *value)
{
    const char *cursor = find_line(file->text, line);
    for (size_t length; cursor && (length = find_word(&cursor)) > 0; cursor += length) {
        if (!is_word(cursor, length, key))
            continue;
        cursor += length;
        find_word(&cursor);
        return parse_number(file, cursor, value);
    }
    return fail(file);
}

/* The column with this heading, or NULL. */
static const struct proc_column *find_column(const struct proc_column *columns, size_t count,
                                             const char *heading, size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (is_word(heading, length, columns[i].name))
            return &columns[i];
    }
    return NULL;
}

bool proc_file_get_columns(const struct proc_file *file, const char *line,
                           const struct proc_column *columns, size_t count)
{
    const char *heading = find_line(file->text, line);
    const char *number = find_line(heading, line);
    bool good = number || fail(file);
    for (size_t i = 0; i < count; i++)
        *columns[i].value = PROCFS_ABSENT;
    for (size_t length; number && (length = find_word(&heading)) > 0; heading += length) {
        size_t number_length = find_word(&number);
        const struct proc_column *column = find_column(columns, count, heading, length);
        if (column)
            good = parse_number(file, number, column->value) && good;
        number += number_length;
    }
    return good;
}

bool proc_file_get_column(const struct proc_file *file, const char *line, const char *column,
                          uint64_t *value)
{
    return proc_file_get_columns(file, line, &(struct proc_column){column, value}, 1);
}

/* Parse `text` that has one number and nothing more. */
static bool parse_alone(const struct proc_file *file, const char *text, uint64_t *value)
{
    size_t digits = strspn(text, "0123456789");
    bool alone = text[digits + strspn(text + digits, " \t\r\n")] == '\0';
    return alone ? parse_number(file, text, value) : fail(file);
}

bool proc_file_get_number(const struct proc_file *file, uint64_t *value)
{
    return parse_alone(file, file->text, value);
}

bool proc_file_get_limit(const struct proc_file *file, uint64_t *value)
{
    bool negative = file->text[0] == '-';
    if (!parse_alone(file, file->text + negative, value))
        return false;
    if (negative)
        *value = PROCFS_UNLIMITED;
    return true;
}

bool proc_file_get_numbers(const struct proc_file *file, uint64_t *values, size_t count)
{
    const char *cursor = file->text;
    for (size_t i = 0; i < count; i++) {
        size_t length = find_word(&cursor);
        if (!parse_number(file, cursor, &values[i]))
            return false;
        cursor += length;
    }
    return true;
}
