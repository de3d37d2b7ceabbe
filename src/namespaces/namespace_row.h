// SPDX-License-Identifier: Apache-2.0
/*
 * The network namespaces of this node in a snapshot.
 */
#ifndef SOCKDIAG_NAMESPACES_NAMESPACE_ROW_H
#define SOCKDIAG_NAMESPACES_NAMESPACE_ROW_H

#include "cgroup_name.h"
#include "kernel/netns_process.h"
#include "pod_names.h"
#include "walker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest is a pod's: NAMESPACE/POD-INODE. */
enum { NAMESPACE_NAME_SIZE = POD_NAMESPACE_SIZE + POD_NAME_SIZE + 21 };

/* What a namespace is called, and whose it is. Strings are "" if that is unknown. */
struct namespace_labels {
    char name[NAMESPACE_NAME_SIZE]; /* unique on the node */
    uint64_t inode;                 /* of /proc/PID/net/sockstat */
    const char *runtime;            /* struct cgroup_name */
    char container_id[CONTAINER_ID_SIZE];
    struct pod_name pod;
};

/* The numbers of one namespace, or the sum of several. */
struct namespace_row {
    struct namespace_labels labels;
    uint32_t pid; /* the lowest of the processes in it; 0: none */

    bool has_sockets; /* the next four are known */
    uint64_t full_sockets;
    uint64_t minisockets; /* TIME_WAIT, and FIN_WAIT2 without an owner */
    uint64_t minisockets_peak;
    uint64_t udp_sockets; /* with a port; none has two ports */

    bool has_opens;    /* the opens in `counters` are known */
    bool has_counters; /* the others are */
    struct tcp_counters counters;

    /* An upper bound of the ephemeral ports in use towards any TCP destination: of several
     * namespaces the highest. */
    bool has_bound;
    uint64_t tcp_bound;

    bool has_usable;
    uint64_t usable; /* ports of the range that are not reserved */

    bool has_walk;    /* the next six are known, and the bound starts from the walk */
    double walked_at; /* unix time */
    uint64_t sockets[TCP_STATES];
    double utilization[PORT_SCOPES];
    double peak_utilization[PORT_SCOPES];
    bool has_time_wait_limit; /* false: none, or unknown */
    uint64_t time_wait_limit;
    bool has_queue; /* there is a listener; the fullest queue is the next */
    struct walk_queue queue;
};

/* One of the fullest destinations that walks found. */
struct namespace_destination {
    size_t row; /* of its namespace */
    struct destination destination;
};

/* All of them. `rows` is valid as long as the snapshot. */
struct namespaces_snapshot {
    bool collected; /* --collector.netns; false: nothing else is known */
    const struct namespace_row *rows;
    size_t count;
    size_t other_count;          /* beyond --collector.netns.max */
    struct namespace_row others; /* their sum; counters never fall */
    size_t excluded_count;       /* by --collector.netns.include and .exclude: not read */
    bool processes_hidden;       /* by /proc: other namespaces are not found */
    double cpu_seconds;          /* since the start, walks included */
    bool walking;                /* the next three are known */
    struct walker_report walks;
    struct namespace_destination destinations[WALK_DESTINATIONS];
    size_t destination_count;
    double interval_seconds[NETNS_FILES];
    /* Unix time of the last reading in the namespace where that is oldest; 0: none yet. */
    double oldest_reading[NETNS_FILES];
};

#endif
