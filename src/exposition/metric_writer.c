// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/metric_writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = {
    [METRIC_GAUGE] = "gauge",
    [METRIC_COUNTER] = "counter",
    [METRIC_HISTOGRAM] = "histogram",
};

/* Backslash and newline are escaped everywhere, the double quote in label values only. */
static void append_escaped(struct buffer *out, const char *text, bool in_quotes)
{
    const char *special = in_quotes ? "\\\n\"" : "\\\n";
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

static void append_real(struct buffer *out, double value)
{
    if (isnan(value)) {
        buffer_append_string(out, "NaN");
        return;
    }
    if (isinf(value)) {
        buffer_append_string(out, value > 0 ? "+Inf" : "-Inf");
        return;
    }
    /* 17 digits always suffice, fewer often do and read better. */
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buffer_append_string(out, text);
}

static void append_label(struct buffer *out, const struct label *label, char before)
{
    buffer_append(out, &before, 1);
    buffer_append_string(out, label->name);
    buffer_append_string(out, "=\"");
    append_escaped(out, label->value, true);
    buffer_append_string(out, "\"");
}

static const char *family_suffix(const struct metric *family)
{
    return family->type == METRIC_COUNTER ? "_total" : "";
}

/* HELP and TYPE, before the first sample of the family. */
static void write_heading(struct metric_writer *writer)
{
    if (writer->family_written)
        return;
    writer->family_written = true;
    const struct metric *family = writer->family;
    const char *suffix = family_suffix(family);
    buffer_append_format(writer->out, "# HELP %s%s ", family->name, suffix);
    append_escaped(writer->out, family->help, false);
    buffer_append_format(writer->out, "\n# TYPE %s%s %s\n", family->name, suffix,
                         type_names[family->type]);
}

/* Everything of a sample line but its value. `extra` is one more label, or NULL. */
static void begin_sample(struct metric_writer *writer, const char *suffix,
                         const struct label *labels, size_t count, const struct label *extra)
{
    struct buffer *out = writer->out;
    write_heading(writer);
    buffer_append_string(out, writer->family->name);
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
    append_real(writer->out, value);
    buffer_append_string(writer->out, "\n");
}

void metric_writer_family(struct metric_writer *writer, const struct metric *family)
{
    writer->family = family;
    writer->family_written = false;
}

void metric_writer_integer(struct metric_writer *writer, const struct label *labels, size_t count,
                           uint64_t value)
{
    begin_sample(writer, family_suffix(writer->family), labels, count, NULL);
    end_with_integer(writer, value);
}

void metric_writer_real(struct metric_writer *writer, const struct label *labels, size_t count,
                        double value)
{
    begin_sample(writer, family_suffix(writer->family), labels, count, NULL);
    end_with_real(writer, value);
}

void metric_writer_histogram(struct metric_writer *writer, const struct label *labels, size_t count,
                             const struct histogram *histogram)
{
    uint64_t up_to_here = 0;
    for (size_t i = 0; i <= histogram->bound_count; i++) {
        char bound[32] = "+Inf";
        if (i < histogram->bound_count)
            snprintf(bound, sizeof bound, "%.15g", histogram->bounds[i]);
        up_to_here += histogram->buckets[i];
        begin_sample(writer, "_bucket", labels, count, &(struct label){"le", bound});
        end_with_integer(writer, up_to_here);
    }
    begin_sample(writer, "_sum", labels, count, NULL);
    end_with_real(writer, histogram->sum);
    begin_sample(writer, "_count", labels, count, NULL);
    end_with_integer(writer, histogram->count);
}
