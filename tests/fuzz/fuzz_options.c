// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: each line of the input as an argument. A refusal is one line, what is accepted
 * is within its range, and --flag=value is read like --flag value.
 *
 * Covers: cmd/sockdiag_exporter/options.c src/base/controls.c src/namespaces/name_filter.c
 */
#include "options.h"

#include "base/controls.h"
#include "namespaces/name_filter.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARGUMENTS_MOST = 64 };

/* An argv, whose strings are its own. */
struct command {
    int count;
    char *arguments[2 * ARGUMENTS_MOST];
};

static void add(struct command *command, const char *text, size_t length)
{
    /* exactly this size, so that the sanitizer knows its end */
    if (!(command->arguments[command->count++] = strndup(text, length)))
        abort();
}

static void release(struct command *command)
{
    while (command->count > 0)
        free(command->arguments[--command->count]);
}

static void split_lines(struct command *command, const char *text, size_t size)
{
    const char *end = text + size;
    add(command, "sockdiag_exporter", 17);
    while (text < end && command->count < ARGUMENTS_MOST) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        add(command, text, (size_t)(stop - text));
        text = stop + 1;
    }
}

/* --flag=value as two arguments. With another flag for a value, such as -h, or at a switch, that
 * would be something else. */
static void split_values(struct command *command, const struct command *joined)
{
    for (int i = 0; i < joined->count; i++) {
        const char *text = joined->arguments[i], *equals = strchr(text, '=');
        if (strncmp(text, "--", 2) != 0 || !equals || equals[1] == '-') {
            add(command, text, strlen(text));
            continue;
        }
        add(command, text, (size_t)(equals - text));
        add(command, equals + 1, strlen(equals + 1));
    }
}

static bool parse(const struct command *command, struct options *options)
{
    char error[512] = "";
    bool good = options_parse(options, command->count, command->arguments, error, sizeof error);
    if (!good && (!*error || has_controls(error)))
        abort();
    return good;
}

static void check_ranges(const struct options *options)
{
    const struct sampler_options *sampler = &options->sampler;
    const struct web_options *web = &options->web;
    bool good = sampler->interval >= NANOSECONDS_PER_SECOND / 100 &&
                sampler->detail_interval >= NANOSECONDS_PER_SECOND / 10 &&
                sampler->peak_window >= NANOSECONDS_PER_SECOND && sampler->cpu_share > 0 &&
                sampler->cpu_share <= 1 && sampler->namespaces_max >= 1 &&
                sampler->cgroups_depth <= CGROUP_PATHS_DEEPEST && options->closers_period >= 1 &&
                web->max_connections >= 1 && web->telemetry_path[0] == '/' &&
                web->listen_address_count >= 1 &&
                web->listen_address_count <= WEB_MAX_LISTEN_ADDRESSES &&
                (!options->walk_namespaces || sampler->collect_namespaces);
    struct name_filter filter;
    for (size_t i = 0; i < web->listen_address_count; i++)
        good = good && web_address_is_valid(web->listen_addresses[i]);
    if (!good ||
        !name_filter_init(&filter, sampler->namespaces_include, sampler->namespaces_exclude))
        abort();
    name_filter_admits(&filter, "shop/web-0");
    name_filter_release(&filter);
}

/* Of what is not a string. */
static bool are_equal(const struct options *a, const struct options *b)
{
    return a->sampler.interval == b->sampler.interval &&
           a->sampler.detail_interval == b->sampler.detail_interval &&
           a->sampler.cpu_share == b->sampler.cpu_share &&
           a->sampler.listeners_top == b->sampler.listeners_top &&
           a->sampler.collect_ports == b->sampler.collect_ports &&
           a->web.listen_address_count == b->web.listen_address_count &&
           a->log_level == b->log_level && a->log_format == b->log_format;
}

/* glibc's regcomp() copies some of these until memory runs out, and takes seconds for 80 "*" in a
 * row; an operator would see it. */
static bool repeats_repetitions(const uint8_t *data, size_t size)
{
    size_t pluses = 0, stars = 0;
    for (size_t i = 0; i < size; i++) {
        pluses += data[i] == '+';
        stars += data[i] == '*';
        if (data[i] == '{' || pluses > 4 || stars > 20)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct command joined = {0}, split = {0};
    struct options options, again;
    if (repeats_repetitions(data, size))
        return 0;
    split_lines(&joined, (const char *)data, size);
    split_values(&split, &joined);
    bool good = parse(&joined, &options);
    if (parse(&split, &again) != good || (good && !are_equal(&options, &again)))
        abort();
    if (good)
        check_ranges(&options);
    release(&joined);
    release(&split);
    return 0;
}
