// SPDX-License-Identifier: Apache-2.0
/*
 * Events of TCP sockets that leave no trace in them, from the kernel's tracepoint
 * sock:inet_sock_set_state (Linux 4.16, include/trace/events/sock.h) through perf_event_open(2): an
 * exact count, and samples that name the process. They cover the whole host with all network
 * namespaces.
 *
 * Opening takes CONFIG_PERF_EVENTS, CAP_PERFMON (before Linux 5.8 CAP_SYS_ADMIN) in the initial
 * user namespace, and the right to read tracefs (root, or CAP_DAC_READ_SEARCH). Afterwards no
 * capability is needed.
 *
 * Each change of a state on the host costs about 0.1 us while anything of this is open.
 */
#ifndef SOCKDIAG_KERNEL_TCP_EVENTS_H
#define SOCKDIAG_KERNEL_TCP_EVENTS_H

#include "sockdiag/socket_record.h"

#include <stddef.h>
#include <stdint.h>

enum tcp_event {
    /* connect() found no free port: EADDRNOTAVAIL. A sample has the caller. */
    TCP_EVENT_PORT_FAILURE,
    /* This side closes first, so TIME_WAIT follows. A sample has the process that closes. */
    TCP_EVENT_CLOSED_FIRST,
    TCP_EVENTS
};

/* The label value: "connect_port_failure" or "closed_first". */
const char *tcp_event_name(enum tcp_event event);

struct tcp_event_sample {
    uint32_t process; /* the pid as the exporter sees it; 0: the kernel, or not visible */
    /* Of the process (cgroup_paths.h). 0 if the kernel does not report it: before Linux 5.7, and
     * with the perf_event controller in a cgroup v1 hierarchy. */
    uint64_t cgroup;
    enum ip_family family;
    struct ip_address remote_address;
    uint16_t remote_port;
};

/* Takes a sample, which is only valid during the call. `context` is the consumer's. */
typedef void tcp_event_consumer(void *context, const struct tcp_event_sample *sample);

struct tcp_events;

/* Count an event on every CPU that is online, and sample one of `period` on each CPU. NULL, with
 * `error` filled with one line, when that is impossible. Free with tcp_events_close(). */
struct tcp_events *tcp_events_open(enum tcp_event event, uint64_t period, char *error,
                                   size_t error_size);
void tcp_events_close(struct tcp_events *events);

/* The period that tcp_events_open() got. */
uint64_t tcp_events_period(const struct tcp_events *events);

/* The number of events since tcp_events_open(), on all counted CPUs. */
uint64_t tcp_events_count(const struct tcp_events *events);

/* Call `consume` for each new sample. Those of one CPU are in order. Returns how many were lost
 * since the last call: about 150 are kept for each CPU. */
uint64_t tcp_events_read(struct tcp_events *events, tcp_event_consumer *consume, void *context);

/* The number of online CPUs on which events are not counted: those that came online later, and
 * those that an earlier call saw offline. */
unsigned tcp_events_uncounted_cpus(struct tcp_events *events);

#endif
