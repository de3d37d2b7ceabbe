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

bool proc_file_read_text(char *text, size_t size, const char *root, const char *name,
                         struct fault *fault)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", root, name);

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -errno : read_to_end(fd, text, size);
    if (fd >= 0)
        close(fd);
    if (length == (ssize_t)size)
        length = -EFBIG;
    if (length < 0) {
        *fault = (struct fault){FAULT_PROC_READ, (int)-length, name};
        return false;
    }
    text[length] = '\0';
    return true;
}

bool proc_file_read(struct proc_file *file, const char *root, const char *name, struct fault *fault)
{
    file->name = name;
    return proc_file_read_text(file->text, sizeof file->text, root, name, fault);
}

bool proc_file_not_understood(const char *name, struct fault *fault)
{
    *fault = (struct fault){.reason = FAULT_PROC_PARSE, .subject = name};
    return false;
}

/* The first line at or after `text` that begins with `prefix`; what follows the prefix, or NULL. */
static const char *find_line(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    while (text && strncmp(text, prefix, length) != 0) {
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    return text ? text + length : NULL;
}

/* Step over spaces; the start of the next word and its length, 0 at the end of the line. */
static size_t next_word(const char **cursor)
{
    while (**cursor == ' ' || **cursor == '\t')
        ++*cursor;
    return strcspn(*cursor, " \t\n");
}

static bool parse_number(const char *word, uint64_t *value)
{
    if (!isdigit((unsigned char)*word))
        return false;
    char *end;
    errno = 0;
    *value = strtoull(word, &end, 10);
    return errno == 0 && (*end == '\0' || isspace((unsigned char)*end));
}

static bool is_word(const char *cursor, size_t length, const char *word)
{
    return length == strlen(word) && memcmp(cursor, word, length) == 0;
}

bool proc_file_keyed(const struct proc_file *file, const char *line, const char *key,
                     uint64_t *value)
{
    const char *cursor = find_line(file->text, line);
    if (!cursor)
        return false;
    for (size_t length; (length = next_word(&cursor)) > 0; cursor += length) {
        if (!is_word(cursor, length, key))
            continue;
        cursor += length;
        next_word(&cursor);
        return parse_number(cursor, value);
    }
    return false;
}

bool proc_file_column(const struct proc_file *file, const char *line, const char *column,
                      uint64_t *value)
{
    const char *heading = find_line(file->text, line);
    const char *number = heading ? find_line(heading, line) : NULL;
    if (!number)
        return false;
    size_t heading_length, number_length;
    while ((heading_length = next_word(&heading)) > 0 && (number_length = next_word(&number)) > 0) {
        if (is_word(heading, heading_length, column))
            return parse_number(number, value);
        heading += heading_length;
        number += number_length;
    }
    return false;
}

bool proc_file_number(const struct proc_file *file, uint64_t *value)
{
    size_t digits = strspn(file->text, "0123456789");
    return parse_number(file->text, value) &&
           file->text[digits + strspn(file->text + digits, " \t\r\n")] == '\0';
}

bool proc_file_numbers(const struct proc_file *file, uint64_t *values, size_t count)
{
    const char *cursor = file->text;
    for (size_t i = 0; i < count; i++) {
        size_t length = next_word(&cursor);
        if (length == 0 || !parse_number(cursor, &values[i]))
            return false;
        cursor += length;
    }
    return true;
}
