// SPDX-License-Identifier: Apache-2.0
#include "host.h"

void host_read_counters(struct host *host, int64_t now, struct fault_log *faults)
{
    const char *root = host->kernel.proc_root;
    struct fault fault;

    struct tcp_counters counters;
    if (procfs_read_tcp_counters(root, &counters, &fault)) {
        host->counters = counters;
        host->counters_read = now;
        fault_log_add_success(faults, SOURCE_COUNTERS);
    } else {
        fault_log_add_failure(faults, SOURCE_COUNTERS, &fault, now);
    }

    struct tcp_settings settings;
    if (procfs_read_tcp_settings(root, &settings, &fault)) {
        host->settings = settings;
        host->settings_read = now;
        fault_log_add_success(faults, SOURCE_SETTINGS);
    } else {
        fault_log_add_failure(faults, SOURCE_SETTINGS, &fault, now);
    }
}
