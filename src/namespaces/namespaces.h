// SPDX-License-Identifier: Apache-2.0
/*
 * Every network namespace of the node, without privilege: finds them through the processes in them,
 * names them, and reads the kernel's totals of each, within a share of one CPU. Nothing that it
 * holds keeps a namespace alive.
 *
 * It does not find namespaces without a process, unless they have a name in /run/netns
 * (ip-netns(8)) and are walked; namespaces of single threads whose process is in another one; and,
 * where /proc hides processes, namespaces of other users.
 *
 * Not safe for several threads.
 */
#ifndef SOCKDIAG_NAMESPACES_NAMESPACES_H
#define SOCKDIAG_NAMESPACES_NAMESPACES_H

#include "base/clock.h"
#include "base/fault.h"
#include "namespace_row.h"

struct namespaces_options {
    const char *include; /* struct name_filter; NULL: none */
    const char *exclude;
    size_t max;       /* namespaces with numbers of their own; the others are summed */
    double cpu_share; /* of one CPU: 0.01 is one percent */
    int64_t peak_window;
};

/* Where to look. */
struct namespaces_roots {
    const char *proc;     /* "/proc" */
    const char *names;    /* "/run/netns" */
    const char *pod_logs; /* "/var/log/pods" */
};

struct namespaces;

/* Copies the structs; what they and `clock` point to must outlive it. NULL when there is no memory,
 * no /proc, or an expression is not correct. */
struct namespaces *namespaces_create(const struct namespaces_options *options,
                                     const struct namespaces_roots *roots,
                                     const struct clock *clock);
void namespaces_destroy(struct namespaces *namespaces);

/*
 * Do what is due at `now`, or would be within half a second: look for namespaces, read their files.
 * Returns when to call it next, monotonic. A namespace that ends meanwhile is not a failure.
 * `failed` says whether there was any other failure, and `fault` then has the last one. Logs once
 * why processes are hidden.
 */
int64_t namespaces_step(struct namespaces *namespaces, int64_t now, bool *failed,
                        struct fault *fault);

/* Walk them from now on; `helper` must outlive `namespaces`. The CPU time of namespaces_step()
 * counts against the same share. False when there is no memory. */
bool namespaces_start_walks(struct namespaces *namespaces, struct netns_helper *helper,
                            const struct walker_options *options);

/* Walk a namespace, or look at some listeners, if that is due and affordable at `now`. Returns when
 * to call it next, which is `now` when there is more to do. Only after namespaces_start_walks(). */
int64_t namespaces_walk(struct namespaces *namespaces, int64_t now);

/* Walk every namespace that is known now, whatever it costs. Only after namespaces_start_walks().
 */
void namespaces_walk_all(struct namespaces *namespaces);

/* The share of one CPU that namespaces_step() is expected to take. */
double namespaces_load(const struct namespaces *namespaces);

/* Describe the namespaces at `now`. A number vanishes when it has not been read for three intervals
 * and `busy`, the nanoseconds that other samples take. `snapshot` is valid until the next call;
 * cpu_seconds is the caller's. */
void namespaces_describe(struct namespaces *namespaces, int64_t now, int64_t busy,
                         struct namespaces_snapshot *snapshot);

#endif
