// SPDX-License-Identifier: Apache-2.0
#include "service.h"

#include "base/log.h"
#include "base/service_notify.h"
#include "kernel/netns_helper.h"
#include "publish/publication.h"
#include "reload.h"
#include "sandbox.h"
#include "web/web_config.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct service {
    const struct options *options;
    const struct kernel_access *kernel;
    const struct self_report *self;
    sigset_t signals; /* for the main thread to wait for */
    struct publication *publication;
    struct sampler *sampler;
    struct sampler_thread *sampler_thread;
    struct web_server *web;
    struct file_stamps config_files; /* of the last reading of the web configuration */
    /* Written by the main thread, read by the sampler's. */
    atomic_bool config_refused;
    _Atomic double config_seconds;          /* unix time when the configuration in force was read */
    uint64_t process_errors[FAULT_REASONS]; /* of describe_self(), which counts them */
};

static struct self_report describe_self(struct service *service)
{
    struct self_report self = *service->self;
    self.has_web_config = service->options->web_config_file;
    self.web_config_refused = service->config_refused;
    self.web_config_seconds = service->config_seconds;
    self.log_lines_dropped = log_lines_dropped();
    if (!service->options->disable_exporter_metrics) {
        struct fault fault;
        self.request_count = web_server_requests(service->web, self.requests);
        self.connections_rejected = web_server_rejections(service->web);
        self.has_process =
            procfs_read_process_usage(service->kernel->proc_root, &self.process, &fault);
        if (!self.has_process)
            service->process_errors[fault.reason]++;
        memcpy(self.process_errors, service->process_errors, sizeof self.process_errors);
    }
    return self;
}

/* The sampler's reader: make each snapshot the page of the next scrapes. Without new pages systemd
 * gets no WATCHDOG=1 and restarts the exporter. */
static void publish(void *context, const struct snapshot *snapshot)
{
    struct service *service = context;
    struct self_report self = describe_self(service);
    struct page *page = page_create(snapshot, &self, &system_clock);
    if (!page) {
        log_error("main", "out of memory: keeping the previous page");
        return;
    }
    publication_put(service->publication, page);
    service_notify("WATCHDOG=1");
}

static struct web_server *create_web(struct service *service, char *error, size_t error_size)
{
    const struct options *options = service->options;
    struct web_config *config = NULL;
    if (options->web_config_file) {
        config =
            web_config_load(options->web_config_file, &service->config_files, error, error_size);
        if (!config)
            return NULL;
        service->config_seconds = clock_unix_seconds(&system_clock);
    }
    return web_server_create(&options->web, config, service->publication, &system_clock, error,
                             error_size);
}

/* Block `signal_number` in this thread, for serve() to wait for it. */
static void hold_signal(struct service *service, int signal_number)
{
    sigaddset(&service->signals, signal_number);
    pthread_sigmask(SIG_BLOCK, &service->signals, NULL);
}

/* Take the first count sample before any client is answered. If it fails, so does the start:
 * otherwise the service might never have numbers. Clients that connect earlier wait for it. */
static bool start_service(struct service *service, char *error, size_t error_size)
{
    sigemptyset(&service->signals);
    hold_signal(service, SIGHUP);
    hold_signal(service, SIGCHLD);
    service->publication = publication_create();
    service->sampler = sampler_create(&service->options->sampler, service->kernel, &system_clock,
                                      publish, service);
    if (!service->publication || !service->sampler) {
        snprintf(error, error_size, "out of memory");
        return false;
    }
    struct sandbox sandbox;
    service->web = create_web(service, error, error_size);
    if (!service->web || !sandbox_enter(service->options, service->kernel, &service->config_files,
                                        &sandbox, error, error_size))
        return false;
    if (!log_start()) {
        snprintf(error, error_size, "out of memory, descriptors or threads");
        return false;
    }
    sandbox_report(&sandbox, service->options, service->kernel, &service->config_files);
    struct fault fault;
    if (!sampler_take(service->sampler, SAMPLE_COUNT, &fault)) {
        fault_describe(&fault, error, error_size);
        return false;
    }
    sampler_publish(service->sampler);

    hold_signal(service, SIGTERM);
    hold_signal(service, SIGINT);
    if (!web_server_start(service->web, error, error_size))
        return false;
    service->sampler_thread = sampler_thread_start(service->sampler);
    if (!service->sampler_thread)
        snprintf(error, error_size, "cannot start a thread");
    return service->sampler_thread;
}

/* Read the web configuration again. False, with one line in the log, when it is refused. */
static bool read_config_again(struct service *service)
{
    static const char kept[] = "keeping the previous configuration";
    const char *path = service->options->web_config_file;
    char error[512];
    struct web_config *config = web_config_load(path, &service->config_files, error, sizeof error);
    if (!config) {
        log_error("main", "%s: %s", error, kept);
        return false;
    }
    if (!web_server_configure(service->web, config, error, sizeof error)) {
        log_error("main", "%s: %s: %s", path, error, kept);
        return false;
    }
    log_info("main", "the web configuration was read again");
    return true;
}

static void reload_config(struct service *service)
{
    service->config_refused = !read_config_again(service);
    if (!service->config_refused)
        service->config_seconds = clock_unix_seconds(&system_clock);
}

/* Serve until the end. Returns the signal that caused it, or 0 with `error` filled when the helper
 * has failed. */
static int serve(struct service *service, char *error, size_t error_size)
{
    static const struct timespec second = {.tv_sec = 1};
    struct netns_helper *helper = service->kernel->netns_helper;
    struct reload reload = {0};
    for (bool ready = false;;) {
        ready = ready || service_notify("READY=1");
        int signal_number = sigtimedwait(&service->signals, NULL, &second);
        if (signal_number == SIGTERM || signal_number == SIGINT)
            return signal_number;
        if (helper && netns_helper_has_failed(helper, error, error_size))
            return 0;
        if (service->options->web_config_file &&
            reload_is_due(&reload, signal_number == SIGHUP,
                          file_stamps_changed(&service->config_files)))
            reload_config(service);
    }
}

/* Set the line that `systemctl status` shows. */
static void notify_status(const struct options *options)
{
    char status[512] = "";
    FILE *out = fmemopen(status, sizeof status, "w");
    if (!out)
        return;
    fprintf(out, "STATUS=Samples every %g s, in detail every %g s; collectors: ",
            (double)options->sampler.interval / 1e9,
            (double)options->sampler.detail_interval / 1e9);
    options_list_collectors(options, out);
    fclose(out);
    service_notify(status);
}

static void stop_service(struct service *service)
{
    sampler_thread_stop(service->sampler_thread);
    web_server_stop(service->web);
    log_stop();
    sampler_destroy(service->sampler);
    publication_destroy(service->publication);
    file_stamps_free(&service->config_files);
}

bool service_run(const struct options *options, const struct kernel_access *kernel,
                 const struct self_report *self, char *error, size_t error_size)
{
    struct service service = {.options = options, .kernel = kernel, .self = self};
    bool good = start_service(&service, error, error_size);
    if (good) {
        log_info("main", "sockdiag_exporter %s samples every %g s, in detail every %g s",
                 self->version, (double)options->sampler.interval / 1e9,
                 (double)options->sampler.detail_interval / 1e9);
        notify_status(options);
        int signal_number = serve(&service, error, error_size);
        good = signal_number != 0;
        service_notify("STOPPING=1");
        if (good)
            log_info("main", "stopping on %s", signal_number == SIGINT ? "SIGINT" : "SIGTERM");
    }
    stop_service(&service);
    return good;
}
