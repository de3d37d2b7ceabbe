// SPDX-License-Identifier: Apache-2.0
#include "name_filter.h"

#include <stddef.h>

static bool compile(regex_t *expression, const char *pattern)
{
    return regcomp(expression, pattern, REG_EXTENDED | REG_NOSUB) == 0;
}

bool name_pattern_is_valid(const char *pattern)
{
    regex_t expression;
    bool valid = compile(&expression, pattern);
    if (valid)
        regfree(&expression);
    return valid;
}

bool name_filter_init(struct name_filter *filter, const char *include, const char *exclude)
{
    filter->includes = include && compile(&filter->include, include);
    filter->excludes = exclude && compile(&filter->exclude, exclude);
    bool good = filter->includes == (include != NULL) && filter->excludes == (exclude != NULL);
    if (!good)
        name_filter_release(filter);
    return good;
}

void name_filter_release(struct name_filter *filter)
{
    if (filter->includes)
        regfree(&filter->include);
    if (filter->excludes)
        regfree(&filter->exclude);
    filter->includes = filter->excludes = false;
}

bool name_filter_admits(const struct name_filter *filter, const char *name)
{
    return (!filter->includes || regexec(&filter->include, name, 0, NULL, 0) == 0) &&
           (!filter->excludes || regexec(&filter->exclude, name, 0, NULL, 0) != 0);
}
