// SPDX-License-Identifier: Apache-2.0
/*
 * sockdiag_exporter: runs the mode that the command line selects. The exit code is 0 after a clean
 * stop, 1 after a failure, 2 for a wrong command line.
 */
#include "base/log.h"
#include "kernel/netns_helper.h"
#include "options.h"
#include "sandbox.h"
#include "service.h"
#include "sockdiag/exposition.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#ifndef VERSION
#define VERSION "unknown"
#endif
#ifndef REVISION
#define REVISION "unknown"
#endif

static const struct kernel_access kernel = {.open_sock_diag = sock_diag_open_netlink,
                                            .proc_root = "/proc",
                                            .netns_root = "/run/netns",
                                            .pod_logs_root = "/var/log/pods",
                                            .cgroup_root = "/sys/fs/cgroup"};

/* Report why the exporter ends; returns false. Standard error can block, and then SIGTERM and
 * SIGINT must end the process. SIGHUP stays blocked: nobody who asks for a reload wants that. */
static bool complain(const char *message)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    fprintf(stderr, "%ssockdiag_exporter: %s\n", log_priority(LOG_LEVEL_ERROR), message);
    return false;
}

static bool complain_fault(const struct fault *fault)
{
    char description[256];
    fault_describe(fault, description, sizeof description);
    return complain(description);
}

/* With --config.check: read the web configuration as the service does at its start, and warn of
 * files that it could not read again in the sandbox. */
static bool check_config(const struct options *options)
{
    char error[512];
    struct file_stamps files = {0};
    bool good = sandbox_become_user(options, error, sizeof error);
    if (good && options->web_config_file) {
        struct web_config *config =
            web_config_load(options->web_config_file, &files, error, sizeof error);
        good = config;
        web_config_free(config);
    }
    struct sandbox sandbox;
    good = good && sandbox_enter(options, &kernel, &files, &sandbox, error, sizeof error);
    if (good)
        sandbox_report(&sandbox, options, &kernel, &files);
    file_stamps_free(&files);
    if (!good)
        return complain(error);
    puts("The configuration is valid.");
    return true;
}

/* The page of --once. */
struct single_page {
    const struct self_report *self;
    struct buffer text;
};

static void render_page(void *context, const struct snapshot *snapshot)
{
    struct single_page *page = context;
    exposition_render(&page->text, METRIC_TEXT, snapshot, page->self);
}

static bool print_page(const struct buffer *text)
{
    if (text->failed)
        return complain("out of memory");
    if (fwrite(text->data, 1, text->length, stdout) != text->length || fflush(stdout) != 0)
        return complain("cannot write to standard output");
    return true;
}

/* With --once: take both samples and print the page. It has no process_* and HTTP metrics, which
 * would clash with those of a node_exporter that reads it as a textfile. */
static bool print_once(const struct options *options, const struct kernel_access *access,
                       const struct self_report *self)
{
    char error[512];
    struct fault fault;
    struct single_page page = {.self = self};
    struct sandbox sandbox;
    const struct file_stamps none = {0};
    if (!sandbox_enter(options, access, &none, &sandbox, error, sizeof error))
        return complain(error);
    sandbox_report(&sandbox, options, access, &none);
    struct sampler *sampler =
        sampler_create(&options->sampler, access, &system_clock, render_page, &page);
    if (!sampler)
        return complain("out of memory");
    /* The detail sample comes first: the count sample derives a bound from its ports. */
    bool sampled =
        sampler_take(sampler, SAMPLE_DETAIL, &fault) && sampler_take(sampler, SAMPLE_COUNT, &fault);
    if (sampled) {
        sampler_walk_all(sampler);
        sampler_publish(sampler);
    }
    sampler_destroy(sampler);
    bool printed = sampled ? print_page(&page.text) : complain_fault(&fault);
    buffer_free(&page.text);
    return printed;
}

/* With --collector.netns.walk: start the helper, which keeps two capabilities. */
static void start_helper(struct kernel_access *access, struct self_report *self)
{
    char error[512];
    access->netns_helper = netns_helper_start(error, sizeof error);
    if (!access->netns_helper)
        log_warn("main", "--collector.netns.walk does nothing: %s", error);
    self->walks_asked_for = true;
    self->walks_enabled = access->netns_helper;
}

/* Events take up to three descriptors for each CPU: allow as many as the hard limit does. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* With --collector.connect-failures or --collector.closers. */
static void open_events(const struct options *options, enum tcp_event event,
                        struct kernel_access *access, struct self_report *self)
{
    static const char *const flags[TCP_EVENTS] = {
        [TCP_EVENT_PORT_FAILURE] = "connect-failures", [TCP_EVENT_CLOSED_FIRST] = "closers"};
    char error[512];
    raise_descriptor_limit();
    uint64_t period = event == TCP_EVENT_CLOSED_FIRST ? options->closers_period : 1;
    access->tcp_events[event] = tcp_events_open(event, period, error, sizeof error);
    if (!access->tcp_events[event])
        log_warn("main", "--collector.%s does nothing: %s", flags[event], error);
    self->events_asked_for[event] = true;
    self->events_enabled[event] = access->tcp_events[event];
}

/* Start the collectors that need capabilities. One that is not permitted is logged and left out. */
static void use_capabilities(const struct options *options, struct kernel_access *access,
                             struct self_report *self)
{
    for (enum tcp_event event = 0; event < TCP_EVENTS; event++) {
        if (options->count_events[event] && !options->once) /* with --once all would be zero */
            open_events(options, event, access, self);
    }
    if (options->walk_namespaces)
        start_helper(access, self);
}

static bool run_service(const struct options *options, const struct kernel_access *access,
                        const struct self_report *self)
{
    char error[512];
    return service_run(options, access, self, error, sizeof error) || complain(error);
}

static bool run(const struct options *options, struct self_report *self)
{
    char error[512];
    struct kernel_access access = kernel;
    if (!sandbox_become_user(options, error, sizeof error))
        return complain(error);
    use_capabilities(options, &access, self);
    bool good = (options->once ? print_once : run_service)(options, &access, self);
    netns_helper_stop(access.netns_helper);
    for (enum tcp_event event = 0; event < TCP_EVENTS; event++)
        tcp_events_close(access.tcp_events[event]);
    return good;
}

int main(int argc, char *argv[])
{
    /* With transparent huge pages set to `always`, each stack and arena would take 2 MiB. The
     * helper inherits this. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    if (netns_helper_is_asked_for(argc, argv))
        netns_helper_run();
    struct options options;
    char error[512];
    if (!options_parse(&options, argc, argv, error, sizeof error)) {
        complain(error);
        return 2;
    }
    if (options.help) {
        options_print_help(stdout);
        return 0;
    }
    if (options.version) {
        printf("sockdiag_exporter %s (revision %s)\n", VERSION, REVISION);
        return 0;
    }
    if (options.config_check)
        return check_config(&options) ? 0 : 1;

    struct self_report self = {
        .version = VERSION,
        .revision = REVISION,
        .telemetry_path = options.web.telemetry_path,
        .start_time_seconds = clock_unix_seconds(&system_clock),
    };
    log_configure(options.log_level, options.log_format);
    signal(SIGPIPE, SIG_IGN); /* write() to a closed pipe fails with EPIPE instead */
    return run(&options, &self) ? 0 : 1;
}
