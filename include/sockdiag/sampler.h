// SPDX-License-Identifier: Apache-2.0
/*
 * The sampler: takes count, ports and detail samples on its own clock, within a CPU budget, and
 * passes snapshots to a reader.
 *
 * Not safe for several threads: only the thread that calls sampler_step() may use it. After
 * sampler_thread_start() this is the new thread.
 */
#ifndef SOCKDIAG_SAMPLER_H
#define SOCKDIAG_SAMPLER_H

#include "base/clock.h"
#include "base/fault.h"
#include "sockdiag/snapshot.h"
#include "sockdiag/sock_diag.h"

#include <stdbool.h>
#include <stdint.h>

/* Times in nanoseconds. */
struct sampler_options {
    int64_t interval;        /* between count samples */
    int64_t detail_interval; /* between detail samples */
    double cpu_share;        /* of one CPU, for all of them: 0.02 is two percent */
    int64_t peak_window;
    size_t listeners_top;      /* listeners that a snapshot names, by each ranking */
    size_t destinations_top;   /* destinations that it names, of each protocol */
    bool collect_listeners;    /* --collector.listeners */
    bool collect_ports;        /* --collector.ports */
    bool collect_destinations; /* --collector.destinations: only together with the ports */
    bool collect_time_wait;    /* --collector.time-wait */
    size_t udp_top;            /* UDP sockets that it names */
    size_t unix_top;           /* UNIX listeners that it names */
    bool collect_udp;          /* --collector.udp */
    bool collect_unix;         /* --collector.unix */
    bool collect_cgroups;      /* --collector.cgroups */
    size_t cgroups_top;        /* cgroups that it names */
    size_t cgroups_depth;      /* components of their paths that count; 0: all */
    bool collect_namespaces;   /* --collector.netns */
    const char *namespaces_include, *namespaces_exclude; /* regular expressions, or NULL */
    size_t namespaces_max; /* network namespaces with numbers of their own */
};

/* Reads a snapshot; called in the sampler's thread. */
typedef void snapshot_reader(void *context, const struct snapshot *snapshot);

struct sampler;

/* Copies `options` and `kernel`; `clock` and everything that they point to must outlive the
 * sampler. NULL when there is no memory or an expression is not correct. Free with
 * sampler_destroy(). */
struct sampler *sampler_create(const struct sampler_options *options,
                               const struct kernel_access *kernel, const struct clock *clock,
                               snapshot_reader *read, void *read_context);
void sampler_destroy(struct sampler *sampler);

/* Take one sample now, without a snapshot. False with `fault` filled when it failed; the fault is
 * neither counted nor logged. For the start of a daemon, where a failure is final. */
bool sampler_take(struct sampler *sampler, enum sample_kind kind, struct fault *fault);

/* Walk the other network namespaces now, whatever the budget says. For a snapshot that is the only
 * one. */
void sampler_walk_all(struct sampler *sampler);

/* Read the counters and settings, build a snapshot and pass it to the reader. */
void sampler_publish(struct sampler *sampler);

/* Take the samples that are due, publish, and return the monotonic time of the next step: when the
 * next sample is due, at most ten seconds later. */
int64_t sampler_step(struct sampler *sampler);

/* A thread that steps `sampler` until it is stopped. */
struct sampler_thread;

/* NULL, with errno set, when no thread could be made. */
struct sampler_thread *sampler_thread_start(struct sampler *sampler);

/* Waits for the end of the thread: it finishes the current sample, if any. */
void sampler_thread_stop(struct sampler_thread *thread);

#endif
