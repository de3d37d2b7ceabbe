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
#include "measure/identity_check.h"
#include "measure/peak_window.h"
#include "sockdiag/sampler.h"

/* The bound-only sockets, from the last detail sample that listed them. */
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
    struct destination *destinations; /* options.destinations_top of them */
};

struct host {
    struct kernel_access kernel;
    struct sampler_options options;
    /* The known numbers, old or new; host_describe() completes it. Its pointers refer to this host.
     */
    struct snapshot snapshot;

    /* The count sample. */
    int64_t counted;
    int64_t counters_read;
    int64_t settings_read;
    uint64_t fin_wait2_minisockets; /* of the last dump */
    struct peak_window peaks[TCP_STATES];
    struct listeners *listeners;
    bool untracked_logged;
    /* Refilled for each snapshot: at most options.listeners_top of each ranking. */
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

/* Read the kernel's counters and settings. `faults` gets each failure, and only its own numbers are
 * then absent. */
void host_read_counters(struct host *host, int64_t now, struct fault_log *faults);

/*
 * The detail sample: list every TCP socket and check the identity against them, then list the UDP
 * sockets. On a host with many sockets it lists the bound-only ones at most once a minute. `faults`
 * gets failures that concern only ports or UDP, and only these numbers are then absent.
 */
bool host_take_detail(struct host *host, int64_t now, uint64_t *rows, struct fault_log *faults,
                      struct fault *fault);

/* Complete host->snapshot: mark numbers absent that are older, at `now`, than the age for the count
 * or the detail sample. In nanoseconds. */
void host_describe(struct host *host, int64_t now, int64_t count_age, int64_t detail_age);

#endif
