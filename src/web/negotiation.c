// SPDX-License-Identifier: Apache-2.0
#include "negotiation.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A piece of a header. */
struct slice {
    const char *start;
    size_t length;
};

static bool slice_is(struct slice slice, const char *text)
{
    return slice.length == strlen(text) && strncasecmp(slice.start, text, slice.length) == 0;
}

/* A header is read from here on. */
struct cursor {
    const char *at;
};

static void skip_blanks(struct cursor *cursor)
{
    cursor->at += strspn(cursor->at, " \t");
}

static bool skip(struct cursor *cursor, char expected)
{
    skip_blanks(cursor);
    if (*cursor->at != expected)
        return false;
    cursor->at++;
    skip_blanks(cursor);
    return true;
}

static struct slice read_token(struct cursor *cursor)
{
    struct slice token = {cursor->at, strcspn(cursor->at, " \t,;=/\"")};
    cursor->at += token.length;
    return token;
}

/* What is between double quotes; an escape in it is left as it stands: none of our values has one.
 */
static struct slice read_quoted(struct cursor *cursor)
{
    const char *start = ++cursor->at;
    while (*cursor->at && *cursor->at != '"')
        cursor->at += cursor->at[0] == '\\' && cursor->at[1] ? 2 : 1;
    struct slice text = {start, (size_t)(cursor->at - start)};
    if (*cursor->at)
        cursor->at++;
    return text;
}

static struct slice read_value(struct cursor *cursor)
{
    return *cursor->at == '"' ? read_quoted(cursor) : read_token(cursor);
}

/* "0", "0.5", "1.000" in thousandths; -1 for anything else. */
static int parse_quality(struct slice text)
{
    static const int places[] = {1000, 0, 100, 10, 1};
    int quality = 0;
    if (text.length == 0 || text.length > 5)
        return -1;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.start[i];
        if (i == 1 ? c != '.' : c < '0' || c > '9')
            return -1;
        quality += i == 1 ? 0 : (c - '0') * places[i];
    }
    return quality <= 1000 ? quality : -1;
}

/* One element of a header: a media range, or a coding, which has no subtype. */
struct element {
    struct slice type, subtype;
    struct slice version, proto, encoding, escaping; /* parameters; without: of length 0 */
    int quality;                                     /* in thousandths; -1: not understood */
};

static void read_parameter(struct cursor *cursor, struct element *element)
{
    struct slice name = read_token(cursor);
    struct slice value = {cursor->at, 0};
    if (skip(cursor, '='))
        value = read_value(cursor);
    if (slice_is(name, "q"))
        element->quality = parse_quality(value);
    else if (slice_is(name, "version"))
        element->version = value;
    else if (slice_is(name, "proto"))
        element->proto = value;
    else if (slice_is(name, "encoding"))
        element->encoding = value;
    else if (slice_is(name, "escaping"))
        element->escaping = value;
}

/* Go to the next element, over what was not understood of this one, which then does not count. */
static void finish_element(struct cursor *cursor, struct element *element)
{
    skip_blanks(cursor);
    while (*cursor->at && *cursor->at != ',') {
        element->quality = -1;
        if (*cursor->at == '"')
            read_quoted(cursor);
        else
            cursor->at++;
    }
    if (*cursor->at == ',')
        cursor->at++;
}

/* The next element of a list; false at its end. */
static bool read_element(struct cursor *cursor, struct element *element)
{
    cursor->at += strspn(cursor->at, " \t,");
    if (!*cursor->at)
        return false;
    *element = (struct element){.quality = 1000};
    element->type = read_token(cursor);
    if (skip(cursor, '/'))
        element->subtype = read_token(cursor);
    while (skip(cursor, ';'))
        read_parameter(cursor, element);
    finish_element(cursor, element);
    return true;
}

