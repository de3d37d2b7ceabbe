// SPDX-License-Identifier: Apache-2.0
/*
 * The sampler's numbers at one time: all that the exposition needs. Its pointers are valid until
 * its reader returns, which may keep a copy.
 *
 * Numbers that are too old or were never read are marked absent, so that a series vanishes instead
 * of repeating an old value.
 */
#ifndef SOCKDIAG_SNAPSHOT_H
#define SOCKDIAG_SNAPSHOT_H

#include "base/fault.h"
#include "kernel/procfs.h"
#include "kernel/tcp_events.h"
#include "measure/cgroup_sockets.h"
#include "measure/event_sources.h"
#include "measure/histogram.h"
#include "measure/history.h"
#include "measure/listeners.h"
#include "measure/port_usage.h"
#include "measure/state_counts.h"
#include "measure/udp_sockets.h"
#include "measure/unix_sockets.h"
#include "namespaces/namespace_row.h"

#include <stdbool.h>
#include <stddef.h>

/* The role of the side that holds a TIME_WAIT socket, which closed first. */
enum time_wait_role {
    TIME_WAIT_SERVER, /* the local port is a listener's: it holds memory, but no other port */
    TIME_WAIT_CLIENT, /* it holds an ephemeral port */
    TIME_WAIT_ROLES
};

/* The label value: "server" or "client". */
const char *time_wait_role_name(enum time_wait_role role);

enum socket_protocol { SOCKET_TCP, SOCKET_UDP, SOCKET_PROTOCOLS };

/* The label value: "tcp" or "udp". */
const char *socket_protocol_name(enum socket_protocol protocol);

/* The ephemeral ports of one protocol. */
struct port_snapshot {
    bool present;
    bool has_destinations; /* the destination scope is measured */
    struct port_summary summary;
    struct histogram sampled_utilization[PORT_SCOPES];
    double peak_utilization[PORT_SCOPES];   /* within the peak window */
    const struct destination *destinations; /* the fullest */
    size_t destination_count;
    /* The cgroup of each of these, if the snapshot has cgroups; "" if it is not one cgroup. */
    const struct cgroup_path *destination_cgroups;
    struct history port_history; /* of port_main_scope(), in units of 1 / PORT_HISTORY_WHOLE */
};

enum { PORT_HISTORY_WHOLE = 10000 };

/* The scope that runs out first: with TCP, the ports towards one destination, for connect(); with
 * UDP, the ports of the host, for any socket. */
enum port_scope port_main_scope(enum socket_protocol protocol);

enum sample_kind { SAMPLE_COUNT, SAMPLE_PORTS, SAMPLE_DETAIL, SAMPLE_KINDS };

/* The label value: "count", "ports" or "detail". */
const char *sample_kind_name(enum sample_kind kind);

/* Statistics of a kind of sample. */
struct sample_report {
    uint64_t successes;
    uint64_t failures;
    double cpu_seconds;      /* since the start */
    double duration_seconds; /* of the last one */
    double interval_seconds; /* in force */
    double sockets_read;     /* rows of the last one */
    double last_success;     /* unix time in seconds; 0 before the first */
};

/* An event that is counted on the whole host. */
struct event_snapshot {
    bool present;          /* the others are known */
    uint64_t period;       /* events of which one is sampled */
    uint64_t lost_samples; /* since the start */
    unsigned uncounted_cpus;
    struct event_report report;
};

/* One host: the network namespace of the sampler's thread. */
struct snapshot {
    /* From the count sample. */
    bool has_counts;                   /* the next eight are known */
    uint64_t sockets[TCP_STATES];      /* BOUND_INACTIVE is not counted here: 0 */
    uint64_t peak_sockets[TCP_STATES]; /* within the peak window */
    struct histogram sampled_sockets[TCP_STATES];
    uint64_t fin_wait2_minisockets; /* of those in FIN_WAIT2: the kernel's, without a process */
    struct history established_history;
    struct history time_wait_history;
    const struct listener_row *queues; /* the fullest accept queues, and those of `listeners` */
    size_t queue_count;

    /* Read for each snapshot. False when none of the numbers could be read; each can be absent. */
    bool has_counters;
    struct tcp_counters counters;
    struct tcp_counters recent; /* by how much they have grown in the last minute */
    double recent_seconds;      /* the time of this growth: less than 60 soon after the start */
    bool has_settings;
    struct tcp_settings settings;
    bool has_pressure;
    struct tcp_pressure pressure;
    bool derived_counts_in_use;

    /* From the ports sample. */
    bool has_time_wait_roles;
    uint64_t time_wait[TIME_WAIT_ROLES];
    struct port_snapshot ports[SOCKET_PROTOCOLS]; /* each knows whether it is present */

    /* From that and the kernel's totals: no TCP destination can be fuller. */
    bool has_bound;
    double bound_utilization;

    /* From the detail sample. */
    bool has_detail;         /* the next six are known */
    bool has_bound_inactive; /* this kernel reports bound-only sockets */
    struct state_counts detail;
    struct derived_counts derived_drift;
    const struct listener_row *listeners; /* those with the most connections */
    size_t listener_count;
    struct listener_row other_listeners; /* the connections of those not named */

    /* From the same pass as the ports of UDP; from the detail sample without --collector.ports. */
    bool has_udp; /* the next three are known */
    struct udp_summary udp;
    const struct udp_socket_row *udp_rows; /* the worst */
    size_t udp_row_count;

    /* From the detail sample. */
    bool has_unix; /* the next three are known */
    struct unix_summary unix_sockets;
    const struct unix_listener_row *unix_rows; /* the fullest accept queues */
    size_t unix_row_count;

    /* From the detail sample. */
    bool has_cgroups;                 /* the next four are known */
    const struct cgroup_row *cgroups; /* those with the most sockets */
    size_t cgroup_count;
    uint64_t other_cgroups[TCP_STATES];      /* the sockets of those not named */
    const struct cgroup_path *queue_cgroups; /* of `queues`, as many; "" if not of one alone */

    /* Read for each snapshot. */
    struct event_snapshot events[TCP_EVENTS];

    /* Every network namespace of the node, this one included. */
    struct namespaces_snapshot namespaces;

    /* From the options. */
    bool time_wait_collected;
    bool listeners_collected;
    double peak_window_seconds;

    char host_name[65]; /* printable ASCII */

    /* Statistics of sampling. */
    struct sample_report samples[SAMPLE_KINDS];
    uint64_t errors[FAULT_REASONS];
    int64_t next_within; /* nanoseconds: without a new snapshot by then, the sampler is stuck */
};

/* An independent copy in one block of memory, for free(). NULL when there is no memory. */
struct snapshot *snapshot_copy(const struct snapshot *snapshot);

#endif
