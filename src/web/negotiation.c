// SPDX-License-Identifier: Apache-2.0
#include "negotiation.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Bytes of a header, beyond which it asks for nothing: a scraper's has 300, and 16 kB of separators
 * would take a millisecond. */
enum { HEADER_MAX = 1024 };

/* A piece of a header. */
struct slice {
    const char *start;
    size_t length;
};

static bool is_text(struct slice slice, const char *text)
{
    return slice.length == strlen(text) && strncasecmp(slice.start, text, slice.length) == 0;
}

/* Take what precedes the first `separator` away from `rest`, without blanks around it. None of our
 * values has a separator, so quotes need not hide one. */
static struct slice cut(struct slice *rest, char separator)
{
    const char *start = rest->start, *limit = start + rest->length;
    const char *found = memchr(start, separator, rest->length), *end = found ? found : limit;
    const char *next = found ? found + 1 : limit;
    *rest = (struct slice){next, (size_t)(limit - next)};
    while (start < end && isblank((unsigned char)*start))
        start++;
    while (start < end && isblank((unsigned char)end[-1]))
        end--;
    return (struct slice){start, (size_t)(end - start)};
}

/* The value of a parameter, without its quotes. All zero without the parameter. */
static struct slice get_parameter(struct slice parameters, const char *name)
{
    while (parameters.length > 0) {
        struct slice value = cut(&parameters, ';');
        if (!is_text(cut(&value, '='), name))
            continue;
        value = cut(&value, ';'); /* of which there is none: the blanks go */
        if (value.length >= 2 && value.start[0] == '"' && value.start[value.length - 1] == '"')
            value = (struct slice){value.start + 1, value.length - 2};
        return value;
    }
    return (struct slice){0};
}

/* From 0 to 1, which it is without the parameter; -1 for what is not understood. */
static double parse_quality(struct slice text)
{
    char *end;
    if (!text.start)
        return 1;
    if (text.length == 0 || text.length > strlen("0.123") ||
        strspn(text.start, "0123456789.") < text.length)
        return -1;
    const double quality = strtod(text.start, &end);
    return end == text.start + text.length && quality <= 1 ? quality : -1;
}

/* What we have. */
struct offer {
    const char *names[3];         /* of ranges, the widest first */
    const char *parameters[2][2]; /* names and values */
    bool needs_parameters;        /* when a range has the last name */
    struct negotiated_format format;
};

/* How closely a range describes an offer: 0 not at all. */
static int measure_closeness(struct slice name, struct slice parameters, const struct offer *offer)
{
    int closeness = 3;
    while (closeness > 0 && !is_text(name, offer->names[closeness - 1]))
        closeness--;
    for (int i = 0; closeness >= 3 && i < 2 && offer->parameters[i][0]; i++) {
        struct slice value = get_parameter(parameters, offer->parameters[i][0]);
        if (is_text(value, offer->parameters[i][1]))
            closeness++;
        else if (value.length > 0 || offer->needs_parameters)
            closeness = 0;
    }
    return closeness;
}

/* What the closest of the ranges in a header says of an offer. */
struct wish {
    int closeness;
    double quality;
    int position;
};

static struct wish find_wish(const char *header, const struct offer *offer)
{
    const size_t length = header ? strlen(header) : 0;
    struct slice list = {header, length <= HEADER_MAX ? length : 0};
    struct wish wish = {0};
    for (int position = 0; list.length > 0; position++) {
        struct slice parameters = cut(&list, ',');
        const struct slice name = cut(&parameters, ';');
        const double quality = parse_quality(get_parameter(parameters, "q"));
        const int closeness = measure_closeness(name, parameters, offer);
        if (quality >= 0 && closeness > wish.closeness)
            wish = (struct wish){closeness, quality, position};
    }
    return wish;
}

struct negotiated_format negotiate_format(const char *accept)
{
    static const struct offer offers[] = {
        /* the one we prefer first */
        {{"*/*", "text/*", "text/plain"},
         {{"version", "0.0.4"}},
         false,
         {PAGE_TEXT, "text/plain; version=0.0.4; charset=utf-8"}},
        {{"*/*", "text/*", "text/plain"},
         {{"version", "1.0.0"}},
         false,
         {PAGE_TEXT, "text/plain; version=1.0.0; charset=utf-8"}},
        {{"*/*", "application/*", "application/openmetrics-text"},
         {{"version", "1.0.0"}},
         false,
         {PAGE_OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8"}},
        {{"*/*", "application/*", "application/vnd.google.protobuf"},
         {{"proto", "io.prometheus.client.MetricFamily"}, {"encoding", "delimited"}},
         true,
         {PAGE_PROTOBUF, "application/vnd.google.protobuf; "
                         "proto=io.prometheus.client.MetricFamily; encoding=delimited"}},
    };
    const struct offer *best = &offers[0];
    struct wish most = {0};
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        const struct wish wish = find_wish(accept, &offers[i]);
        if (wish.quality > most.quality ||
            (wish.quality == most.quality && wish.position < most.position)) {
            best = &offers[i];
            most = wish;
        }
    }
    return best->format;
}

bool negotiate_gzip(const char *accept_encoding)
{
    static const struct offer gzip = {.names = {"*", "x-gzip", "gzip"}};
    static const struct offer identity = {.names = {"identity", "identity", "identity"}};
    const double quality = find_wish(accept_encoding, &gzip).quality;
    return quality > 0 && quality >= find_wish(accept_encoding, &identity).quality;
}
