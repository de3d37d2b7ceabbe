// SPDX-License-Identifier: Apache-2.0
#include "metric_encoding.h"

#include <string.h>

static const struct metric_encoding *const encodings[METRIC_FORMATS] = {
    [METRIC_TEXT] = &text_encoding,
    [METRIC_OPENMETRICS] = &openmetrics_encoding,
    [METRIC_PROTOBUF] = &protobuf_encoding,
};

const char *metric_suffix(const struct metric *metric)
{
    switch (metric->type) {
    case METRIC_COUNTER:
    case METRIC_FOREIGN_COUNTER:
        return "_total";
    case METRIC_INFO:
        return "_info";
    default:
        return "";
    }
}

const char *metric_unit(const struct metric *metric)
{
    static const char *const units[] = {"seconds", "bytes", "ratio"};
    const char *last_word = strrchr(metric->name, '_');
    for (size_t i = 0; last_word && i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(last_word + 1, units[i]) == 0)
            return units[i];
    }
    return NULL;
}

struct metric_writer metric_writer_start(struct buffer *out, enum metric_format format,
                                         double start_time)
{
    return (struct metric_writer){
        .out = out, .encoding = encodings[format], .start_time = start_time};
}

static void end_family(struct metric_writer *writer)
{
    if (writer->family_written && writer->encoding->end_family)
        writer->encoding->end_family(writer);
    writer->family_written = false;
}

void metric_writer_finish(struct metric_writer *writer)
{
    end_family(writer);
    buffer_append_string(writer->out, writer->encoding->end);
    buffer_free(&writer->message);
}

void metric_begin(struct metric_writer *writer, const char *name, enum metric_type type,
                  const char *help)
{
    end_family(writer);
    writer->family = (struct metric){name, type, help};
}

static void begin_sample(struct metric_writer *writer)
{
    if (!writer->family_written)
        writer->encoding->begin_family(writer);
    writer->family_written = true;
}

void metric_write_integer(struct metric_writer *writer, const struct label *labels, size_t count,
                          uint64_t value)
{
    begin_sample(writer);
    writer->encoding->sample(writer, labels, count,
                             &(struct metric_value){true, value, (double)value});
}

void metric_write_real(struct metric_writer *writer, const struct label *labels, size_t count,
                       double value)
{
    begin_sample(writer);
    writer->encoding->sample(writer, labels, count, &(struct metric_value){.real = value});
}

void metric_write_histogram(struct metric_writer *writer, const struct label *labels, size_t count,
                            const struct histogram *histogram)
{
    begin_sample(writer);
    writer->encoding->histogram(writer, labels, count, histogram);
}
