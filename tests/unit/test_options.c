// SPDX-License-Identifier: Apache-2.0
/*
 * The command line. An error message is one line and names the flag.
 */
#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static bool parse_list(struct options *options, char *const arguments[], char *error, size_t size)
{
    int count = 0;
    while (arguments[count])
        count++;
    return options_parse(options, count, arguments, error, size);
}

static struct options accepted(char *const arguments[])
{
    char error[512];
    struct options options;
    if (!parse_list(&options, arguments, error, sizeof error))
        fail_msg("refused: %s", error);
    return options;
}

static void refused(const char *names, char *const arguments[])
{
    char error[512] = "";
    struct options options;
    if (parse_list(&options, arguments, error, sizeof error))
        fail_msg("accepted: %s %s", arguments[1], arguments[2] ? arguments[2] : "");
    if (!strstr(error, names))
        fail_msg("\"%s\" does not name %s", error, names);
    if (strchr(error, '\n'))
        fail_msg("more than one line: %s", error);
}

#define ARGUMENTS(...)      ((char *[]){"sockdiag_exporter", __VA_ARGS__, NULL})
#define ACCEPTED(...)       accepted(ARGUMENTS(__VA_ARGS__))
#define REFUSED(names, ...) refused(names, ARGUMENTS(__VA_ARGS__))

static struct options defaults(void)
{
    return accepted((char *[]){"sockdiag_exporter", NULL});
}

/* --flag=value */
static char *joined(const char *flag, const char *value)
{
    static char argument[4096];
    snprintf(argument, sizeof argument, "--%s=%s", flag, value);
    return argument;
}

static char *dashed(const char *flag)
{
    static char argument[128];
    snprintf(argument, sizeof argument, "--%s", flag);
    return argument;
}

/* Flags with a value, and a check of its effect. None of the values is the default. */
static bool has_address(const struct options *options)
{
    return options->web.listen_address_count == 1 &&
           strcmp(options->web.listen_addresses[0], "[::1]:9") == 0;
}

static bool has_path(const struct options *options)
{
    return strcmp(options->web.telemetry_path, "/my/metrics_1.2~3-4") == 0;
}

static bool has_connections(const struct options *options)
{
    return options->web.max_connections == 7;
}

static bool has_interval(const struct options *options)
{
    return options->sampler.interval == 250 * SECOND / 1000;
}

static bool has_detail_interval(const struct options *options)
{
    return options->sampler.detail_interval == 90 * SECOND;
}

static bool has_config_file(const struct options *options)
{
    return options->web_config_file && strcmp(options->web_config_file, "web.yml") == 0;
}

static bool has_budget(const struct options *options)
{
    return options->sampler.cpu_share == 0.125;
}

static bool has_peak_window(const struct options *options)
{
    return options->sampler.peak_window == 3600 * SECOND;
}

static bool has_top(const struct options *options)
{
    return options->sampler.listeners_top == 5;
}

static bool has_destinations(const struct options *options)
{
    return options->sampler.destinations_top == 5;
}

static bool has_udp_top(const struct options *options)
{
    return options->sampler.udp_top == 1000;
}

static bool has_unix_top(const struct options *options)
{
    return options->sampler.unix_top == 1024;
}

static bool has_cgroups_top(const struct options *options)
{
    return options->sampler.cgroups_top == 2048;
}

static bool has_cgroups_depth(const struct options *options)
{
    return options->sampler.cgroups_depth == 16;
}

static bool has_include(const struct options *options)
{
    const char *pattern = options->sampler.namespaces_include;
    return pattern && strcmp(pattern, "^a|b") == 0;
}

static bool has_exclude(const struct options *options)
{
    const char *pattern = options->sampler.namespaces_exclude;
    return pattern && strcmp(pattern, "c{2}") == 0;
}

static bool has_netns_max(const struct options *options)
{
    return options->sampler.namespaces_max == 9;
}

static bool has_level(const struct options *options)
{
    return options->log_level == LOG_LEVEL_ERROR;
}

