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

static struct slice as_slice(const char *header)
{
    return (struct slice){header ? header : "", header ? strlen(header) : 0};
}

static bool is_text(struct slice slice, const char *text)
{
    return slice.length == strlen(text) && strncasecmp(slice.start, text, slice.length) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct slice trim(struct slice slice)
{
    for (; slice.length > 0 && is_blank(slice.start[0]); slice.length--)
        slice.start++;
    while (slice.length > 0 && is_blank(slice.start[slice.length - 1]))
        slice.length--;
    return slice;
}

/* Take what precedes the first `separator` outside of quotes away from `rest`. */
static struct slice cut(struct slice *rest, char separator)
{
    size_t end = 0;
    for (bool quoted = false; end < rest->length && (quoted || rest->start[end] != separator);
         end++) {
        if (rest->start[end] == '"')
            quoted = !quoted;
        else if (quoted && rest->start[end] == '\\' && end + 1 < rest->length)
            end++;
    }
    struct slice piece = {rest->start, end};
    size_t used = end < rest->length ? end + 1 : end;
    *rest = (struct slice){rest->start + used, rest->length - used};
    return trim(piece);
}

/* The value of a parameter, without its quotes; an escape within stays as it is: none of our values
 * has one. All zero without the parameter. */
static struct slice get_parameter(struct slice parameters, const char *name)
{
    while (parameters.length > 0) {
        struct slice value = cut(&parameters, ';');
        if (!is_text(cut(&value, '='), name))
            continue;
        value = trim(value);
        if (value.length >= 2 && value.start[0] == '"' && value.start[value.length - 1] == '"')
            return (struct slice){value.start + 1, value.length - 2};
        return value;
    }
    return (struct slice){0};
}

/* "0", "0.5", "1.000" in thousandths, 1000 without the parameter; -1 for anything else. */
static int parse_quality(struct slice text)
{
    static const int places[] = {1000, 0, 100, 10, 1};
    int quality = 0;
    if (!text.start)
        return 1000;
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

/* One element of a header: a media range or a coding. */
struct element {
    struct slice name;
    struct slice parameters;
    int quality; /* in thousandths; -1: not understood */
};

/* The next element of a list; false at its end. */
static bool read_element(struct slice *list, struct element *element)
{
    while (list->length > 0) {
        element->parameters = cut(list, ',');
        if (element->parameters.length == 0)
            continue;
        element->name = cut(&element->parameters, ';');
        element->quality = parse_quality(get_parameter(element->parameters, "q"));
        return true;
    }
    return false;
}

/* What we have, what we like best first. */
static const struct offer {
    enum page_format format;
    const char *type, *any_subtype, *version;
    const char *content_type;
} offers[] = {
    {PAGE_TEXT, "text/plain", "text/*", "0.0.4", "text/plain; version=0.0.4; charset=utf-8"},
    {PAGE_TEXT, "text/plain", "text/*", "1.0.0", "text/plain; version=1.0.0; charset=utf-8"},
    {PAGE_OPENMETRICS, "application/openmetrics-text", "application/*", "1.0.0",
     "application/openmetrics-text; version=1.0.0; charset=utf-8"},
    {PAGE_PROTOBUF, "application/vnd.google.protobuf", "application/*", NULL,
     "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
     "encoding=delimited"},
};
enum { OFFERS = sizeof offers / sizeof offers[0] };

/* How closely a range describes an offer: 0 not at all, and the closest decides. */
static int measure_closeness(const struct element *range, const struct offer *offer)
{
    if (is_text(range->name, "*/*"))
        return 1;
    if (is_text(range->name, offer->any_subtype))
        return 2;
    if (!is_text(range->name, offer->type))
        return 0;
    if (offer->format == PAGE_PROTOBUF)
        return is_text(get_parameter(range->parameters, "proto"),
                       "io.prometheus.client.MetricFamily") &&
                       is_text(get_parameter(range->parameters, "encoding"), "delimited")
                   ? 4
                   : 0;
    struct slice version = get_parameter(range->parameters, "version");
    if (version.length == 0)
        return 3;
    return is_text(version, offer->version) ? 4 : 0;
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
        if (is_text(escaping, known[i]))
            confirmed = known[i];
    }
    snprintf(content_type, CONTENT_TYPE_SIZE, "%s%s%s", offer->content_type,
             confirmed ? "; escaping=" : "", confirmed ? confirmed : "");
}

struct negotiated_format negotiate_format(const char *accept)
{
    struct wish wishes[OFFERS] = {0};
    struct slice list = as_slice(accept);
    struct element range;
    for (int position = 0; read_element(&list, &range); position++) {
        for (size_t i = 0; range.quality >= 0 && i < OFFERS; i++) {
            int close = measure_closeness(&range, &offers[i]);
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
    describe_content(chosen.content_type, offer,
                     best ? get_parameter(best->range.parameters, "escaping") : (struct slice){0});
    return chosen;
}

bool negotiate_gzip(const char *accept_encoding)
{
    struct slice list = as_slice(accept_encoding);
    struct element coding;
    int gzip = -1, identity = -1, any = -1;
    while (read_element(&list, &coding)) {
        if (is_text(coding.name, "gzip") || is_text(coding.name, "x-gzip"))
            gzip = coding.quality;
        else if (is_text(coding.name, "identity"))
            identity = coding.quality;
        else if (is_text(coding.name, "*"))
            any = coding.quality;
    }
    if (gzip < 0)
        gzip = any;
    return gzip > 0 && gzip >= identity;
}
