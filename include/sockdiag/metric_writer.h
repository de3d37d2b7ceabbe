// SPDX-License-Identifier: Apache-2.0
/*
 * Writes metrics as Prometheus text, version 0.0.4. It knows families, labels and values, and
 * nothing of what they mean.
 *
 * A family begins, then its samples follow; HELP and TYPE are written before the first of them, so
 * a family without samples leaves no trace. The type decides the suffixes: a caller cannot get them
 * wrong.
 */
#ifndef SOCKDIAG_METRIC_WRITER_H
#define SOCKDIAG_METRIC_WRITER_H

#include "sockdiag/buffer.h"
#include "sockdiag/histogram.h"

#include <stddef.h>
#include <stdint.h>

#define METRIC_TEXT_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metric_type { METRIC_GAUGE, METRIC_COUNTER, METRIC_HISTOGRAM };

/* `name` is without the _total of a counter; `help` is a sentence, unescaped. */
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

struct metric_writer {
    struct buffer *out;          /* the caller's; check its `failed` at the end */
    const struct metric *family; /* under way */
    bool family_written;         /* its HELP and TYPE are */
};

/* Begin a family. Each family is begun once in a page: the format wants its samples together. */
void metric_writer_family(struct metric_writer *writer, const struct metric *family);

/* One sample of the family, with `count` labels: a whole number, written with all its digits, or a
 * real one, written so that reading it gives the same double. */
void metric_writer_integer(struct metric_writer *writer, const struct label *labels, size_t count,
                           uint64_t value);
void metric_writer_real(struct metric_writer *writer, const struct label *labels, size_t count,
                        double value);

/* The buckets, sum and count of a histogram, for a family of that type. */
void metric_writer_histogram(struct metric_writer *writer, const struct label *labels, size_t count,
                             const struct histogram *histogram);

#endif
