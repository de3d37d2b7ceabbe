// SPDX-License-Identifier: Apache-2.0
/*
 * sockdiag_exporter: options, wiring, exit code. Exit codes: 0 after a clean stop, 1 when it cannot
 * start or --once fails, 2 for a wrong command line.
 */
#include "base/log.h"
#include "base/service_notify.h"
#include "options.h"
#include "publish/publication.h"
#include "sockdiag/exposition.h"
#include "sockdiag/sampler.h"
#include "web/web_config.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#ifndef VERSION
#define VERSION "unknown"
#endif
#ifndef REVISION
#define REVISION "unknown"
#endif

static const char proc_root[] = "/proc";

/* What becomes of a snapshot. */
struct exporter {
    struct options options;
    double start_time_seconds;
    struct buffer body; /* with --once */
    struct publication *publication;
    struct web_server *web;          /* NULL with --once */
    struct file_stamps config_files; /* of the web configuration as it was last read */
    /* What the sampler's thread tells of that. */
    atomic_bool config_refused;
    _Atomic double config_seconds;
};

static bool complain(const char *message)
{
    fprintf(stderr, "%ssockdiag_exporter: %s\n", log_priority(LOG_LEVEL_ERROR), message);
    return false;
}

static bool complain_fault(const struct fault *fault)
{
    char description[256];
    fault_describe(fault, description, sizeof description);
    return complain(description);
}

static struct self_report describe_self(const struct exporter *exporter)
{
    struct self_report self = {
        .version = VERSION,
        .revision = REVISION,
        .telemetry_path = exporter->options.web.telemetry_path,
        .start_time_seconds = exporter->start_time_seconds,
        .has_web_config = exporter->web && exporter->options.web_config_file,
        .web_config_refused = exporter->config_refused,
        .web_config_seconds = exporter->config_seconds,
    };
    if (exporter->web && !exporter->options.disable_exporter_metrics) {
        struct fault ignored; /* the page is then without process_*, which tells */
        self.request_count = web_server_requests(exporter->web, self.requests);
        self.has_process = procfs_read_process_usage(proc_root, &self.process, &ignored);
    }
    return self;
}

/* The sampler's reader in a daemon: each snapshot becomes the page of the next scrapes. */
static void publish(void *context, const struct snapshot *snapshot)
{
    struct exporter *exporter = context;
    struct self_report self = describe_self(exporter);
    struct page *page = page_create(snapshot, &self, &system_clock);
    if (page)
        publication_put(exporter->publication, page);
    else
        log_error("main", "out of memory: the page is not renewed");
    service_notify("WATCHDOG=1");
}

/* The sampler's reader with --once. */
static void print(void *context, const struct snapshot *snapshot)
{
    struct exporter *exporter = context;
    struct self_report self = describe_self(exporter);
    buffer_clear(&exporter->body);
    exposition_render(&exporter->body, METRIC_TEXT, snapshot, &self);
}

/* With --once: both samples, the page on standard output. It is without process_* and HTTP metrics,
 * which would clash with those of a node_exporter that picks it up as a textfile. */
static bool print_once(struct exporter *exporter, struct sampler *sampler)
{
    struct fault fault;
    if (!sampler_take(sampler, SAMPLE_COUNT, &fault) ||
        !sampler_take(sampler, SAMPLE_DETAIL, &fault))
        return complain_fault(&fault);
    sampler_publish(sampler);
    if (exporter->body.failed)
        return complain("out of memory");
    if (fwrite(exporter->body.data, 1, exporter->body.length, stdout) != exporter->body.length ||
        fflush(stdout) != 0)
        return complain("cannot write to standard output");
    return true;
}

/* Read the web configuration again. False, with one line in the log, when it cannot be taken: the
 * one in force stays. */
static bool read_config_again(struct exporter *exporter)
{
    static const char kept[] = "the web configuration from before stays in force";
    const char *path = exporter->options.web_config_file;
    char error[512];
    struct web_config *config = web_config_load(path, &exporter->config_files, error, sizeof error);
    if (!config) {
        log_error("main", "%s: %s", error, kept);
        return false;
    }
    if (!web_server_configure(exporter->web, config, error, sizeof error)) {
        log_error("main", "%s: %s: %s", path, error, kept);
        return false;
    }
    log_info("main", "the web configuration was read again");
    return true;
}

static void reload(struct exporter *exporter)
{
    bool taken = read_config_again(exporter);
    exporter->config_refused = !taken;
    if (taken)
        exporter->config_seconds = clock_unix_seconds(&system_clock);
}

/* When the web configuration is to be read again. */
struct reload {
    bool changed; /* its files were seen changed, and have another second to be written whole */
    bool due;
};

