// SPDX-License-Identifier: Apache-2.0
/*
 * How one format spells families and samples. Private to src/exposition.
 */
#ifndef SOCKDIAG_EXPOSITION_METRIC_ENCODING_H
#define SOCKDIAG_EXPOSITION_METRIC_ENCODING_H

#include "metric_writer.h"

/* A whole number keeps all its digits in text. */
struct metric_value {
    bool whole;
    uint64_t integer; /* if whole */
    double real;      /* in any case */
};

struct metric_encoding {
    /* What precedes the first sample of writer->family, and what follows the last (NULL: nothing).
     */
    void (*begin_family)(struct metric_writer *writer);
    void (*end_family)(struct metric_writer *writer);
    void (*sample)(struct metric_writer *writer, const struct label *labels, size_t count,
                   const struct metric_value *value);
    void (*histogram)(struct metric_writer *writer, const struct label *labels, size_t count,
                      const struct histogram *histogram);
    const char *end; /* of the exposition */
};

extern const struct metric_encoding text_encoding, openmetrics_encoding, protobuf_encoding;

/* What the type appends to the name of a sample: "_total", "_info" or "". */
const char *metric_suffix(const struct metric *metric);

/* The base unit that the name ends with, "seconds", "bytes" or "ratio", or NULL. */
const char *metric_unit(const struct metric *metric);

#endif
