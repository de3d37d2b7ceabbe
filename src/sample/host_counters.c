// SPDX-License-Identifier: Apache-2.0
#include "host.h"

/* Is one of these numbers present? They take `size` bytes. */
static bool has_number(const void *numbers, size_t size)
{
    const uint64_t *values = numbers;
    for (size_t i = 0; i < size / sizeof *values; i++) {
        if (values[i] != PROCFS_ABSENT)
            return true;
    }
    return false;
}

void host_read_counters(struct host *host, int64_t now, struct fault_log *faults)
{
    const char *root = host->kernel.proc_root;
    struct snapshot *snapshot = &host->snapshot;
    struct fault fault;

    bool good = procfs_read_tcp_counters(root, &snapshot->counters, &fault);
    fault_log_add(faults, SOURCE_COUNTERS, good, &fault, now);
    snapshot->has_counters = has_number(&snapshot->counters, sizeof snapshot->counters);
    recent_counters_observe(&host->recent, now, &snapshot->counters);
    snapshot->recent_seconds = recent_counters_read(&host->recent, &snapshot->recent);

    good = procfs_read_tcp_settings(root, &snapshot->settings, &fault);
    fault_log_add(faults, SOURCE_SETTINGS, good, &fault, now);
    snapshot->has_settings = has_number(&snapshot->settings, sizeof snapshot->settings);

    good = procfs_read_tcp_pressure(root, &snapshot->pressure, &fault);
    fault_log_add(faults, SOURCE_PRESSURE, good, &fault, now);
    snapshot->has_pressure = has_number(&snapshot->pressure, sizeof snapshot->pressure);
}
