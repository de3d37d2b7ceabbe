// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include "base/controls.h"
#include "namespaces/name_filter.h"
#include "namespaces/namespace_table.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct flag;

/* Read `text` into the field at `field`. Returns NULL, or what is wrong: the rest of a sentence
 * that begins with the quoted value. The caller adds the range of the flag, if it has one. */
typedef const char *value_reader(const struct flag *flag, const char *text, void *field);

static value_reader read_listen_address, read_path, read_file, read_duration, read_percent,
    read_number, read_pattern, read_user, read_level, read_format;

struct flag {
    const char *name;
    value_reader *read;  /* NULL: a switch, whose field is a bool */
    size_t field;        /* offset in struct options */
    double low, high;    /* of a duration (seconds), a percentage or a number; high 0: no range */
    const char *initial; /* read like an argument; for a switch, "on" or NULL */
    const char *placeholder;
    const char *help;
};

#define FIELD(name) offsetof(struct options, name)

static const struct flag flags[] = {
    {"web.listen-address", read_listen_address, FIELD(web), 0, 0, NULL, "ADDRESS",
     "Address to listen on, repeatable: host:port, [IPv6]:port, or :port for both families "
     "(default :10073)"},
    {"web.telemetry-path", read_path, FIELD(web.telemetry_path), 0, 0, "/metrics", "PATH",
     "Path of the metrics"},
    {"web.config.file", read_file, FIELD(web_config_file), 0, 0, NULL, "FILE",
     "Web configuration of the exporter-toolkit: TLS, headers, users; read again when it changes"},
    {"web.systemd-socket", NULL, FIELD(web.systemd_socket), 0, 0, NULL, NULL,
     "Serve the sockets that systemd passes instead of opening any"},
    {"web.max-connections", read_number, FIELD(web.max_connections), 1, 10000, "256", "N",
     "Concurrent connections for each listen address; one client gets at most a sixteenth of them"},
    {"web.disable-exporter-metrics", NULL, FIELD(disable_exporter_metrics), 0, 0, NULL, NULL,
     "Leave out process_* and the HTTP request counters"},
    {"sample.interval", read_duration, FIELD(sampler.interval), 0.01, 3600, "1s", "DURATION",
     "Time between count samples: sockets by state, accept queues"},
    {"sample.detail-interval", read_duration, FIELD(sampler.detail_interval), 0.1, 86400, "5s",
     "DURATION", "Time between ports and detail samples: ports, destinations, families"},
    {"sample.cpu-budget", read_percent, FIELD(sampler.cpu_share), 0.01, 100, "2", "PERCENT",
     "CPU time for sampling, in percent of one CPU; the exporter stretches intervals to stay "
     "within it"},
    {"sample.peak-window", read_duration, FIELD(sampler.peak_window), 1, 86400, "2m", "DURATION",
     "How long a peak is remembered"},
    {"collector.listeners", NULL, FIELD(sampler.collect_listeners), 0, 0, "on", NULL,
     "Accept queues by listener"},
    {"collector.listeners.top", read_number, FIELD(sampler.listeners_top), 0, 4096, "32", "N",
     "How many listeners to name by their queues, and how many by their connections"},
    {"collector.ports", NULL, FIELD(sampler.collect_ports), 0, 0, "on", NULL,
     "Ephemeral ports of TCP and UDP: range, use, utilization"},
    {"collector.destinations", NULL, FIELD(sampler.collect_destinations), 0, 0, "on", NULL,
     "Ephemeral ports by destination; needs collector.ports"},
    {"collector.destinations.top", read_number, FIELD(sampler.destinations_top), 0,
     DESTINATIONS_MAX_TOP, "10", "N",
     "How many destinations to name for each protocol; with 0 none, but the utilization is still "
     "reported"},
    {"collector.time-wait", NULL, FIELD(sampler.collect_time_wait), 0, 0, "on", NULL,
     "TIME_WAIT counters and settings"},
    {"collector.udp", NULL, FIELD(sampler.collect_udp), 0, 0, "on", NULL,
     "UDP sockets that drop datagrams or do not read them"},
    {"collector.udp.top", read_number, FIELD(sampler.udp_top), 0, UDP_SOCKETS_MAX_TOP, "5", "N",
     "How many UDP sockets to name"},
    {"collector.unix", NULL, FIELD(sampler.collect_unix), 0, 0, "on", NULL,
     "UNIX sockets by type and state, accept queues by path"},
    {"collector.unix.top", read_number, FIELD(sampler.unix_top), 0, UNIX_LISTENERS_CAPACITY, "5",
     "N", "How many UNIX listeners to name by their queues"},
    {"collector.cgroups", NULL, FIELD(sampler.collect_cgroups), 0, 0, NULL, NULL,
     "TCP sockets by cgroup; the cgroups of listeners and destinations"},
    {"collector.cgroups.top", read_number, FIELD(sampler.cgroups_top), 0, CGROUP_SOCKETS_CAPACITY,
     "32", "N", "How many cgroups to name by their sockets"},
    {"collector.cgroups.depth", read_number, FIELD(sampler.cgroups_depth), 0, CGROUP_PATHS_DEEPEST,
     "4", "N",
     "How many components of a cgroup's path to keep; deeper cgroups are summed; 0 for "
     "all"},
    {"collector.netns", NULL, FIELD(sampler.collect_namespaces), 0, 0, NULL, NULL,
     "Every network namespace of the node, by its pod or container"},
    {"collector.netns.include", read_pattern, FIELD(sampler.namespaces_include), 0, 0, NULL,
     "REGEX", "Only namespaces whose name matches this extended regular expression"},
    {"collector.netns.exclude", read_pattern, FIELD(sampler.namespaces_exclude), 0, 0, NULL,
     "REGEX", "No namespaces whose name matches this extended regular expression"},
    {"collector.netns.max", read_number, FIELD(sampler.namespaces_max), 1, NAMESPACES_CAPACITY,
     "256", "N", "How many namespaces get their own series; the others are summed"},
    {"collector.netns.walk", NULL, FIELD(walk_namespaces), 0, 0, NULL, NULL,
     "Also walk the namespaces for exact states, ports and destinations; needs CAP_SYS_ADMIN and "
     "CAP_SYS_PTRACE at the start, which a helper process keeps"},
    {"collector.connect-failures", NULL, FIELD(count_events[TCP_EVENT_PORT_FAILURE]), 0, 0, NULL,
     NULL,
     "connect() calls that failed for lack of a port, by program and destination; needs "
     "CAP_PERFMON and CAP_DAC_READ_SEARCH at the start"},
    {"collector.closers", NULL, FIELD(count_events[TCP_EVENT_CLOSED_FIRST]), 0, 0, NULL, NULL,
     "Programs that close connections first, and so leave TIME_WAIT; needs the same capabilities"},
    {"collector.closers.period", read_number, FIELD(closers_period), 1, 1000000, "101", "N",
     "Sample one of this many closed connections"},
    {"user", read_user, FIELD(user), 0, 0, NULL, "NAME",
     "User to become when started as root, once ports and files are open (default nobody)"},
    {"sandbox", NULL, FIELD(sandbox), 0, 0, "on", NULL,
     "Drop what is no longer needed: root, capabilities, system calls, access to files"},
    {"once", NULL, FIELD(once), 0, 0, NULL, NULL,
     "Take one sample of each kind, print the metrics and exit"},
    {"config.check", NULL, FIELD(config_check), 0, 0, NULL, NULL,
     "Check the flags and the web configuration, and exit"},
    {"log.level", read_level, FIELD(log_level), 0, 0, "info", "LEVEL",
     "Lowest level to log: debug, info, warn or error"},
    {"log.format", read_format, FIELD(log_format), 0, 0, "logfmt", "FORMAT",
     "Log lines as logfmt or json"},
    {"version", NULL, FIELD(version), 0, 0, NULL, NULL, "Print the version and exit"},
    {"help", NULL, FIELD(help), 0, 0, NULL, NULL, "Print this and exit"},
};
enum { FLAGS = sizeof flags / sizeof flags[0] };

