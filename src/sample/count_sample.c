// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "host.h"

#include <inttypes.h>

/* Observe the last known number of sockets in `state` at `now`, in the histogram and the history.
 */
static void extend_history(struct host *host, enum tcp_state state, int64_t now)
{
    uint64_t sockets = host->snapshot.sockets[state];
    histogram_observe(&host->snapshot.sampled_sockets[state], (double)sockets);
    if (state == TCP_STATE_ESTABLISHED)
        history_observe(&host->snapshot.established_history, now, sockets);
    if (state == TCP_STATE_TIME_WAIT)
        history_observe(&host->snapshot.time_wait_history, now, sockets);
}

/* Store the number of sockets in `state` at `now`. */
static void observe(struct host *host, enum tcp_state state, int64_t now, uint64_t sockets)
{
    host->snapshot.sockets[state] = sockets;
    extend_history(host, state, now);
    peak_window_observe(&host->peaks[state], host->options.peak_window, now, (double)sockets);
}

struct count_pass {
    struct state_counts counts;
    struct listeners *listeners;
};

static void take_record(void *context, const struct socket_record *record)
{
    struct count_pass *pass = context;
    state_counts_add(&pass->counts, record);
    if (record->state == TCP_STATE_LISTEN) {
        listeners_add(pass->listeners, record);
        listeners_add_drops(pass->listeners, record);
    }
}

/* Log that there are more listeners than the table can track, once until there are fewer. */
static void warn_of_untracked(struct host *host)
{
    uint64_t untracked = listeners_count_untracked(host->listeners);
    if (untracked > 0 && !host->untracked_logged)
        log_warn("sampler",
                 "%" PRIu64 " listening sockets exceed the limit of %d tracked listeners",
                 untracked, LISTENERS_CAPACITY);
    host->untracked_logged = untracked > 0;
}

bool host_take_counts(struct host *host, int64_t now, uint64_t *rows, struct fault *fault)
{
    bool derive = !host->identity.distrusted;
    tcp_state_set listed = COUNTED_STATES | (derive ? 0 : DERIVED_STATES);
    /* This dump also asks for the drops of listeners. That adds 0.05 us to the 1 us of each row of
     * a full socket. A dump of listeners alone would take 30 us, as much as the drops add to 600
     * rows, and most hosts have fewer sockets in these states. */
    const struct sock_diag_query query = {.states = listed, .drops = true};
    struct count_pass pass = {.listeners = host->listeners};
    struct tcp_usage usage;

    listeners_begin(host->listeners);
    if (!sock_diag_dump_tcp(&host->kernel, &query, take_record, &pass, rows, fault) ||
        (derive && !procfs_read_tcp_usage(host->kernel.proc_root, &usage, fault)))
        return false;
    listeners_end_drops(host->listeners);
    listeners_end(host->listeners, now, false);
    warn_of_untracked(host);

    struct derived_counts derived = {
        .established = state_counts_sum(&pass.counts, TCP_STATE_ESTABLISHED),
        .time_wait = state_counts_sum(&pass.counts, TCP_STATE_TIME_WAIT),
    };
    if (derive)
        derived = derive_counts(&pass.counts, &usage);
    host->snapshot.fin_wait2_minisockets = pass.counts.fin_wait2_minisockets;
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        if (COUNTED_STATES & tcp_state_bit(state))
            observe(host, state, now, state_counts_sum(&pass.counts, state));
    }
    observe(host, TCP_STATE_ESTABLISHED, now, derived.established);
    observe(host, TCP_STATE_TIME_WAIT, now, derived.time_wait);
    host->counted = now;
    return true;
}

bool host_take_time_wait(struct host *host, int64_t now, struct fault *fault)
{
    struct tcp_usage usage;
    bool derive = !host->identity.distrusted;
    bool good = !derive || procfs_read_tcp_usage(host->kernel.proc_root, &usage, fault);
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        if (state != TCP_STATE_TIME_WAIT || !derive)
            extend_history(host, state, now);
    }
    if (good && derive)
        observe(host, TCP_STATE_TIME_WAIT, now,
                derive_time_wait(&usage, host->snapshot.fin_wait2_minisockets));
    return good;
}
