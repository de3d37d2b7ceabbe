// SPDX-License-Identifier: Apache-2.0
#include "html_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <string.h>

enum { DEEPEST = 32, LONGEST = 24 }; /* nested elements; bytes of a name, with its NUL */

struct reader {
    const char *at;
    const char *why; /* the first error, or NULL */
    char open[DEEPEST][LONGEST];
    size_t depth;
};

static bool complain(struct reader *reader, const char *why)
{
    if (!reader->why)
        reader->why = why;
    return false;
}

static bool take(struct reader *reader, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(reader->at, text, length) != 0)
        return false;
    reader->at += length;
    return true;
}

static bool is_one_of(const char *name, const char *const names[])
{
    for (; *names; names++) {
        if (strcmp(name, *names) == 0)
            return true;
    }
    return false;
}

static bool read_name(struct reader *reader, char name[static LONGEST])
{
    size_t length = 0;
    while (isalnum((unsigned char)*reader->at) || *reader->at == '-') {
        if (length == LONGEST - 1)
            return false;
        name[length++] = *reader->at++;
    }
    name[length] = '\0';
    return length > 0;
}

static bool read_entity(struct reader *reader)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (take(reader, entities[i]))
            return true;
    }
    return complain(reader, "a bare &");
}

/* Read text up to the character `end`, which stays unread. */
static bool read_text(struct reader *reader, char end)
{
    while (*reader->at && *reader->at != end) {
        if (*reader->at == '&') {
            if (!read_entity(reader))
                return false;
        } else if (strchr("<>", *reader->at) || (end == '<' && *reader->at == '"') ||
                   (iscntrl((unsigned char)*reader->at) && *reader->at != '\n')) {
            return complain(reader, "a character that must be escaped");
        } else {
            reader->at++;
        }
    }
    return true;
}

/* Read an attribute. It must not load anything, and styles and scripts have elements of their own.
 */
static bool read_attribute(struct reader *reader, char name[static LONGEST])
{
    if (!read_name(reader, name) || !take(reader, "=\""))
        return complain(reader, "an attribute that is not name=\"value\"");
    if (strcmp(name, "style") == 0 || strncmp(name, "on", 2) == 0 || strcmp(name, "src") == 0)
        return complain(reader, "an attribute that is not allowed");
    if (strcmp(name, "href") == 0 && reader->at[strcspn(reader->at, "/:\"")] == ':')
        return complain(reader, "a link to another site");
    if (strcmp(name, "href") == 0 && reader->at[0] == '/')
        return complain(reader, "a link that ignores a proxy's prefix");
    return read_text(reader, '"') && (take(reader, "\"") || complain(reader, "an open value"));
}

static bool read_attributes(struct reader *reader)
{
    enum { MOST = 8 };
    char names[MOST][LONGEST];
    for (size_t count = 0; take(reader, " "); count++) {
        if (count == MOST || !read_attribute(reader, names[count]))
            return complain(reader, "too many attributes");
        for (size_t i = 0; i < count; i++) {
            if (strcmp(names[i], names[count]) == 0)
                return complain(reader, "a duplicate attribute");
        }
    }
    return true;
}

static bool read_tag(struct reader *reader)
{
    static const char *const empty[] = {"meta", "wbr", NULL};
    static const char *const drawn[] = {"path", "rect", NULL};
    static const char *const forbidden[] = {"link", "img", "iframe", "object", "form", NULL};
    char name[LONGEST];
    if (take(reader, "</")) {
        if (!read_name(reader, name) || !take(reader, ">") || reader->depth == 0 ||
            strcmp(reader->open[--reader->depth], name) != 0)
            return complain(reader, "an end tag without its start tag");
        return true;
    }
    if (!take(reader, "<") || !read_name(reader, name) || is_one_of(name, forbidden))
        return complain(reader, "a tag that is not allowed");
    if (!read_attributes(reader))
        return false;
    if (is_one_of(name, empty))
        return take(reader, ">") || complain(reader, "an open tag");
    if (is_one_of(name, drawn))
        return take(reader, "/>") || complain(reader, "a shape that is not closed");
    if (!take(reader, ">") || reader->depth == DEEPEST)
        return complain(reader, "an open tag");
    memcpy(reader->open[reader->depth++], name, sizeof name);
    if (strcmp(name, "style") == 0 || strcmp(name, "script") == 0)
        reader->at += strcspn(reader->at, "<");
    return true;
}

const char *html_find_fault(const char *html)
{
    struct reader reader = {.at = html};
    if (!take(&reader, "<!DOCTYPE html>\n"))
        return "no document type";
    while (*reader.at && !reader.why) {
        if (*reader.at == '<')
            read_tag(&reader);
        else
            read_text(&reader, '<');
    }
    return reader.why ? reader.why : reader.depth > 0 ? "an element that is not closed" : NULL;
}

/* ---- text ---- */

static char decode_character(const char **at)
{
    static const struct {
        const char *entity;
        char character;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        size_t length = strlen(entities[i].entity);
        if (strncmp(*at, entities[i].entity, length) != 0)
            continue;
        *at += length;
        return entities[i].character;
    }
    return *(*at)++;
}

static void append_character(struct buffer *text, char character)
{
    bool space = isspace((unsigned char)character);
    if (space && (text->length == 0 || text->data[text->length - 1] == ' '))
        return;
    buffer_append(text, space ? " " : &character, 1);
}

void html_read_as_text(struct buffer *text, const char *html)
{
    const char *at = strstr(html, "</style>"), *end = strstr(html, "<script>");
    assert_non_null(at);
    assert_non_null(end);
    while (at < end) {
        if (strncmp(at, "<wbr>", 5) == 0) {
            at += 5;
        } else if (*at == '<') {
            append_character(text, ' ');
            at += strcspn(at, ">") + 1;
        } else {
            append_character(text, decode_character(&at));
        }
    }
    buffer_append(text, "", 1);
}