static bool has_format(const struct options *options)
{
    return options->log_format == LOG_FORMAT_JSON;
}

static const struct {
    const char *flag;
    const char *value;
    const char *bad_value;
    bool (*arrived)(const struct options *options);
} valued[] = {
    {"web.listen-address", "[::1]:9", NULL, has_address},
    {"web.telemetry-path", "/my/metrics_1.2~3-4", "metrics", has_path},
    {"web.config.file", "web.yml", NULL, has_config_file},
    {"web.max-connections", "7", "seven", has_connections},
    {"sample.interval", "250ms", "250", has_interval},
    {"sample.detail-interval", "1m30s", "soon", has_detail_interval},
    {"sample.cpu-budget", "12.5", "much", has_budget},
    {"sample.peak-window", "1h", "1 h", has_peak_window},
    {"collector.listeners.top", "5", "-5", has_top},
    {"collector.destinations.top", "5", "ten", has_destinations},
    {"collector.udp.top", "1000", "1001", has_udp_top},
    {"collector.unix.top", "1024", "1025", has_unix_top},
    {"collector.cgroups.top", "2048", "2049", has_cgroups_top},
    {"collector.cgroups.depth", "16", "17", has_cgroups_depth},
    {"collector.netns.include", "^a|b", NULL, has_include},
    {"collector.netns.exclude", "c{2}", NULL, has_exclude},
    {"collector.netns.max", "9", "all", has_netns_max},
    {"log.level", "error", "loud", has_level},
    {"log.format", "json", "xml", has_format},
};
enum { VALUED = sizeof valued / sizeof valued[0] };

static const struct {
    const char *flag;
    size_t field; /* a bool in struct options */
    bool initial;
} switches[] = {
    {"web.disable-exporter-metrics", offsetof(struct options, disable_exporter_metrics), false},
    {"collector.listeners", offsetof(struct options, sampler.collect_listeners), true},
    {"collector.ports", offsetof(struct options, sampler.collect_ports), true},
    {"collector.destinations", offsetof(struct options, sampler.collect_destinations), true},
    {"collector.time-wait", offsetof(struct options, sampler.collect_time_wait), true},
    {"collector.udp", offsetof(struct options, sampler.collect_udp), true},
    {"collector.unix", offsetof(struct options, sampler.collect_unix), true},
    {"collector.cgroups", offsetof(struct options, sampler.collect_cgroups), false},
    {"collector.netns", offsetof(struct options, sampler.collect_namespaces), false},
    {"web.systemd-socket", offsetof(struct options, web.systemd_socket), false},
    {"config.check", offsetof(struct options, config_check), false},
    {"once", offsetof(struct options, once), false},
    {"version", offsetof(struct options, version), false},
    {"help", offsetof(struct options, help), false},
};
enum { SWITCHES = sizeof switches / sizeof switches[0] };

static bool is_on(struct options options, size_t i)
{
    return *(bool *)((char *)&options + switches[i].field);
}

static void test_defaults(void **state)
{
    (void)state;
    struct options options = defaults();
    assert_int_equal(options.web.listen_address_count, 1);
    assert_string_equal(options.web.listen_addresses[0], ":10073");
    assert_string_equal(options.web.telemetry_path, "/metrics");
    assert_int_equal(options.web.max_connections, 256);
    assert_int_equal(options.sampler.interval, SECOND);
    assert_int_equal(options.sampler.detail_interval, 5 * SECOND);
    assert_true(options.sampler.cpu_share == 0.02);
    assert_int_equal(options.sampler.peak_window, 120 * SECOND);
    assert_int_equal(options.sampler.listeners_top, 32);
    assert_int_equal(options.sampler.destinations_top, 10);
    assert_int_equal(options.sampler.udp_top, 5);
    assert_int_equal(options.sampler.unix_top, 5);
    assert_int_equal(options.sampler.cgroups_top, 32);
    assert_int_equal(options.sampler.cgroups_depth, 4);
    assert_int_equal(options.log_level, LOG_LEVEL_INFO);
    assert_int_equal(options.log_format, LOG_FORMAT_LOGFMT);
    for (size_t i = 0; i < SWITCHES; i++)
        assert_int_equal(is_on(options, i), switches[i].initial);
}