/* Is it an IPv6 address without brackets, with or without a port? */
static bool is_bare_ipv6(const char *text)
{
    size_t length = strspn(text, "0123456789abcdefABCDEF:.");
    return (text[length] == '\0' || text[length] == '%') && strchr(text, ':') != strrchr(text, ':');
}

static const char *read_listen_address(const struct flag *flag, const char *text, void *field)
{
    (void)flag;
    struct web_options *web = field;
    if (is_bare_ipv6(text))
        return "needs brackets around the IPv6 address, as in [::1]:10073";
    if (!web_address_is_valid(text))
        return "is not host:port, [IPv6]:port or :port";
    if (web->listen_address_count == WEB_MAX_LISTEN_ADDRESSES)
        return "exceeds the limit of 16 addresses";
    web->listen_addresses[web->listen_address_count++] = text;
    return NULL;
}

/* Accept only characters that need no escaping in a URL, in HTML or in a label. */
static const char *read_path(const struct flag *flag, const char *text, void *field)
{
    (void)flag;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "/-._~";
    size_t length = strlen(text);
    if (text[0] != '/' || length < 2 || length > 200 || text[strspn(text, allowed)] != '\0' ||
        strncmp(text, "/-/", 3) == 0 || strncmp(text, "//", 2) == 0)
        return "is not a path such as /metrics: letters, digits and / - . _ ~ only, not /, /-/... "
               "or //...";
    *(const char **)field = text;
    return NULL;
}

