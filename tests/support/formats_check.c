// SPDX-License-Identifier: Apache-2.0
#include "formats_check.h"

#include <stdint.h>
#include <string.h>

/* A piece of a page. */
struct piece {
    const char *start, *end;
};

static struct piece whole(const struct buffer *page)
{
    const char *start = page->data ? page->data : "";
    return (struct piece){start, start + page->length};
}

static size_t length_of(struct piece piece)
{
    return (size_t)(piece.end - piece.start);
}

static bool begins_with(struct piece piece, const char *text)
{
    size_t length = strlen(text);
    return length_of(piece) >= length && memcmp(piece.start, text, length) == 0;
}

static bool are_equal(struct piece a, struct piece b)
{
    return length_of(a) == length_of(b) && memcmp(a.start, b.start, length_of(a)) == 0;
}

static const char *find_in(struct piece piece, const char *text)
{
    return memmem(piece.start, length_of(piece), text, strlen(text));
}

/* Take the next line, without its newline, away from `rest`. False at the end. */
static bool take_line(struct piece *rest, struct piece *line)
{
    if (rest->start == rest->end)
        return false;
    const char *newline = memchr(rest->start, '\n', length_of(*rest));
    *line = (struct piece){rest->start, newline ? newline : rest->end};
    rest->start = newline ? newline + 1 : rest->end;
    return true;
}

static bool take_sample(struct piece *rest, struct piece *line)
{
    while (take_line(rest, line)) {
        if (line->start == line->end || *line->start != '#')
            return true;
    }
    return false;
}

/* Do two lines differ only in the bound of a bucket? OpenMetrics writes it with a decimal point. */
static bool are_equal_buckets(struct piece a, struct piece b)
{
    const char *bound_a = find_in(a, "le=\""), *bound_b = find_in(b, "le=\"");
    if (!bound_a || !bound_b)
        return false;
    const struct piece head_a = {a.start, bound_a}, head_b = {b.start, bound_b};
    const char *end_a = memchr(bound_a, '}', (size_t)(a.end - bound_a));
    const char *end_b = memchr(bound_b, '}', (size_t)(b.end - bound_b));
    return end_a && end_b && are_equal(head_a, head_b) &&
           are_equal((struct piece){end_a, a.end}, (struct piece){end_b, b.end});
}

const char *openmetrics_find_fault(const struct buffer *text, const struct buffer *openmetrics)
{
    static const char eof[] = "# EOF\n";
    struct piece expected = whole(text), found = whole(openmetrics), expected_sample, found_sample;
    if (length_of(found) < strlen(eof) || memcmp(found.end - strlen(eof), eof, strlen(eof)) != 0)
        return "OpenMetrics does not end with # EOF";
    while (take_sample(&expected, &expected_sample)) {
        if (!take_sample(&found, &found_sample))
            return "OpenMetrics has fewer samples";
        if (!are_equal(expected_sample, found_sample) &&
            !are_equal_buckets(expected_sample, found_sample))
            return "OpenMetrics has another sample";
    }
    return take_sample(&found, &found_sample) ? "OpenMetrics has more samples" : NULL;
}

/* Take a varint away from `rest`. */
static bool take_varint(struct piece *rest, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && rest->start < rest->end; shift += 7) {
        uint8_t byte = (uint8_t)*rest->start++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

/* Take `length` bytes away from `rest`. */
static bool take_bytes(struct piece *rest, uint64_t length, struct piece *bytes)
{
    if (length > length_of(*rest))
        return false;
    *bytes = (struct piece){rest->start, rest->start + length};
    rest->start += length;
    return true;
}

/* Take a field: its number, and its bytes if it has a length. */
static bool take_field(struct piece *rest, unsigned *number, struct piece *bytes)
{
    uint64_t tag, value;
    *bytes = (struct piece){rest->start, rest->start};
    if (!take_varint(rest, &tag))
        return false;
    *number = (unsigned)(tag >> 3);
    switch (tag & 7) {
    case 0: /* varint */
        return take_varint(rest, &value);
    case 1: /* 64 bits */
        return take_bytes(rest, 8, bytes);
    case 2: /* length and bytes */
        return take_varint(rest, &value) && take_bytes(rest, value, bytes);
    default:
        return false;
    }
}

/* Fields of io.prometheus.client.MetricFamily. */
enum { FAMILY_NAME = 1, FAMILY_METRIC = 4 };

static bool read_family(struct piece message, struct piece *name, size_t *metrics)
{
    *name = (struct piece){message.start, message.start};
    *metrics = 0;
    while (message.start < message.end) {
        unsigned number, inner_number;
        struct piece bytes, inner;
        if (!take_field(&message, &number, &bytes))
            return false;
        if (number == FAMILY_NAME)
            *name = bytes;
        *metrics += number == FAMILY_METRIC;
        while (number == FAMILY_METRIC && bytes.start < bytes.end) {
            if (!take_field(&bytes, &inner_number, &inner))
                return false;
        }
    }
    return true;
}

/* Take the next family of a page of text, which begins with "# TYPE name type": its name, and the
 * number of its metrics. A histogram has one _count for each metric. */
static bool take_text_family(struct piece *rest, struct piece *name, size_t *metrics)
{
    struct piece line = {rest->start, rest->start};
    static const char heading[] = "# TYPE ";
    while (!begins_with(line, heading)) {
        if (!take_line(rest, &line))
            return false;
    }
    name->start = line.start + strlen(heading);
    name->end = memchr(name->start, ' ', (size_t)(line.end - name->start));
    bool histogram = find_in(line, " histogram");
    for (*metrics = 0; rest->start < rest->end && *rest->start != '#';) {
        take_line(rest, &line);
        line.start += length_of(*name);
        *metrics += !histogram || begins_with(line, "_count");
    }
    return true;
}

const char *protobuf_find_fault(const struct buffer *text, const struct buffer *protobuf)
{
    struct piece expected = whole(text), found = whole(protobuf), expected_name, found_name,
                 message;
    size_t expected_metrics, found_metrics;
    uint64_t length;
    while (take_text_family(&expected, &expected_name, &expected_metrics)) {
        if (!take_varint(&found, &length) || !take_bytes(&found, length, &message) ||
            !read_family(message, &found_name, &found_metrics))
            return "protobuf is cut off, or has fewer families";
        if (!are_equal(expected_name, found_name))
            return "protobuf has another family";
        if (expected_metrics != found_metrics)
            return "protobuf has another number of metrics";
    }
    return found.start < found.end ? "protobuf has more families" : NULL;
}