static void test_all_options_are_initialized(void **state)
{
    (void)state;
    char error[512];
    struct options options;
    memset(&options, 0xff, sizeof options);
    assert_true(parse_list(&options, ARGUMENTS("--log.level=info"), error, sizeof error));
    assert_int_equal(options.web.listen_address_count, 1);
    assert_false(options.once);
}

static void test_a_value_follows_an_equals_sign(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALUED; i++) {
        struct options plain = defaults();
        assert_false(valued[i].arrived(&plain));
        struct options options = ACCEPTED(joined(valued[i].flag, valued[i].value));
        if (!valued[i].arrived(&options))
            fail_msg("--%s=%s had no effect", valued[i].flag, valued[i].value);
    }
}

static void test_a_value_is_the_next_argument(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALUED; i++) {
        struct options options =
            ACCEPTED(dashed(valued[i].flag), (char *)valued[i].value, "--once");
        if (!valued[i].arrived(&options))
            fail_msg("--%s %s had no effect", valued[i].flag, valued[i].value);
        assert_true(options.once);
    }
}

static void test_a_value_with_two_dashes_needs_an_equals_sign(void **state)
{
    (void)state;
    struct options options = ACCEPTED("--web.config.file=--once");
    assert_string_equal(options.web_config_file, "--once");
    assert_false(options.once);
    REFUSED("--web.config.file needs a value", "--web.config.file", "--once");
    options = ACCEPTED("--web.config.file", "-once");
    assert_string_equal(options.web_config_file, "-once");
}

static void test_the_last_value_counts(void **state)
{
    (void)state;
    struct options options = ACCEPTED("--log.level=debug", "--log.level", "warn");
    assert_int_equal(options.log_level, LOG_LEVEL_WARN);
}

static void test_flags_come_in_any_order(void **state)
{
    (void)state;
    struct options options = ACCEPTED("--once", "--sample.interval=2s", "--no-collector.listeners",
                                      "--web.telemetry-path", "/m", "--log.format=json");
    assert_true(options.once);
    assert_int_equal(options.sampler.interval, 2 * SECOND);
    assert_false(options.sampler.collect_listeners);
    assert_string_equal(options.web.telemetry_path, "/m");
    assert_int_equal(options.log_format, LOG_FORMAT_JSON);
}

static void test_a_missing_value_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALUED; i++)
        REFUSED(valued[i].flag, dashed(valued[i].flag));
}

/* Otherwise a flag with a forgotten value would take the next flag as its value. */
static void test_a_bad_value_is_refused_in_both_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALUED; i++) {
        if (!valued[i].bad_value)
            continue;
        REFUSED(valued[i].flag, joined(valued[i].flag, valued[i].bad_value));
        REFUSED(valued[i].flag, dashed(valued[i].flag), (char *)valued[i].bad_value);
        REFUSED(valued[i].flag, joined(valued[i].flag, ""));
    }
}

static void test_a_file_needs_a_name(void **state)
{
    (void)state;
    REFUSED("web.config.file", "--web.config.file=");
}

static void test_an_error_quotes_the_bad_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALUED; i++) {
        if (valued[i].bad_value)
            REFUSED(valued[i].bad_value, joined(valued[i].flag, valued[i].bad_value));
    }
}

/* The complete sentence. */
static void assert_error(const char *argument, const char *expected)
{
    char error[512];
    struct options options;
    assert_false(parse_list(&options, ARGUMENTS((char *)argument), error, sizeof error));
    assert_string_equal(error, expected);
}

