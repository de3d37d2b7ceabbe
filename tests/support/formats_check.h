// SPDX-License-Identifier: Apache-2.0
/*
 * Do the pages of one snapshot in the three formats say the same? It shares no code with the
 * functions that write them.
 */
#ifndef TESTS_SUPPORT_FORMATS_CHECK_H
#define TESTS_SUPPORT_FORMATS_CHECK_H

#include "base/buffer.h"

/* NULL if `openmetrics` has the samples of `text`, which is a valid page, with the same values in
 * the same order, and ends as it should; otherwise what is wrong. */
const char *openmetrics_find_fault(const struct buffer *text, const struct buffer *openmetrics);

/* The same for the families of `protobuf`: their names and numbers of metrics. Every message must
 * have the length that it declares. */
const char *protobuf_find_fault(const struct buffer *text, const struct buffer *protobuf);

#endif
