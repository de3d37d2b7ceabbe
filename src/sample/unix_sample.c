// SPDX-License-Identifier: Apache-2.0
#include "host.h"

static void take_record(void *context, const struct unix_socket_record *record)
{
    unix_sockets_add(context, record);
}

void host_take_unix(struct host *host, int64_t now, uint64_t *rows, struct fault_log *faults)
{
    struct fault fault;
    struct snapshot *snapshot = &host->snapshot;
    uint64_t unix_rows = 0;
    if (!host->unix_sockets)
        return;
    unix_sockets_begin(host->unix_sockets);
    bool good = unix_diag_dump(&host->kernel, take_record, host->unix_sockets, &unix_rows, &fault);
    *rows += unix_rows;
    if (!fault_log_add(faults, SOURCE_UNIX, good, &fault, now))
        return;
    snapshot->unix_row_count = unix_sockets_end(host->unix_sockets, now, host->unix_rows,
                                                host->options.unix_top, &snapshot->unix_sockets);
    host->unix_sampled = now;
}