static const char *read_file(const struct flag *flag, const char *text, void *field)
{
    (void)flag;
    if (text[0] == '\0')
        return "is not the name of a file";
    *(const char **)field = text;
    return NULL;
}

static const char *read_user(const struct flag *flag, const char *text, void *field)
{
    (void)flag;
    if (text[0] == '\0')
        return "is not the name of a user";
    *(const char **)field = text;
    return NULL;
}

/* Add one number with its unit, such as "30s", to `seconds`. Returns the rest of `text`; NULL if it
 * does not begin with one. */
static const char *read_duration_part(const char *text, double *seconds)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};

    size_t length = strspn(text, "0123456789.");
    char *end;
    double number = strtod(text, &end);
    if (length == 0 || end != text + length)
        return NULL;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strncmp(end, units[i].unit, strlen(units[i].unit)) == 0) {
            *seconds += number * units[i].seconds;
            return end + strlen(units[i].unit);
        }
    }
    return NULL;
}

static const char *read_duration(const struct flag *flag, const char *text, void *field)
{
    double seconds = 0;
    const char *rest = text;
    do
        rest = read_duration_part(rest, &seconds);
    while (rest && *rest);
    if (!rest || seconds < flag->low || seconds > flag->high)
        return "is not a duration (500ms, 5s, 1m30s)";
    *(int64_t *)field = (int64_t)llround(seconds * (double)NANOSECONDS_PER_SECOND);
    return NULL;
}

static const char *read_percent(const struct flag *flag, const char *text, void *field)
{
    char *end;
    double percent = strtod(text, &end);
    if (end == text || strcmp(*end == '%' ? end + 1 : end, "") != 0 ||
        !(percent >= flag->low && percent <= flag->high))
        return "is not a percentage of one CPU";
    *(double *)field = percent / 100;
    return NULL;
}

static const char *read_number(const struct flag *flag, const char *text, void *field)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (strspn(text, "0123456789") == 0 || *end != '\0' || errno != 0 ||
        (double)number < flag->low || (double)number > flag->high)
        return "is not a number";
    *(size_t *)field = number;
    return NULL;
}

static const char *read_pattern(const struct flag *flag, const char *text, void *field)
{
    (void)flag;
    if (text[0] == '\0' || !name_pattern_is_valid(text))
        return "is not an extended regular expression";
    *(const char **)field = text;
    return NULL;
}

/* The index of `text` in `names`, or -1. */
static int find_name(const char *const names[], int count, const char *text)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], text) == 0)
            return i;
    }
    return -1;
}

static const char *read_level(const struct flag *flag, const char *text, void *field)
{
    (void)flag;
    static const char *const names[] = {"debug", "info", "warn", "error"};
    int level = find_name(names, 4, text);
    if (level < 0)
        return "is not debug, info, warn or error";
    *(enum log_level *)field = (enum log_level)level;
    return NULL;
}

static const char *read_format(const struct flag *flag, const char *text, void *field)
{
    (void)flag;
    static const char *const names[] = {"logfmt", "json"};
    int format = find_name(names, 2, text);
    if (format < 0)
        return "is not logfmt or json";
    *(enum log_format *)field = (enum log_format)format;
    return NULL;
}

static void *field_of(const struct flag *flag, struct options *options)
{
    return (char *)options + flag->field;
}

static void set_defaults(struct options *options)
{
    *options = (struct options){0};
    for (size_t i = 0; i < FLAGS; i++) {
        if (!flags[i].initial)
            continue;
        if (flags[i].read)
            flags[i].read(&flags[i], flags[i].initial, field_of(&flags[i], options));
        else
            *(bool *)field_of(&flags[i], options) = true;
    }
}