static void test_an_error_says_what_is_expected(void **state)
{
    (void)state;
    assert_error("--web.max-connections=0",
                 "flag --web.max-connections: \"0\" is not a number from 1 to 10000");
    assert_error("--collector.listeners.top=x",
                 "flag --collector.listeners.top: \"x\" is not a number from 0 to 4096");
    assert_error(
        "--sample.cpu-budget=200",
        "flag --sample.cpu-budget: \"200\" is not a percentage of one CPU from 0.01 to 100");
    assert_error("--sample.interval=2h", "flag --sample.interval: \"2h\" is not a duration (500ms, "
                                         "5s, 1m30s) from 0.01 to 3600 seconds");
    assert_error("--log.format=xml", "flag --log.format: \"xml\" is not logfmt or json");
    assert_error("--web.listen-address=host",
                 "flag --web.listen-address: \"host\" is not host:port, [IPv6]:port or :port");
}

static void test_a_bare_ipv6_address_needs_brackets(void **state)
{
    (void)state;
    static const char *const bare[] = {
        "::1:10073", "::1", "2001:DB8::f:80", ":::10073", "fe80::1%eth0:80", "::ffff:192.0.2.1:80",
    };
    for (size_t i = 0; i < sizeof bare / sizeof bare[0]; i++)
        REFUSED("needs brackets around the IPv6 address, as in [::1]:10073",
                joined("web.listen-address", bare[i]));
    static const char *const others[] = {"http://host:80", "host:80:90", "80", "192.0.2.1",
                                         "[::1]"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        REFUSED("is not host:port", joined("web.listen-address", others[i]));
    ACCEPTED("--web.listen-address=[fe80::1%eth0]:80");
    ACCEPTED("--web.listen-address=192.0.2.1:80");
    ACCEPTED("--web.listen-address=:80");
}

static void test_a_switch_turns_on_and_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < SWITCHES; i++) {
        char off[128];
        snprintf(off, sizeof off, "--no-%s", switches[i].flag);
        assert_true(is_on(ACCEPTED(dashed(switches[i].flag)), i));
        assert_false(is_on(ACCEPTED(off), i));
        assert_true(is_on(ACCEPTED(off, dashed(switches[i].flag)), i));
        assert_false(is_on(ACCEPTED(dashed(switches[i].flag), off), i));
    }
}

static void test_help_has_a_short_form(void **state)
{
    (void)state;
    assert_true(ACCEPTED("-h").help);
    REFUSED("-v", "-v");
}

/* Otherwise the addresses would be ignored without a message. */
static void test_sockets_are_opened_or_inherited(void **state)
{
    (void)state;
    assert_true(ACCEPTED("--web.systemd-socket").web.systemd_socket);
    REFUSED("--web.listen-address cannot be combined with --web.systemd-socket",
            "--web.systemd-socket", "--web.listen-address=:1");
    REFUSED("--web.systemd-socket", "--web.listen-address=:1", "--web.systemd-socket");
}

static void test_a_switch_changes_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < SWITCHES; i++) {
        char other_way[128];
        snprintf(other_way, sizeof other_way, "--%s%s", switches[i].initial ? "no-" : "",
                 switches[i].flag);
        struct options options = ACCEPTED(other_way);
        for (size_t j = 0; j < SWITCHES; j++)
            assert_int_equal(is_on(options, j), switches[j].initial != (i == j));
    }
}

static void test_a_switch_takes_no_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < SWITCHES; i++) {
        char off[128];
        snprintf(off, sizeof off, "--no-%s=1", switches[i].flag);
        REFUSED(switches[i].flag, joined(switches[i].flag, "true"));
        REFUSED(switches[i].flag, joined(switches[i].flag, ""));
        REFUSED(switches[i].flag, off);
        REFUSED("true", dashed(switches[i].flag), "true"); /* a separate argument */
    }
}

static void test_a_flag_with_a_value_has_no_opposite(void **state)
{
    (void)state;
    REFUSED("no-log.level", "--no-log.level");
    REFUSED("no-log.level", "--no-log.level=info");
    REFUSED("no-no-once", "--no-no-once");
}