/* What we have, what we like best first. */
static const struct offer {
    enum page_format format;
    const char *type, *subtype, *version;
    const char *content_type;
} offers[] = {
    {PAGE_TEXT, "text", "plain", "0.0.4", "text/plain; version=0.0.4; charset=utf-8"},
    {PAGE_TEXT, "text", "plain", "1.0.0", "text/plain; version=1.0.0; charset=utf-8"},
    {PAGE_OPENMETRICS, "application", "openmetrics-text", "1.0.0",
     "application/openmetrics-text; version=1.0.0; charset=utf-8"},
    {PAGE_PROTOBUF, "application", "vnd.google.protobuf", NULL,
     "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
     "encoding=delimited"},
};
enum { OFFERS = sizeof offers / sizeof offers[0] };

/* How closely a range describes an offer: 0 not at all, and the closest decides. */
static int closeness(const struct element *range, const struct offer *offer)
{
    if (slice_is(range->type, "*") && slice_is(range->subtype, "*"))
        return 1;
    if (!slice_is(range->type, offer->type))
        return 0;
    if (slice_is(range->subtype, "*"))
        return 2;
    if (!slice_is(range->subtype, offer->subtype))
        return 0;
    if (offer->format == PAGE_PROTOBUF)
        return slice_is(range->proto, "io.prometheus.client.MetricFamily") &&
                       slice_is(range->encoding, "delimited")
                   ? 4
                   : 0;
    if (range->version.length == 0)
        return 3;
    return slice_is(range->version, offer->version) ? 4 : 0;
}

/* The range that speaks of an offer. */
struct wish {
    struct element range;
    int closeness;
    int position;
};

/* Is `a` wished for more than `b`? Neither is refused. */
static bool is_better(const struct wish *a, const struct wish *b)
{
    if (a->range.quality != b->range.quality)
        return a->range.quality > b->range.quality;
    return a->position < b->position;
}

static void describe_content(char content_type[static CONTENT_TYPE_SIZE], const struct offer *offer,
                             struct slice escaping)
{
    static const char *const known[] = {"allow-utf-8", "underscores", "dots", "values"};
    const char *confirmed = NULL;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (slice_is(escaping, known[i]))
            confirmed = known[i];
    }
    snprintf(content_type, CONTENT_TYPE_SIZE, "%s%s%s", offer->content_type,
             confirmed ? "; escaping=" : "", confirmed ? confirmed : "");
}

struct negotiated_format negotiate_format(const char *accept)
{
    struct wish wishes[OFFERS] = {0};
    struct cursor cursor = {accept ? accept : ""};
    struct element range;
    for (int position = 0; read_element(&cursor, &range); position++) {
        for (size_t i = 0; range.quality >= 0 && i < OFFERS; i++) {
            int close = closeness(&range, &offers[i]);
            if (close > wishes[i].closeness)
                wishes[i] = (struct wish){range, close, position};
        }
    }
    const struct wish *best = NULL;
    for (size_t i = 0; i < OFFERS; i++) {
        if (wishes[i].closeness > 0 && wishes[i].range.quality > 0 &&
            (!best || is_better(&wishes[i], best)))
            best = &wishes[i];
    }
    const struct offer *offer = &offers[best ? best - wishes : 0];
    struct negotiated_format chosen = {.format = offer->format};
    describe_content(chosen.content_type, offer, best ? best->range.escaping : (struct slice){0});
    return chosen;
}

bool negotiate_gzip(const char *accept_encoding)
{
    struct cursor cursor = {accept_encoding ? accept_encoding : ""};
    struct element coding;
    int gzip = -1, identity = -1, any = -1;
    while (read_element(&cursor, &coding)) {
        if (slice_is(coding.type, "gzip") || slice_is(coding.type, "x-gzip"))
            gzip = coding.quality;
        else if (slice_is(coding.type, "identity"))
            identity = coding.quality;
        else if (slice_is(coding.type, "*"))
            any = coding.quality;
    }
    if (gzip < 0)
        gzip = any;
    return gzip > 0 && gzip >= identity;
}
