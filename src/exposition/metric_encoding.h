// SPDX-License-Identifier: Apache-2.0
/*
 * The syntax of families and samples in one format. Private to src/exposition.
 */
#ifndef SOCKDIAG_EXPOSITION_METRIC_ENCODING_H
#define SOCKDIAG_EXPOSITION_METRIC_ENCODING_H

#include "metric_writer.h"

/* A sample's value. Text has all digits of a whole number. */
struct metric_value {
    bool whole;
    uint64_t integer; /* if whole */
    double real;      /* always */
};

struct metric_encoding {
    /* Write the text before the first sample of writer->family and after the last (NULL: none). */
    void (*begin_family)(struct metric_writer *writer);
    void (*end_family)(struct metric_writer *writer);
    void (*sample)(struct metric_writer *writer, const struct label *labels, size_t count,
                   const struct metric_value *value);
    void (*histogram)(struct metric_writer *writer, const struct label *labels, size_t count,
                      const struct histogram *histogram);
    const char *end; /* of the exposition */
};

extern const struct metric_encoding text_encoding, openmetrics_encoding, protobuf_encoding;

/* The suffix of a sample's name for the type: "_total", "_info" or "". */
const char *metric_suffix(const struct metric *metric);

/* The base unit at the end of the name, "seconds", "bytes" or "ratio", or NULL. */
const char *metric_unit(const struct metric *metric);

#endif