static void test_an_unknown_flag_is_refused(void **state)
{
    (void)state;
    REFUSED("--nonsense", "--nonsense");
    REFUSED("--nonsense", "--nonsense=5");
    REFUSED("--no-nonsense", "--no-nonsense");
    REFUSED("--Once", "--Once");
    REFUSED("--oncee", "--oncee");
    REFUSED("--", "--");
    REFUSED("--", "--=5");
    REFUSED("--no-", "--no-");
}

static void test_an_abbreviation_is_refused(void **state)
{
    (void)state;
    REFUSED("--onc", "--onc");
    REFUSED("--sample.inter", "--sample.inter=5s");
    REFUSED("--log", "--log=debug");
    REFUSED("--collector", "--collector");
}

static void test_a_positional_argument_is_refused(void **state)
{
    (void)state;
    REFUSED("start", "start");
    REFUSED("-once", "-once");
    REFUSED("\"-\"", "-");
    REFUSED("\"\"", "");
    REFUSED("5s", "--sample.interval=1s", "5s");
}

static void test_listen_addresses_add_up_in_their_order(void **state)
{
    (void)state;
    struct options options = ACCEPTED("--web.listen-address=:1", "--web.listen-address", ":2",
                                      "--web.listen-address=127.0.0.1:3");
    assert_int_equal(options.web.listen_address_count, 3);
    assert_string_equal(options.web.listen_addresses[0], ":1");
    assert_string_equal(options.web.listen_addresses[1], ":2");
    assert_string_equal(options.web.listen_addresses[2], "127.0.0.1:3");
}

static void test_the_seventeenth_listen_address_is_refused(void **state)
{
    (void)state;
    char *arguments[WEB_MAX_LISTEN_ADDRESSES + 3] = {"sockdiag_exporter"};
    for (int i = 1; i <= WEB_MAX_LISTEN_ADDRESSES; i++)
        arguments[i] = "--web.listen-address=:0";
    assert_int_equal(accepted(arguments).web.listen_address_count, 16);
    arguments[WEB_MAX_LISTEN_ADDRESSES + 1] = "--web.listen-address=:0";
    refused("flag --web.listen-address: \":0\" exceeds the limit of 16 addresses", arguments);
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t nanoseconds;
    } durations[] = {
        {"500ms", SECOND / 2},
        {"5s", 5 * SECOND},
        {"1m30s", 90 * SECOND},
        {"0.5s", SECOND / 2},
        {"1h", 3600 * SECOND},
        {"2m", 120 * SECOND},
        {"10ms", SECOND / 100},
        {"3600s", 3600 * SECOND},
        {"1s500ms", 3 * SECOND / 2},
        {"0.1s", SECOND / 10},
        {"1.5m", 90 * SECOND},
        {"59m59s999ms", 3599999 * SECOND / 1000},
        {"10.5ms", 10500000},
        {"8.2s", 82 * SECOND / 10}, /* 8.2 is not a double: rounded, not truncated */
    };
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        struct options options = ACCEPTED(joined("sample.interval", durations[i].text));
        assert_int_equal(options.sampler.interval, durations[i].nanoseconds);
    }
    assert_int_equal(ACCEPTED("--sample.peak-window=1d").sampler.peak_window, 86400 * SECOND);
}

static void test_an_invalid_duration_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",     "5",    "s",      "-1s",  "1e3s", "5 s",  " 5s",    "5s ", "5S",
        "5sec", "1m30", "1.2.3s", "0x5s", "nans", "infs", "five s", ".s",  "1,5s",
        "+5s",  "1ss",  "1s-1s",  "ms",   "5us",  "5w",   "5s,5s",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSED("sample.interval", joined("sample.interval", bad[i]));
}

static void test_a_duration_out_of_range_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "0s", "0ms", "9ms", "9.999ms", "3601s", "1h1ms", "2h", "1d", "99999999999999999999d",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSED("sample.interval", joined("sample.interval", bad[i]));
    REFUSED("sample.detail-interval", "--sample.detail-interval=99ms");
    REFUSED("sample.detail-interval", "--sample.detail-interval=1d1s");
    REFUSED("sample.peak-window", "--sample.peak-window=999ms");
    REFUSED("sample.peak-window", "--sample.peak-window=25h");
}

