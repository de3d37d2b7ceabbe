// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "dump.h"
#include "namespace_sample.h"

#include <inttypes.h>

/* What goes by time: the number of sockets in `state` at `now`, as just seen or as last seen. */
static void record(struct namespace_sample *sample, enum tcp_state state, int64_t now)
{
    uint64_t sockets = sample->sockets[state];
    histogram_observe(&sample->histograms[state], (double)sockets);
    if (state == TCP_STATE_ESTABLISHED)
        history_observe(&sample->established_history, now, sockets);
    if (state == TCP_STATE_TIME_WAIT)
        history_observe(&sample->time_wait_history, now, sockets);
}

/* Take in the number of sockets in `state` seen at `now`. */
static void observe(struct namespace_sample *sample, enum tcp_state state, int64_t now,
                    uint64_t sockets)
{
    sample->sockets[state] = sockets;
    record(sample, state, now);
    peak_window_observe(&sample->peaks[state], sample->options.peak_window, now, sockets);
}

struct count_pass {
    struct state_counts counts;
    struct listeners *listeners;
};

static void count_record(void *context, const struct socket_record *record)
{
    struct count_pass *pass = context;
    state_counts_add(&pass->counts, record);
    if (record->state == TCP_STATE_LISTEN)
        listeners_add(pass->listeners, record);
}

/* Say once that there are more listeners than are followed. */
static void warn_of_untracked(struct namespace_sample *sample)
{
    uint64_t untracked = listeners_untracked(sample->listeners);
    if (untracked > 0 && !sample->untracked_told)
        log_warn("sampler",
                 "%" PRIu64 " listening sockets are beyond the %d listeners that are followed",
                 untracked, LISTENERS_CAPACITY);
    sample->untracked_told = untracked > 0;
}

bool namespace_sample_count(struct namespace_sample *sample, int64_t now, uint64_t *rows,
                            struct fault *fault)
{
    bool derive = !sample->identity.distrusted;
    tcp_state_set listed = COUNTED_STATES | (derive ? 0 : DERIVED_STATES);
    struct count_pass pass = {.listeners = sample->listeners};
    struct tcp_usage usage;

    listeners_begin(sample->listeners);
    if (!dump_tcp(&sample->kernel, listed, count_record, &pass, rows, fault) ||
        (derive && !procfs_read_tcp_usage(sample->kernel.proc_root, &usage, fault)))
        return false;
    listeners_end(sample->listeners, now, false);
    warn_of_untracked(sample);

    struct derived_counts derived = {
        .established = state_counts_of(&pass.counts, TCP_STATE_ESTABLISHED),
        .time_wait = state_counts_of(&pass.counts, TCP_STATE_TIME_WAIT),
    };
    if (derive)
        derived = derive_counts(&pass.counts, &usage);
    sample->fin_wait2_minisockets = pass.counts.fin_wait2_minisockets;
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        if (COUNTED_STATES & tcp_state_bit(state))
            observe(sample, state, now, state_counts_of(&pass.counts, state));
    }
    observe(sample, TCP_STATE_ESTABLISHED, now, derived.established);
    observe(sample, TCP_STATE_TIME_WAIT, now, derived.time_wait);
    sample->counted = (struct moment){true, now};
    return true;
}

bool namespace_sample_time_wait(struct namespace_sample *sample, int64_t now, struct fault *fault)
{
    struct tcp_usage usage;
    bool derive = !sample->identity.distrusted;
    bool good = !derive || procfs_read_tcp_usage(sample->kernel.proc_root, &usage, fault);
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        if (state != TCP_STATE_TIME_WAIT || !derive)
            record(sample, state, now);
    }
    if (good && derive)
        observe(sample, TCP_STATE_TIME_WAIT, now,
                derive_time_wait(&usage, sample->fin_wait2_minisockets));
    return good;
}

void namespace_sample_counters(struct namespace_sample *sample, int64_t now,
                               struct fault_log *faults)
{
    const char *root = sample->kernel.proc_root;
    struct fault fault;

    struct tcp_counters counters;
    if (procfs_read_tcp_counters(root, &counters, &fault)) {
        sample->counters = counters;
        sample->counters_read = (struct moment){true, now};
        fault_log_success(faults, SOURCE_COUNTERS);
    } else {
        fault_log_failure(faults, SOURCE_COUNTERS, &fault, now);
    }

    struct tcp_settings settings;
    if (procfs_read_tcp_settings(root, &settings, &fault)) {
        sample->settings = settings;
        sample->settings_read = (struct moment){true, now};
        fault_log_success(faults, SOURCE_SETTINGS);
    } else {
        fault_log_failure(faults, SOURCE_SETTINGS, &fault, now);
    }
}
