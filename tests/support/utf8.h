// SPDX-License-Identifier: Apache-2.0
/* Is it UTF-8? Prometheus and readers of JSON refuse other text. */
#ifndef TESTS_SUPPORT_UTF8_H
#define TESTS_SUPPORT_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whole characters in their shortest form, no surrogates (RFC 3629). */
bool utf8_is_valid(const char *text, size_t length);

#endif
