// SPDX-License-Identifier: Apache-2.0
/*
 * Which namespaces to report, by their names: POSIX extended regular expressions (regex(7)), which
 * match anywhere in the name.
 */
#ifndef SOCKDIAG_NAMESPACES_NAME_FILTER_H
#define SOCKDIAG_NAMESPACES_NAME_FILTER_H

#include <regex.h>
#include <stdbool.h>

struct name_filter {
    bool includes, excludes; /* there is such an expression */
    regex_t include, exclude;
};

/* Is it a correct expression? */
bool name_pattern_is_valid(const char *pattern);

/* NULL for an expression: none. False when one of them is not correct or there is no memory. */
bool name_filter_init(struct name_filter *filter, const char *include, const char *exclude);

/* May be called again, and after a failed name_filter_init(). */
void name_filter_release(struct name_filter *filter);

/* Does `name` match `include`, if there is one, and not `exclude`? */
bool name_filter_admits(const struct name_filter *filter, const char *name);

#endif
