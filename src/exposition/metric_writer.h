// SPDX-License-Identifier: Apache-2.0
/*
 * Writes metrics in one of the formats of Prometheus. It knows families, labels and values, but not
 * their meaning.
 *
 * A family begins, then its samples follow. A family without samples is not written. The suffix of
 * a family follows from its type, its unit from its name.
 */
#ifndef SOCKDIAG_METRIC_WRITER_H
#define SOCKDIAG_METRIC_WRITER_H

#include "base/buffer.h"
#include "measure/histogram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric_format {
    METRIC_TEXT,        /* Prometheus text 0.0.4; 1.0.0 is the same for these names */
    METRIC_OPENMETRICS, /* OpenMetrics text 1.0.0 */
    METRIC_PROTOBUF,    /* io.prometheus.client.MetricFamily, delimited; with native histograms */
    METRIC_FORMATS
};

enum metric_type {
    METRIC_GAUGE,
    METRIC_COUNTER,         /* of this process, like histograms */
    METRIC_FOREIGN_COUNTER, /* not of this process, but the kernel's: its start is unknown */
    METRIC_HISTOGRAM,
    METRIC_INFO, /* a gauge of value 1 with informative labels; OpenMetrics has a type for it */
};

/* `name` is without the _total of a counter and the _info of an info; `help` is a sentence,
 * unescaped. */
struct metric {
    const char *name;
    enum metric_type type;
    const char *help;
};

/* `value` is unescaped and can have any bytes; the caller is responsible for valid UTF-8. */
struct label {
    const char *name;
    const char *value;
};

struct metric_encoding;

struct metric_writer {
    struct buffer *out; /* the caller's; check its `failed` at the end */
    const struct metric_encoding *encoding;
    double start_time;
    struct metric family;  /* the current one */
    bool family_written;   /* the text before its samples is written */
    struct buffer message; /* of the current family, for formats that write its length first */
};

/* Start to write into `out`. `start_time`, in unix seconds, is the start of the counters and
 * histograms of this process. End it with metric_writer_finish(), which frees the writer's memory.
 */
struct metric_writer metric_writer_start(struct buffer *out, enum metric_format format,
                                         double start_time);
void metric_writer_finish(struct metric_writer *writer);

/* Begin a family. Begin each only once: the formats need its samples in one place. The strings must
 * be valid until the next family begins. */
void metric_begin(struct metric_writer *writer, const char *name, enum metric_type type,
                  const char *help);

/* One sample of the family, with `count` labels: an integer, written with all its digits, or a real
 * number, written so that reading it returns the same double. */
void metric_write_integer(struct metric_writer *writer, const struct label *labels, size_t count,
                          uint64_t value);
void metric_write_real(struct metric_writer *writer, const struct label *labels, size_t count,
                       double value);

/* The buckets, sum and count of a histogram, for a family of that type. */
void metric_write_histogram(struct metric_writer *writer, const struct label *labels, size_t count,
                            const struct histogram *histogram);

#endif