static void test_a_percentage_becomes_a_share(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double percent;
    } percentages[] = {{"2", 2},       {"2%", 2},     {"100", 100},
                       {"0.01", 0.01}, {"0.5%", 0.5}, {"99.9", 99.9}};
    for (size_t i = 0; i < sizeof percentages / sizeof percentages[0]; i++) {
        struct options options = ACCEPTED(joined("sample.cpu-budget", percentages[i].text));
        assert_true(options.sampler.cpu_share == percentages[i].percent / 100);
    }
}

static void test_an_invalid_percentage_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",    "%",   "0",  "0.009", "100.1", "101", "-1",  "nan",     "inf",
        "2%%", "2 %", "%2", "two",   "2x",    "1,5", "1e9", "2%extra",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSED("sample.cpu-budget", joined("sample.cpu-budget", bad[i]));
}

static void test_numbers_have_their_range(void **state)
{
    (void)state;
    assert_int_equal(ACCEPTED("--web.max-connections=1").web.max_connections, 1);
    assert_int_equal(ACCEPTED("--web.max-connections=10000").web.max_connections, 10000);
    assert_int_equal(ACCEPTED("--collector.listeners.top=0").sampler.listeners_top, 0);
    assert_int_equal(ACCEPTED("--collector.listeners.top=4096").sampler.listeners_top, 4096);
    static const char *const bad[] = {
        "0",
        "10001",
        "-1",
        "+5",
        " 5",
        "5 ",
        "5.0",
        "0x5",
        "1e2",
        "",
        "99999999999999999999",
        "18446744073709551617",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSED("web.max-connections", joined("web.max-connections", bad[i]));
    REFUSED("collector.listeners.top", "--collector.listeners.top=4097");
    REFUSED("collector.destinations.top", "--collector.destinations.top=1001");
    REFUSED("collector.netns.include: \"a(\" is not an extended", "--collector.netns.include=a(");
    REFUSED("collector.netns.exclude", "--collector.netns.exclude=");
    assert_int_equal(defaults().sampler.namespaces_max, 256);
    REFUSED("collector.netns.max", "--collector.netns.max=0");
    REFUSED("collector.netns.max", "--collector.netns.max=4097");
}

static void test_paths(void **state)
{
    (void)state;
    static const char *const good[] = {"/m", "/a/b/c", "/~me/x-y_z.txt", "/-x"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct options options = ACCEPTED(joined("web.telemetry-path", good[i]));
        assert_string_equal(options.web.telemetry_path, good[i]);
    }
    static const char *const bad[] = {
        "/",    "",     "metrics", "/-/healthy", "/-/ready", "//x", "/a b",
        "/a?b", "/a#b", "/<b>",    "/\"",        "/a%20b",   "/ü",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSED("web.telemetry-path", joined("web.telemetry-path", bad[i]));
}

static void test_levels_and_formats_have_no_other_names(void **state)
{
    (void)state;
    assert_int_equal(ACCEPTED("--log.level=debug").log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(ACCEPTED("--log.level=info").log_level, LOG_LEVEL_INFO);
    assert_int_equal(ACCEPTED("--log.level=warn").log_level, LOG_LEVEL_WARN);
    assert_int_equal(ACCEPTED("--log.level=error").log_level, LOG_LEVEL_ERROR);
    assert_int_equal(ACCEPTED("--log.format=logfmt").log_format, LOG_FORMAT_LOGFMT);
    static const char *const bad[] = {"", "Info", "warning", "err", "0", "info ", "debug,info"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSED("log.level", joined("log.level", bad[i]));
    REFUSED("log.format", "--log.format=JSON");
}

static void test_an_error_is_one_line_for_any_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALUED; i++) {
        if (valued[i].bad_value)
            REFUSED(valued[i].flag, joined(valued[i].flag, "two\nlines"));
    }
    REFUSED("positional", "positional\nargument");
    REFUSED("--un", "--un\nknown");
}

static void test_a_long_value_does_not_hide_the_flag(void **state)
{
    (void)state;
    char value[3000];
    memset(value, '9', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    for (size_t i = 0; i < VALUED; i++) {
        if (valued[i].bad_value)
            REFUSED(valued[i].flag, joined(valued[i].flag, value));
    }
}

static void test_an_error_is_truncated_to_the_buffer(void **state)
{
    (void)state;
    char error[64];
    struct options options;
    memset(error, '?', sizeof error);
    assert_false(parse_list(&options, ARGUMENTS("--sample.interval=never"), error, 20));
    assert_int_equal(strlen(error), 19);
    assert_int_equal(error[20], '?');
}

static void test_help_has_every_flag_and_its_default(void **state)
{
    (void)state;
    char *help = NULL;
    size_t size;
    FILE *stream = open_memstream(&help, &size);
    assert_non_null(stream);
    options_print_help(stream);
    assert_int_equal(fclose(stream), 0);
    for (size_t i = 0; i < VALUED; i++) {
        char flag[128];
        snprintf(flag, sizeof flag, "--%s=", valued[i].flag);
        assert_non_null(strstr(help, flag));
    }
    for (size_t i = 0; i < SWITCHES; i++) {
        char flag[128];
        snprintf(flag, sizeof flag, "--%s%s\n", switches[i].initial ? "[no-]" : "",
                 switches[i].flag);
        assert_non_null(strstr(help, flag));
    }
    assert_non_null(strstr(help, "default :10073"));
    assert_non_null(strstr(help, "default 5s"));
    free(help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all_options_are_initialized),
        cmocka_unit_test(test_a_value_follows_an_equals_sign),
        cmocka_unit_test(test_a_value_is_the_next_argument),
        cmocka_unit_test(test_the_last_value_counts),
        cmocka_unit_test(test_flags_come_in_any_order),
        cmocka_unit_test(test_a_missing_value_is_refused),
        cmocka_unit_test(test_a_value_with_two_dashes_needs_an_equals_sign),
        cmocka_unit_test(test_a_bad_value_is_refused_in_both_forms),
        cmocka_unit_test(test_a_file_needs_a_name),
        cmocka_unit_test(test_an_error_quotes_the_bad_value),
        cmocka_unit_test(test_an_error_says_what_is_expected),
        cmocka_unit_test(test_a_bare_ipv6_address_needs_brackets),
        cmocka_unit_test(test_a_switch_turns_on_and_off),
        cmocka_unit_test(test_a_switch_changes_no_other),
        cmocka_unit_test(test_help_has_a_short_form),
        cmocka_unit_test(test_sockets_are_opened_or_inherited),
        cmocka_unit_test(test_a_switch_takes_no_value),
        cmocka_unit_test(test_a_flag_with_a_value_has_no_opposite),
        cmocka_unit_test(test_an_unknown_flag_is_refused),
        cmocka_unit_test(test_an_abbreviation_is_refused),
        cmocka_unit_test(test_a_positional_argument_is_refused),
        cmocka_unit_test(test_listen_addresses_add_up_in_their_order),
        cmocka_unit_test(test_the_seventeenth_listen_address_is_refused),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_an_invalid_duration_is_refused),
        cmocka_unit_test(test_a_duration_out_of_range_is_refused),
        cmocka_unit_test(test_a_percentage_becomes_a_share),
        cmocka_unit_test(test_an_invalid_percentage_is_refused),
        cmocka_unit_test(test_numbers_have_their_range),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_levels_and_formats_have_no_other_names),
        cmocka_unit_test(test_an_error_is_one_line_for_any_value),
        cmocka_unit_test(test_a_long_value_does_not_hide_the_flag),
        cmocka_unit_test(test_an_error_is_truncated_to_the_buffer),
        cmocka_unit_test(test_help_has_every_flag_and_its_default),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
