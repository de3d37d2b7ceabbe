// SPDX-License-Identifier: Apache-2.0
/*
 * The two text formats. They differ in the heading of a family, in how the bound of a bucket is
 * written, and in the last line.
 */
#include "metric_encoding.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Escape backslashes and newlines and, with `quotes`, double quotes: in label values, and in
 * OpenMetrics also in HELP. */
static void append_escaped(struct buffer *out, const char *text, bool quotes)
{
    const char *special = quotes ? "\\\n\"" : "\\\n";
    for (size_t plain; *text; text += plain) {
        plain = strcspn(text, special);
        buffer_append(out, text, plain);
        if (!text[plain])
            return;
        char escape[2] = {'\\', text[plain] == '\n' ? 'n' : text[plain]};
        buffer_append(out, escape, sizeof escape);
        plain++;
    }
}

/* Format `value` with the fewest digits, at least `digits`, that preserve it: 17 always do. */
static void format_real(char text[static 32], double value, int digits)
{
    if (isnan(value)) {
        snprintf(text, 32, "NaN");
        return;
    }
    if (isinf(value)) {
        snprintf(text, 32, "%s", value > 0 ? "+Inf" : "-Inf");
        return;
    }
    for (; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            return;
    }
}

/* Format the bound of a bucket. It becomes the value of a label, so it must be the same string as
 * in every other exporter: 1e+06, and in OpenMetrics 10.0 instead of 10. */
static void format_bound(char text[static 32], double bound, bool with_point)
{
    format_real(text, bound, 6);
    if (with_point && isfinite(bound) && !strpbrk(text, ".e"))
        snprintf(text + strlen(text), 32 - strlen(text), ".0");
}

static void append_label(struct buffer *out, const struct label *label, char before)
{
    buffer_append(out, &before, 1);
    buffer_append_string(out, label->name);
    buffer_append_string(out, "=\"");
    append_escaped(out, label->value, true);
    buffer_append_string(out, "\"");
}

static void begin_family(struct metric_writer *writer)
{
    static const char *const types[] = {
        [METRIC_GAUGE] = "gauge",         [METRIC_COUNTER] = "counter",
        [METRIC_HISTOGRAM] = "histogram", [METRIC_FOREIGN_COUNTER] = "counter",
        [METRIC_INFO] = "gauge",
    };
    struct buffer *out = writer->out;
    const struct metric *family = &writer->family;
    /* In OpenMetrics the name of a family does not have the suffix of its samples. */
    bool openmetrics = writer->encoding == &openmetrics_encoding;
    const char *suffix = openmetrics ? "" : metric_suffix(family);
    const char *type = openmetrics && family->type == METRIC_INFO ? "info" : types[family->type];
    buffer_append_format(out, "# HELP %s%s ", family->name, suffix);
    append_escaped(out, family->help, openmetrics);
    buffer_append_format(out, "\n# TYPE %s%s %s\n", family->name, suffix, type);
    if (openmetrics && metric_unit(family))
        buffer_append_format(out, "# UNIT %s %s\n", family->name, metric_unit(family));
}

/* Write a sample line except its value. `extra` is one more label, or NULL. */
static void begin_sample(struct metric_writer *writer, const char *suffix,
                         const struct label *labels, size_t count, const struct label *extra)
{
    struct buffer *out = writer->out;
    buffer_append_string(out, writer->family.name);
    buffer_append_string(out, suffix);
    char before = '{';
    for (size_t i = 0; i < count; i++, before = ',')
        append_label(out, &labels[i], before);
    if (extra) {
        append_label(out, extra, before);
        before = ',';
    }
    buffer_append_string(out, before == '{' ? " " : "} ");
}

static void end_with_integer(struct metric_writer *writer, uint64_t value)
{
    buffer_append_format(writer->out, "%" PRIu64 "\n", value);
}

static void end_with_real(struct metric_writer *writer, double value)
{
    char text[32];
    format_real(text, value, 15);
    buffer_append_string(writer->out, text);
    buffer_append_string(writer->out, "\n");
}

static void write_sample(struct metric_writer *writer, const struct label *labels, size_t count,
                         const struct metric_value *value)
{
    begin_sample(writer, metric_suffix(&writer->family), labels, count, NULL);
    if (value->whole)
        end_with_integer(writer, value->integer);
    else
        end_with_real(writer, value->real);
}

static void write_histogram(struct metric_writer *writer, const struct label *labels, size_t count,
                            const struct histogram *histogram)
{
    bool with_point = writer->encoding == &openmetrics_encoding;
    uint64_t cumulative = 0;
    for (size_t i = 0; i <= histogram->bound_count; i++) {
        char bound[32];
        format_bound(bound, i < histogram->bound_count ? histogram->bounds[i] : INFINITY,
                     with_point);
        cumulative += histogram->buckets[i];
        begin_sample(writer, "_bucket", labels, count, &(struct label){"le", bound});
        end_with_integer(writer, cumulative);
    }
    begin_sample(writer, "_sum", labels, count, NULL);
    end_with_real(writer, histogram->sum);
    begin_sample(writer, "_count", labels, count, NULL);
    end_with_integer(writer, histogram->count);
}

const struct metric_encoding text_encoding = {
    .begin_family = begin_family,
    .sample = write_sample,
    .histogram = write_histogram,
    .end = "",
};

const struct metric_encoding openmetrics_encoding = {
    .begin_family = begin_family,
    .sample = write_sample,
    .histogram = write_histogram,
    .end = "# EOF\n",
};