/* Each second, and on SIGHUP. */
static void consider_reload(struct exporter *exporter, struct reload *next, bool asked)
{
    bool changed = file_stamps_changed(&exporter->config_files);
    next->due = next->due || asked || (changed && next->changed);
    next->changed = changed;
    if (next->due) {
        reload(exporter);
        *next = (struct reload){0};
    }
}

/* Wait for a signal to stop; meanwhile, each second, look after the web server. Returns the
 * signal. */
static int serve(struct exporter *exporter, const sigset_t *signals)
{
    static const struct timespec second = {.tv_sec = 1};
    struct reload next = {0};
    for (;;) {
        int signal_number = sigtimedwait(signals, NULL, &second);
        if (signal_number == SIGTERM || signal_number == SIGINT)
            return signal_number;
        if (exporter->options.web_config_file)
            consider_reload(exporter, &next, signal_number == SIGHUP);
    }
}

static struct web_server *create_web(struct exporter *exporter, char *error, size_t error_size)
{
    const struct options *options = &exporter->options;
    struct web_config *config = NULL;
    if (options->web_config_file) {
        config =
            web_config_load(options->web_config_file, &exporter->config_files, error, error_size);
        if (!config)
            return NULL;
        exporter->config_seconds = clock_unix_seconds(&system_clock);
    }
    return web_server_create(&options->web, config, exporter->publication, &system_clock, error,
                             error_size);
}

/* Sample and serve until a signal asks to stop. The first count sample is taken before anybody is
 * answered: where it fails, a daemon would never have numbers, and who has connected meanwhile gets
 * some. */
static bool run(struct exporter *exporter, struct sampler *sampler, const sigset_t *signals)
{
    char error[512];
    struct fault fault;
    exporter->web = create_web(exporter, error, sizeof error);
    if (!exporter->web)
        return complain(error);
    if (!sampler_take(sampler, SAMPLE_COUNT, &fault))
        return complain_fault(&fault);
    sampler_publish(sampler);
    if (!web_server_start(exporter->web, error, sizeof error))
        return complain(error);

    struct sampler_thread *thread = sampler_thread_start(sampler);
    if (!thread)
        return complain("cannot start a thread");
    log_info("main", "sockdiag_exporter %s samples every %g s, in detail every %g s", VERSION,
             (double)exporter->options.sampler.interval / 1e9,
             (double)exporter->options.sampler.detail_interval / 1e9);
    service_notify("READY=1");

    int signal_number = serve(exporter, signals);
    service_notify("STOPPING=1");
    log_info("main", "stopping on %s", sigabbrev_np(signal_number));
    sampler_thread_stop(thread);
    return true;
}

static bool start(struct exporter *exporter, const sigset_t *signals)
{
    const struct kernel_access kernel = {.open_sock_diag = sock_diag_open_netlink,
                                         .proc_root = proc_root};
    bool once = exporter->options.once;
    exporter->publication = publication_create();
    struct sampler *sampler = sampler_create(&exporter->options.sampler, &kernel, &system_clock,
                                             once ? print : publish, exporter);
    bool good;
    if (!exporter->publication || !sampler)
        good = complain("out of memory");
    else
        good = once ? print_once(exporter, sampler) : run(exporter, sampler, signals);

    web_server_stop(exporter->web);
    sampler_destroy(sampler);
    publication_destroy(exporter->publication);
    file_stamps_free(&exporter->config_files);
    buffer_free(&exporter->body);
    return good;
}

/* These are waited for, in every thread; a closed pipe is an error of its write(). */
static void arrange_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* With --config.check. */
static bool check_config(const struct options *options)
{
    char error[512];
    if (options->web_config_file) {
        struct web_config *config =
            web_config_load(options->web_config_file, NULL, error, sizeof error);
        if (!config)
            return complain(error);
        web_config_free(config);
    }
    puts("The configuration is good.");
    return true;
}

int main(int argc, char *argv[])
{
    struct exporter exporter = {.start_time_seconds = clock_unix_seconds(&system_clock)};
    char error[512];
    if (!options_parse(&exporter.options, argc, argv, error, sizeof error)) {
        complain(error);
        return 2;
    }
    if (exporter.options.help) {
        options_print_help(stdout);
        return 0;
    }
    if (exporter.options.version) {
        printf("sockdiag_exporter %s (revision %s)\n", VERSION, REVISION);
        return 0;
    }
    if (exporter.options.config_check)
        return check_config(&exporter.options) ? 0 : 1;
    log_configure(exporter.options.log_level, exporter.options.log_format);
    sigset_t signals;
    arrange_signals(&signals);
    return start(&exporter, &signals) ? 0 : 1;
}
