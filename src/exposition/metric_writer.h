// SPDX-License-Identifier: Apache-2.0
/*
 * Writes metrics in one of the formats of Prometheus. It knows families, labels and values, and not
 * what they mean.
 *
 * A family begins, then its samples follow. One without samples leaves no trace. The type decides
 * the suffixes, the name the unit.
 */
#ifndef SOCKDIAG_METRIC_WRITER_H
#define SOCKDIAG_METRIC_WRITER_H

#include "base/buffer.h"
#include "measure/histogram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric_format {
    METRIC_TEXT,        /* Prometheus text 0.0.4, and 1.0.0, which is the same for these names */
    METRIC_OPENMETRICS, /* OpenMetrics text 1.0.0 */
    METRIC_PROTOBUF,    /* io.prometheus.client.MetricFamily, delimited; with native histograms */
    METRIC_FORMATS
};

enum metric_type {
    METRIC_GAUGE,
    METRIC_COUNTER,         /* of this process, as a histogram is */
    METRIC_FOREIGN_COUNTER, /* of another's, such as the kernel: when it began is not known */
    METRIC_HISTOGRAM,
    METRIC_INFO, /* a gauge of value 1 for the sake of its labels; OpenMetrics has a type for it */
};

/* `name` is without the _total of a counter and the _info of an info; `help` is a sentence,
 * unescaped. */
struct metric {
    const char *name;
    enum metric_type type;
    const char *help;
};

/* `value` is unescaped and may hold any bytes; what is not UTF-8 is the caller's fault. */
struct label {
    const char *name;
    const char *value;
};

struct metric_encoding;

struct metric_writer {
    struct buffer *out; /* the caller's; check its `failed` at the end */
    const struct metric_encoding *encoding;
    double start_time;
    struct metric family;  /* under way */
    bool family_written;   /* what precedes its samples is */
    struct buffer message; /* of the family under way, where its length goes first */
};

/* Start to write into `out`. `start_time`, in unix seconds, is when the counters and histograms of
 * this process began. End it with metric_writer_finish(), which frees what the writer owns. */
struct metric_writer metric_writer_start(struct buffer *out, enum metric_format format,
                                         double start_time);
void metric_writer_finish(struct metric_writer *writer);

/* Begin a family. Each is begun once: the formats want its samples together. The strings must
 * live until the next family begins. */
void metric_begin(struct metric_writer *writer, const char *name, enum metric_type type,
                  const char *help);

/* One sample of the family, with `count` labels: a whole number, written with all its digits, or a
 * real one, written so that reading it gives the same double. */
void metric_write_integer(struct metric_writer *writer, const struct label *labels, size_t count,
                          uint64_t value);
void metric_write_real(struct metric_writer *writer, const struct label *labels, size_t count,
                       double value);

/* The buckets, sum and count of a histogram, for a family of that type. */
void metric_write_histogram(struct metric_writer *writer, const struct label *labels, size_t count,
                            const struct histogram *histogram);

#endif
