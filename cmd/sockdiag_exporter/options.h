// SPDX-License-Identifier: Apache-2.0
/*
 * The command line, in the manner of the Prometheus exporters: --flag=value or --flag value,
 * --switch and --no-switch.
 */
#ifndef SOCKDIAG_CMD_OPTIONS_H
#define SOCKDIAG_CMD_OPTIONS_H

#include "base/log.h"
#include "sockdiag/sampler.h"
#include "sockdiag/web_server.h"

#include <stdbool.h>
#include <stdio.h>

struct options {
    struct web_options web;      /* its strings are the command line's, or literals */
    const char *web_config_file; /* NULL: none */
    struct sampler_options sampler;
    enum log_level log_level;
    enum log_format log_format;
    bool walk_namespaces;          /* --collector.netns.walk */
    bool count_events[TCP_EVENTS]; /* --collector.connect-failures, --collector.closers */
    size_t closers_period;
    bool disable_exporter_metrics;
    bool config_check;
    const char *user; /* --user; NULL: nobody, where that is possible */
    bool sandbox;
    bool once;
    bool help;
    bool version;
};

/* Fill `options` with the defaults and the values of `arguments` (`count` of them, the program's
 * name first). False when one of them is wrong: `error` then names it in one line. */
bool options_parse(struct options *options, int count, char *const arguments[], char *error,
                   size_t error_size);

/* Write the names of the collectors that are on, separated by commas. */
void options_list_collectors(const struct options *options, FILE *out);

/* Write the text of --help. */
void options_print_help(FILE *out);

#endif
