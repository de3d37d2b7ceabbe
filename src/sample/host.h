// SPDX-License-Identifier: Apache-2.0
/*
 * This host, that is the network namespace of the calling thread: takes each kind of sample, and
 * keeps the numbers between samples. Private to src/sample.
 *
 * Times are monotonic, in nanoseconds; 0 means never.
 */
#ifndef SOCKDIAG_SAMPLE_HOST_H
#define SOCKDIAG_SAMPLE_HOST_H

#include "fault_log.h"
#include "measure/destination_owners.h"
#include "measure/identity_check.h"
#include "measure/peak_window.h"
#include "measure/recent_counters.h"
#include "measure/udp_sockets.h"
#include "measure/unix_sockets.h"
#include "sockdiag/sampler.h"

/* The bound-only sockets, from the last sample that listed them. */
enum { BOUND_REMEMBERED = 4096 };
struct bound_sample {
    int64_t sampled;
    uint64_t sockets[IP_FAMILIES];
    size_t count; /* including sockets that did not fit into `records` */
    struct socket_record records[BOUND_REMEMBERED];
};

/* The ephemeral ports of one protocol. */
struct port_sample {
    struct port_usage *usage; /* NULL: not collected */
    int64_t sampled;
    int64_t last_preferred_taken; /* 0: not yet */
    struct peak_window peaks[PORT_SCOPES];
    struct destination *destinations; /* options.destinations_top of them */
};

/* The cgroups of sockets. */
struct cgroup_sample {
    struct cgroup_sockets *sockets; /* NULL: not collected */
    struct destination_owners *owners[SOCKET_PROTOCOLS];
    int64_t sampled;
    int64_t searched;                /* the last walk of the tree of cgroups */
    struct cgroup_row *rows;         /* options.cgroups_top of them */
    struct cgroup_path *queue_paths; /* as many as queue_rows */
    struct cgroup_path *destination_paths[SOCKET_PROTOCOLS]; /* as many as destinations */
};

/* The sources of an event that is counted. */
struct event_sample {
    struct event_sources *sources; /* NULL: not collected */
    int64_t searched;              /* the last walk of the tree of cgroups */
    uint64_t samples;              /* the number that was read */
    unsigned uncounted_cpus;
};

struct host {
    struct kernel_access kernel;
    struct sampler_options options;
    /* The known numbers, old or new; host_describe() completes it. Its pointers refer to this host.
     */
    struct snapshot snapshot;

    /* The count sample. */
    int64_t counted;
    struct peak_window peaks[TCP_STATES];
    struct listeners *listeners;
    bool untracked_logged;
    /* Refilled for each snapshot: at most options.listeners_top of each ranking. */
    struct listener_row *queue_rows; /* those of both rankings */
    struct listener_row *listener_rows;
    struct identity_check identity;
    struct recent_counters recent;

    /* The ports sample, or the detail sample in its place. */
    int64_t roles_sampled; /* TIME_WAIT by role */
    bool has_opens_at_ports;
    uint64_t opens_at_ports; /* ActiveOpens before the last one that measured ports */
    struct bound_sample bound;
    struct port_sample ports[SOCKET_PROTOCOLS];
    int64_t udp_sampled;
    struct udp_sockets *udp_sockets; /* NULL: not collected */
    struct udp_socket_row *udp_rows; /* options.udp_top of them */

    struct event_sample events[TCP_EVENTS];

    /* The detail sample. */
    int64_t detailed;
    struct cgroup_sample cgroups;
    int64_t unix_sampled;
    struct unix_sockets *unix_sockets;   /* NULL: not collected */
    struct unix_listener_row *unix_rows; /* options.unix_top of them */
};

/* False when there is no memory. `kernel` and `options` are copied. */
bool host_init(struct host *host, const struct kernel_access *kernel,
               const struct sampler_options *options);
void host_release(struct host *host);

/*
 * The count sample. With the identity it lists only the rare states and derives ESTABLISHED and
 * TIME_WAIT; while the identity is distrusted it lists all sockets. `rows` gets the number of
 * listed sockets. False, with `fault` filled, on failure: the last sample is then unchanged.
 */
bool host_take_counts(struct host *host, int64_t now, uint64_t *rows, struct fault *fault);

/*
 * Between stretched count samples: only TIME_WAIT, from the kernel's total and the FIN_WAIT2
 * minisockets of the last sample. Histograms and history repeat the last number of the other
 * states, so that their shares are shares of time; also that of TIME_WAIT while the identity is
 * distrusted.
 */
bool host_take_time_wait(struct host *host, int64_t now, struct fault *fault);

/* Read the kernel's counters, settings and pressure. `faults` gets each failure, and only the
 * numbers of its file are then absent. */
void host_read_counters(struct host *host, int64_t now, struct fault_log *faults);

/*
 * The ports sample: list the listeners, the TCP sockets whose local port is in the ephemeral range,
 * and the UDP sockets. On a host with many sockets it lists the bound-only ones once a minute,
 * unless there are too many to remember. `faults` gets a failure to list UDP sockets, and only
 * their numbers are then absent. False, with `fault` filled, on other failures: the last sample is
 * then unchanged.
 */
bool host_take_ports(struct host *host, int64_t now, uint64_t *rows, struct fault_log *faults,
                     struct fault *fault);

/*
 * Update the bound: no destination can have more ephemeral ports in use than the fullest one had at
 * the last ports sample plus the connections opened since then (ActiveOpens), nor more than there
 * are sockets. A connect() that is in progress is counted a moment after it has its port. Reads
 * three short files. The bound is absent when they are not readable, which `faults` gets, without
 * destinations, and before the first ports sample.
 */
void host_update_bound(struct host *host, int64_t now, struct fault_log *faults);

/* Can a destination have passed a threshold of the alerts since the last ports sample? */
bool host_needs_ports(const struct host *host);

/*
 * The detail sample: list every TCP socket and check the identity against them, then list the UDP
 * sockets. It is a ports sample as well, unless the settings of ports are not readable. `faults`
 * gets failures that concern only ports or UDP, and only these numbers are then absent.
 */
bool host_take_detail(struct host *host, int64_t now, uint64_t *rows, struct fault_log *faults,
                      struct fault *fault);

/*
 * The part of both that lists the UDP sockets: their ports, unless `settings` is NULL, and the
 * worst of them, as far as they are collected. `rows` grows. A failure is reported to `faults`.
 */
void host_take_udp(struct host *host, int64_t now, const struct port_settings *settings,
                   uint64_t *rows, struct fault_log *faults);

/* The part of the detail sample that lists the UNIX sockets, if they are collected. The same. */
void host_take_unix(struct host *host, int64_t now, uint64_t *rows, struct fault_log *faults);

/* Complete host->snapshot: mark numbers absent that are older, at `now`, than the age in `ages` for
 * their kind of sample. In nanoseconds. */
void host_describe(struct host *host, int64_t now, const int64_t ages[static SAMPLE_KINDS]);

#endif
