// SPDX-License-Identifier: Apache-2.0
#include "port_pass.h"

static void take_record(void *context, const struct socket_record *record)
{
    port_pass_add(context, record);
}

/* List the listeners, and the bound-only sockets if they are due, on all ports: the filter of
 * list_holders() would leave out those outside of the ephemeral range. */
static bool list_owners(struct port_pass *pass, uint64_t *rows, struct fault *fault)
{
    tcp_state_set states = tcp_state_bit(TCP_STATE_LISTEN);
    if (pass->bound)
        states |= tcp_state_bit(TCP_STATE_BOUND_INACTIVE);
    const struct sock_diag_query query = {.states = states};
    return sock_diag_dump_tcp(&pass->host->kernel, &query, take_record, pass, rows, fault);
}

/* List the sockets that can hold an ephemeral port: their local port is in the range. */
static bool list_holders(struct port_pass *pass, uint64_t *rows, struct fault *fault)
{
    const struct sock_diag_query query = {
        .states = TCP_STATE_SET_ALL & ~tcp_state_bit(TCP_STATE_LISTEN) &
                  ~tcp_state_bit(TCP_STATE_SYN_RECV) & ~tcp_state_bit(TCP_STATE_BOUND_INACTIVE),
        .low_port = pass->settings.low,
        .high_port = pass->settings.high,
    };
    uint64_t holders;
    bool whole =
        sock_diag_dump_tcp(&pass->host->kernel, &query, take_record, pass, &holders, fault);
    *rows += holders;
    return whole;
}

bool host_take_ports(struct host *host, int64_t now, uint64_t *rows, struct fault_log *faults,
                     struct fault *fault)
{
    struct port_pass pass;
    struct tcp_usage usage;
    *rows = 0;
    listeners_begin(host->listeners);
    if (!port_pass_begin(&pass, host, now, faults, fault) || !list_owners(&pass, rows, fault) ||
        !list_holders(&pass, rows, fault) ||
        !procfs_read_tcp_usage(host->kernel.proc_root, &usage, fault))
        return false;
    listeners_end(host->listeners, now, false);
    /* TIME_WAIT outside of the range was not listed: it is on the side of the server. */
    uint64_t time_wait = derive_time_wait(&usage, host->snapshot.fin_wait2_minisockets);
    uint64_t client = pass.time_wait[TIME_WAIT_CLIENT];
    pass.time_wait[TIME_WAIT_SERVER] = time_wait > client ? time_wait - client : 0;
    port_pass_end(&pass, rows, faults);
    return true;
}
