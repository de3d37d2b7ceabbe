// SPDX-License-Identifier: Apache-2.0
#include "host.h"

void host_read_counters(struct host *host, int64_t now, struct fault_log *faults)
{
    const char *root = host->kernel.proc_root;
    struct tcp_counters counters;
    struct tcp_settings settings;
    struct fault fault;

    bool good = procfs_read_tcp_counters(root, &counters, &fault);
    if (fault_log_add(faults, SOURCE_COUNTERS, good, &fault, now)) {
        host->snapshot.counters = counters;
        host->counters_read = now;
    }
    good = procfs_read_tcp_settings(root, &settings, &fault);
    if (fault_log_add(faults, SOURCE_SETTINGS, good, &fault, now)) {
        host->snapshot.settings = settings;
        host->settings_read = now;
    }
}
