// SPDX-License-Identifier: Apache-2.0
#include "negotiation.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Bytes of a header, beyond which it asks for nothing: a scraper's has 300, and 16 kB of separators
 * would take a millisecond. */
enum { HEADER_MAX = 1024 };

enum parameter { QUALITY, VERSION, PROTO, ENCODING, PARAMETERS };

/* A member of a header's list; a parameter that it does not have is NULL. */
struct member {
    const char *name;
    const char *parameters[PARAMETERS];
};

/* Copy a header, to cut the copy up. Blanks and quotes stay behind: no name or value that we know
 * has any. Returns `copy`, which is empty if `header` is NULL or too long. */
static char *copy_header(const char *header, char copy[static HEADER_MAX + 1])
{
    size_t length = 0;
    if (!header || strlen(header) > HEADER_MAX)
        header = "";
    for (; *header; header++) {
        if (!strchr(" \t\"", *header))
            copy[length++] = *header;
    }
    copy[length] = '\0';
    return copy;
}

/* Cut the first member off `list`, which is NULL after the last. */
static struct member cut_member(char **list)
{
    static const char *const names[PARAMETERS] = {"q", "version", "proto", "encoding"};
    char *value, *rest = strsep(list, ",");
    struct member member = {.name = strsep(&rest, ";")};
    while ((value = strsep(&rest, ";"))) {
        const char *name = strsep(&value, "=");
        for (enum parameter i = 0; i < PARAMETERS; i++) {
            if (strcasecmp(name, names[i]) == 0)
                member.parameters[i] = value ? value : "";
        }
    }
    return member;
}

/* From 0 to 1, which it is without the parameter; 0 if it is not understood. */
static double get_quality(const struct member *member)
{
    const char *text = member->parameters[QUALITY];
    char *end;
    if (!text)
        return 1;
    if (strlen(text) > strlen("0.123") || text[strspn(text, "0123456789.")] != '\0')
        return 0;
    const double quality = strtod(text, &end);
    return *end == '\0' && quality <= 1 ? quality : 0;
}

static const struct offer {
    struct member member;
    bool needs_parameters; /* otherwise a client may leave them out */
    struct negotiated_format format;
} offers[] = {
    {{"text/plain", {[VERSION] = "0.0.4"}},
     false,
     {PAGE_TEXT, "text/plain; version=0.0.4; charset=utf-8"}},
    {{"text/plain", {[VERSION] = "1.0.0"}},
     false,
     {PAGE_TEXT, "text/plain; version=1.0.0; charset=utf-8"}},
    {{"application/openmetrics-text", {[VERSION] = "1.0.0"}},
     false,
     {PAGE_OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8"}},
    {{"application/vnd.google.protobuf",
      {[PROTO] = "io.prometheus.client.MetricFamily", [ENCODING] = "delimited"}},
     true,
     {PAGE_PROTOBUF, "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
                     "encoding=delimited"}},
};

static bool matches(const struct member *asked, const struct offer *offer)
{
    bool matches = strcasecmp(asked->name, offer->member.name) == 0;
    for (enum parameter i = VERSION; i < PARAMETERS; i++) {
        const char *given = asked->parameters[i], *ours = offer->member.parameters[i];
        matches &= !ours || (given ? strcmp(given, ours) == 0 : !offer->needs_parameters);
    }
    return matches;
}

struct negotiated_format negotiate_format(const char *accept)
{
    char copy[HEADER_MAX + 1], *list = copy_header(accept, copy);
    const struct offer *best = offers, *end = offers + sizeof offers / sizeof offers[0];
    double most = 0;
    while (list) {
        const struct member asked = cut_member(&list);
        const struct offer *offer = offers;
        while (offer < end && !matches(&asked, offer))
            offer++;
        const double quality = get_quality(&asked);
        if (offer < end && quality > most) {
            best = offer;
            most = quality;
        }
    }
    return best->format;
}

bool negotiate_gzip(const char *accept_encoding)
{
    char copy[HEADER_MAX + 1], *list = copy_header(accept_encoding, copy);
    double gzip = -1, others = 0;
    while (list) {
        const struct member asked = cut_member(&list);
        if (strcasecmp(asked.name, "gzip") == 0 || strcasecmp(asked.name, "x-gzip") == 0)
            gzip = get_quality(&asked);
        else if (strcmp(asked.name, "*") == 0)
            others = get_quality(&asked);
    }
    return (gzip >= 0 ? gzip : others) > 0;
}
