// SPDX-License-Identifier: Apache-2.0
#include "fault_log.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>

static const char *const source_names[FAULT_SOURCES] = {
    [SOURCE_COUNT_SAMPLE] = "count sample",
    [SOURCE_TIME_WAIT] = "count of TIME_WAIT between samples",
    [SOURCE_COUNTERS] = "reading of the TCP counters",
    [SOURCE_SETTINGS] = "reading of the TCP settings",
    [SOURCE_PRESSURE] = "reading of the TCP memory and orphans",
    [SOURCE_PORTS_SAMPLE] = "ports sample",
    [SOURCE_DETAIL_SAMPLE] = "detail sample",
    [SOURCE_PORT_SETTINGS] = "reading of the port settings",
    [SOURCE_PORT_BOUND] = "bound of the port utilization",
    [SOURCE_UDP] = "listing of the UDP sockets",
    [SOURCE_UNIX] = "listing of the UNIX sockets",
    [SOURCE_NAMESPACES] = "reading of other network namespaces",
};

static const int64_t quiet_time = 300 * NANOSECONDS_PER_SECOND;

/* Does the kernel lack the module for UDP or UNIX sockets? sock_diag then answers -ENOENT
 * (net/core/sock_diag.c, net/ipv4/inet_diag.c). Without the module for TCP the exporter is useless,
 * so that fault is logged again. */
static bool is_missing_module(enum fault_source source, const struct fault *fault)
{
    return (source == SOURCE_UDP || source == SOURCE_UNIX) &&
           fault->reason == FAULT_NETLINK_REFUSED && fault->error_number == ENOENT;
}

static void add_failure(struct fault_log *log, enum fault_source source, const struct fault *fault,
                        int64_t now)
{
    log->count[fault->reason]++;
    log->source[source].failures++;
    if (now < log->source[source].quiet_until[fault->reason])
        return;
    log->source[source].quiet_until[fault->reason] =
        is_missing_module(source, fault) ? INT64_MAX : now + quiet_time;
    log->source[source].logged = true;
    char description[256];
    fault_describe(fault, description, sizeof description);
    log_warn("sampler", "%s failed: %s", source_names[source], description);
}

static void add_success(struct fault_log *log, enum fault_source source)
{
    if (log->source[source].logged)
        log_info("sampler", "%s works again; failures in a row: %" PRIu64, source_names[source],
                 log->source[source].failures);
    log->source[source].failures = 0;
    log->source[source].logged = false;
}

bool fault_log_add(struct fault_log *log, enum fault_source source, bool good,
                   const struct fault *fault, int64_t now)
{
    if (good)
        add_success(log, source);
    else
        add_failure(log, source, fault, now);
    return good;
}
