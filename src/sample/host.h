// SPDX-License-Identifier: Apache-2.0
/*
 * What is known of this host, that is of the network namespace of the calling thread: how each kind
 * of sample is taken, and what is kept between samples. Private to src/sample.
 *
 * Times are monotonic, in nanoseconds; the time of what never happened is 0.
 */
#ifndef SOCKDIAG_SAMPLE_HOST_H
#define SOCKDIAG_SAMPLE_HOST_H

#include "fault_log.h"
#include "measure/identity_check.h"
#include "measure/peak_window.h"
#include "sockdiag/sampler.h"

/* The bound-only sockets, as of the last detail sample that listed them. */
enum { BOUND_REMEMBERED = 4096 };
struct bound_sample {
    int64_t sampled;
    uint64_t sockets[IP_FAMILIES];
    size_t count; /* of the next, those beyond its size included */
    struct socket_record records[BOUND_REMEMBERED];
};

/* The ephemeral ports of one protocol. */
struct port_sample {
    struct port_usage *usage; /* NULL: not collected */
    int64_t sampled;
    struct destination *destinations; /* options.destinations_top of them */
};

struct host {
    struct kernel_access kernel;
    struct sampler_options options;
    /* What is known, old or new: host_describe() completes it. Its pointers are into this host. */
    struct snapshot snapshot;

    /* The count sample. */
    int64_t counted;
    int64_t counters_read;
    int64_t settings_read;
    uint64_t fin_wait2_minisockets; /* of the last dump */
    struct peak_window peaks[TCP_STATES];
    struct listeners *listeners;
    bool untracked_logged;
    /* Refilled for each snapshot: of each ranking options.listeners_top at most. */
    struct listener_row *queue_rows; /* those of both rankings */
    struct listener_row *listener_rows;
    struct identity_check identity;

    /* The detail sample. */
    int64_t detailed;
    struct bound_sample bound;
    struct port_sample ports[SOCKET_PROTOCOLS];
};

/* False when there is no memory. `kernel` and `options` are copied. */
bool host_init(struct host *host, const struct kernel_access *kernel,
               const struct sampler_options *options);
void host_release(struct host *host);

/*
 * The count sample. By the identity it lists the states that are few and derives ESTABLISHED and
 * TIME_WAIT; while the identity is distrusted it lists everything. `rows` gets the sockets listed.
 * Nothing of the last sample is changed when it fails: false, `fault` filled.
 */
bool host_take_counts(struct host *host, int64_t now, uint64_t *rows, struct fault *fault);

/*
 * Between count samples that are stretched: TIME_WAIT alone, from the kernel's total and the
 * FIN_WAIT2 minisockets last seen. Histograms and history take the other states as last seen, so
 * that shares of them are shares of time; also TIME_WAIT while the identity is distrusted.
 */
bool host_take_time_wait(struct host *host, int64_t now, struct fault *fault);

/* Read the kernel's counters and settings. Each failure is reported to `faults` and leaves only its
 * own numbers absent. */
void host_read_counters(struct host *host, int64_t now, struct fault_log *faults);

/*
 * The detail sample: list every TCP socket and check the identity against them, then list the UDP
 * sockets. On a host with many sockets the bound-only ones are listed once a minute at most.
 * Failures that concern only ports or UDP are reported to `faults` and leave only those absent.
 */
bool host_take_detail(struct host *host, int64_t now, uint64_t *rows, struct fault_log *faults,
                      struct fault *fault);

/* Complete host->snapshot: what is older, at `now`, than the age given for what comes from the
 * count or from the detail sample, is marked absent. In nanoseconds. */
void host_describe(struct host *host, int64_t now, int64_t count_age, int64_t detail_age);

#endif
