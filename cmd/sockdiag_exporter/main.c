// SPDX-License-Identifier: Apache-2.0
/*
 * sockdiag_exporter: options, wiring, exit code. Exit codes: 0 after a clean stop, 1 when it cannot
 * start or --once fails, 2 for a wrong command line.
 */
#include "options.h"
#include "sockdiag/exposition.h"
#include "sockdiag/publication.h"
#include "sockdiag/sampler.h"
#include "sockdiag/service_notify.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#ifndef VERSION
#define VERSION "unknown"
#endif
#ifndef REVISION
#define REVISION "unknown"
#endif

static const char proc_root[] = "/proc";

/* A page is renewed every ten seconds at least. After so long the sampler is stuck, and its page no
 * longer believed; the dump of tens of millions of sockets fits in. */
static const int64_t stuck_after = 100 * NANOSECONDS_PER_SECOND;

/* What becomes of a snapshot. */
struct exporter {
    struct options options;
    double start_time_seconds;
    struct buffer body; /* with --once */
    struct publication *publication;
    struct web_server *web; /* NULL before it listens, and with --once */
};

static bool complain(const char *message)
{
    fprintf(stderr, "sockdiag_exporter: %s\n", message);
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
        .now_seconds = (double)system_clock.unix_time(NULL) / 1e9,
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
    struct page *page = page_create(snapshot, &self, system_clock.monotonic(NULL) + stuck_after);
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

/* Sample and serve until a signal asks to stop. The first count sample is taken before anything
 * else is promised: where it fails, a daemon would never have numbers. */
static bool run(struct exporter *exporter, struct sampler *sampler, const sigset_t *stop_signals)
{
    char error[512];
    struct fault fault;
    exporter->web = web_server_start(&exporter->options.web, exporter->publication, &system_clock,
                                     error, sizeof error);
    if (!exporter->web)
        return complain(error);
    if (!sampler_take(sampler, SAMPLE_COUNT, &fault))
        return complain_fault(&fault);
    sampler_publish(sampler);

    struct sampler_thread *thread = sampler_thread_start(sampler);
    if (!thread)
        return complain("cannot start a thread");
    log_info("main", "sockdiag_exporter %s samples every %g s, in detail every %g s", VERSION,
             (double)exporter->options.sampler.interval / 1e9,
             (double)exporter->options.sampler.detail_interval / 1e9);
    service_notify("READY=1");

    int signal_number;
    sigwait(stop_signals, &signal_number);
    service_notify("STOPPING=1");
    log_info("main", "stopping on %s", sigabbrev_np(signal_number));
    sampler_thread_stop(thread);
    return true;
}

/* Descriptors besides connections: listening sockets, epoll, netlink, files of /proc, with room. */
static const rlim_t other_descriptors = 64;

/* Connections must not take the descriptors that sampling needs. */
static bool reserve_descriptors(const struct web_options *web)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)(web->max_connections * web->listen_address_count) + other_descriptors;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return true;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted)
        return true;
    char message[160];
    snprintf(message, sizeof message,
             "--web.max-connections needs %ju open files, %ju are allowed (ulimit -n, LimitNOFILE)",
             (uintmax_t)wanted, (uintmax_t)limit.rlim_max);
    return complain(message);
}

static bool start(struct exporter *exporter, const sigset_t *stop_signals)
{
    const struct kernel_access kernel = {.open_sock_diag = sock_diag_open_netlink,
                                         .proc_root = proc_root};
    bool once = exporter->options.once;
    if (!once && !reserve_descriptors(&exporter->options.web))
        return false;
    exporter->publication = publication_create();
    struct sampler *sampler = sampler_create(&exporter->options.sampler, &kernel, &system_clock,
                                             once ? print : publish, exporter);
    bool good;
    if (!exporter->publication || !sampler)
        good = complain("out of memory");
    else
        good = once ? print_once(exporter, sampler) : run(exporter, sampler, stop_signals);

    web_server_stop(exporter->web);
    sampler_destroy(sampler);
    publication_destroy(exporter->publication);
    buffer_free(&exporter->body);
    return good;
}

/* SIGTERM and SIGINT are waited for, in every thread; a closed pipe is an error of its write(). */
static void arrange_signals(sigset_t *stop_signals)
{
    sigemptyset(stop_signals);
    sigaddset(stop_signals, SIGTERM);
    sigaddset(stop_signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, stop_signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char *argv[])
{
    struct exporter exporter = {.start_time_seconds = (double)system_clock.unix_time(NULL) / 1e9};
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
    log_configure(exporter.options.log_level, exporter.options.log_format);
    sigset_t stop_signals;
    arrange_signals(&stop_signals);
    return start(&exporter, &stop_signals) ? 0 : 1;
}