/* The flag whose name is the first `length` bytes of `name`, or NULL. */
static const struct flag *find_flag(const char *name, size_t length)
{
    for (size_t i = 0; i < FLAGS; i++) {
        if (strlen(flags[i].name) == length && memcmp(flags[i].name, name, length) == 0)
            return &flags[i];
    }
    return NULL;
}

static bool parse_value(struct options *options, const struct flag *flag, const char *value,
                        char *error, size_t error_size)
{
    const char *refusal = flag->read(flag, value, field_of(flag, options));
    char range[64] = "";
    if (!refusal)
        return true;
    if (flag->high > 0)
        snprintf(range, sizeof range, " from %g to %g%s", flag->low, flag->high,
                 flag->read == read_duration ? " seconds" : "");
    snprintf(error, error_size, "flag --%s: \"%s\" %s%s", flag->name, value, refusal, range);
    return false;
}

/* Parse one argument. If `next` (NULL at the end) is its value, parse it too and set `took_next`.
 */
static bool parse_argument(struct options *options, const char *argument, const char *next,
                           bool *took_next, char *error, size_t error_size)
{
    *took_next = false;
    if (strcmp(argument, "-h") == 0)
        argument = "--help";
    if (strncmp(argument, "--", 2) != 0) {
        snprintf(error, error_size, "unexpected argument \"%s\"; see --help", argument);
        return false;
    }
    const char *name = argument + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;

    const struct flag *flag = find_flag(name, length);
    bool negated = !flag && strncmp(name, "no-", 3) == 0;
    if (negated)
        flag = find_flag(name + 3, length - 3);
    if (!flag || (negated && flag->read)) {
        snprintf(error, error_size, "unknown flag --%.*s; see --help", (int)length, name);
        return false;
    }
    if (!flag->read) {
        *(bool *)field_of(flag, options) = !negated;
        if (value)
            snprintf(error, error_size, "flag --%.*s takes no value", (int)length, name);
        return !value;
    }
    if (!value && next && strncmp(next, "--", 2) != 0) {
        value = next;
        *took_next = true;
    }
    if (!value) {
        snprintf(error, error_size, "flag --%s needs a value: %s", flag->name, flag->placeholder);
        return false;
    }
    return parse_value(options, flag, value, error, error_size);
}

bool options_parse(struct options *options, int count, char *const arguments[], char *error,
                   size_t error_size)
{
    set_defaults(options);
    for (int i = 1; i < count; i++) {
        bool took_next;
        if (!parse_argument(options, arguments[i], i + 1 < count ? arguments[i + 1] : NULL,
                            &took_next, error, error_size)) {
            mask_controls(error); /* an argument can contain any character */
            return false;
        }
        i += took_next;
    }
    if (options->web.systemd_socket && options->web.listen_address_count > 0) {
        snprintf(error, error_size,
                 "--web.listen-address cannot be combined with --web.systemd-socket");
        return false;
    }
    options->sampler.collect_namespaces |= options->walk_namespaces;
    if (options->web.listen_address_count == 0)
        options->web.listen_addresses[options->web.listen_address_count++] = ":10073";
    return true;
}

void options_list_collectors(const struct options *options, FILE *out)
{
    static const char prefix[] = "collector.";
    const char *separator = "";
    for (size_t i = 0; i < FLAGS; i++) {
        const struct flag *flag = &flags[i];
        if (flag->read || strncmp(flag->name, prefix, strlen(prefix)) != 0 ||
            !*(const bool *)((const char *)options + flag->field))
            continue;
        fprintf(out, "%s%s", separator, flag->name + strlen(prefix));
        separator = ", ";
    }
}

void options_print_help(FILE *out)
{
    fputs("usage: sockdiag_exporter [flags]\n\n"
          "Samples the kernel's sockets on its own clock and serves their states as\n"
          "Prometheus metrics.\n\n",
          out);
    for (size_t i = 0; i < FLAGS; i++) {
        const struct flag *flag = &flags[i];
        bool on = !flag->read && flag->initial;
        fprintf(out, "  --%s%s%s%s\n      %s", on ? "[no-]" : "", flag->name,
                flag->placeholder ? "=" : "", flag->placeholder ? flag->placeholder : "",
                flag->help);
        if (flag->read && flag->initial)
            fprintf(out, " (default %s)", flag->initial);
        fputs("\n", out);
    }
}
