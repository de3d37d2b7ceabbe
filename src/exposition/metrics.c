// SPDX-License-Identifier: Apache-2.0
#include "metrics.h"

#define COUNT_SAMPLE  " As of the last count sample."
#define DETAIL_SAMPLE " As of the last detail sample."

const struct metric metrics[METRIC_IDS] = {
    [METRIC_TCP_SOCKETS] = {"sockdiag_tcp_sockets", METRIC_GAUGE,
                            "TCP sockets in each state, IPv4 and IPv6 together." COUNT_SAMPLE},
    [METRIC_TCP_SAMPLED_SOCKETS] =
        {"sockdiag_tcp_sampled_sockets", METRIC_HISTOGRAM,
         "TCP sockets in each state at every count sample since the start: what happened between "
         "scrapes. A bucket's share of the count is the share of time spent at or below its bound. "
         "While count samples are stretched, time_wait is still observed at --sample.interval, and "
         "the other states count as they last were."},
    [METRIC_TCP_SOCKETS_PEAK] =
        {"sockdiag_tcp_sockets_peak", METRIC_GAUGE,
         "The most TCP sockets in each state that a count sample saw within --sample.peak-window. "
         "A scrape does not reset it."},
    [METRIC_TCP_FAMILY_SOCKETS] =
        {"sockdiag_tcp_family_sockets", METRIC_GAUGE,
         "TCP sockets by family and state; v4-mapped IPv6 sockets count as ipv4. bound_inactive: "
         "bound to a port, neither listening nor connected (Linux 6.8 and later; beyond 100,000 "
         "sockets looked for once a minute)." DETAIL_SAMPLE},
    [METRIC_TCP_TIME_WAIT_SOCKETS] =
        {"sockdiag_tcp_time_wait_sockets", METRIC_GAUGE,
         "TIME_WAIT sockets by the side that this host was on. server: the local port is a "
         "listener's or outside of the ephemeral range, only memory is held. client: each holds "
         "an ephemeral port towards its destination." DETAIL_SAMPLE},
    [METRIC_TCP_TIME_WAIT_STARTED] =
        {"sockdiag_tcp_time_wait_started", METRIC_COUNTER,
         "Connections that this side closed first and that went into TIME_WAIT, or into FIN_WAIT2 "
         "without an owner (TW and TWKilled in /proc/net/netstat)." COUNT_SAMPLE},
    [METRIC_TCP_TIME_WAIT_REUSED] =
        {"sockdiag_tcp_time_wait_reused", METRIC_COUNTER,
         "TIME_WAIT sockets whose ports a new connect() took over, as tcp_tw_reuse allows "
         "(TWRecycled)." COUNT_SAMPLE},
    [METRIC_TCP_TIME_WAIT_OVERFLOWS] =
        {"sockdiag_tcp_time_wait_overflows", METRIC_COUNTER,
         "Connections that skipped TIME_WAIT because the limit was reached "
         "(TCPTimeWaitOverflow)." COUNT_SAMPLE},
    [METRIC_TCP_TIME_WAIT_LIMIT] =
        {"sockdiag_tcp_time_wait_limit", METRIC_GAUGE,
         "The most TIME_WAIT sockets that the kernel keeps (tcp_max_tw_buckets)." COUNT_SAMPLE},
    [METRIC_TCP_TW_REUSE] =
        {"sockdiag_tcp_tw_reuse", METRIC_GAUGE,
         "The setting tcp_tw_reuse: 0 off, 1 on, 2 for loopback only." COUNT_SAMPLE},
    [METRIC_TCP_LISTEN_OVERFLOWS] =
        {"sockdiag_tcp_listen_overflows", METRIC_COUNTER,
         "Connections dropped because an accept queue was full (ListenOverflows)." COUNT_SAMPLE},
    [METRIC_TCP_LISTEN_DROPS] =
        {"sockdiag_tcp_listen_drops", METRIC_COUNTER,
         "Connections dropped by a listener for any reason, overflows included "
         "(ListenDrops)." COUNT_SAMPLE},
    [METRIC_ACCEPT_QUEUE_LENGTH] =
        {"sockdiag_listener_accept_queue_length", METRIC_GAUGE,
         "Connections that wait for accept(), of the fullest socket where several share address "
         "and "
         "port (SO_REUSEPORT): each has a queue of its own." COUNT_SAMPLE},
    [METRIC_ACCEPT_QUEUE_LIMIT] =
        {"sockdiag_listener_accept_queue_limit", METRIC_GAUGE,
         "How many connections may wait, the smaller of listen()'s backlog and somaxconn: of that "
         "same socket where several share address and port." COUNT_SAMPLE},
    [METRIC_ACCEPT_QUEUE_PEAK] =
        {"sockdiag_listener_accept_queue_peak", METRIC_GAUGE,
         "The highest length, as above, that a sample saw within --sample.peak-window."},
    [METRIC_ACCEPT_QUEUES] =
        {"sockdiag_listener_accept_queues", METRIC_GAUGE,
         "Accept queues of the listener: 1, or as many as sockets share address and port "
         "(SO_REUSEPORT). All together hold so many times the limit." COUNT_SAMPLE},
    [METRIC_LISTENER_SOCKETS] =
        {"sockdiag_listener_sockets", METRIC_GAUGE,
         "Connections of the busiest listeners by state; those of all others are under "
         "address=\"other\", port=\"other\"." DETAIL_SAMPLE},
    [METRIC_PORTS_RANGE] = {"sockdiag_ephemeral_ports_range", METRIC_GAUGE,
                            "Ports in ip_local_port_range." DETAIL_SAMPLE},
    [METRIC_PORTS_RESERVED] =
        {"sockdiag_ephemeral_ports_reserved", METRIC_GAUGE,
         "Ports of the range that ip_local_reserved_ports keeps from being handed "
         "out." DETAIL_SAMPLE},
    [METRIC_PORTS_OWNED] =
        {"sockdiag_ephemeral_ports_owned", METRIC_GAUGE,
         "Ports of the range that connect() passes over because a listener or a bound-only socket "
         "has them. A connected socket that took its port by bind() first owns it too, but "
         "sock_diag does not show that. Of udp nothing tells an owner: always 0." DETAIL_SAMPLE},
    [METRIC_PORTS_USABLE] =
        {"sockdiag_ephemeral_ports_usable", METRIC_GAUGE,
         "Ports of the range that are neither reserved nor owned: what connect() can choose from "
         "for each destination." DETAIL_SAMPLE},
    [METRIC_PORTS_USED] =
        {"sockdiag_ephemeral_ports_used", METRIC_GAUGE,
         "Different usable ports that client-side sockets hold, in any state; of udp, that any "
         "socket holds." DETAIL_SAMPLE},
    [METRIC_PORT_UTILIZATION] =
        {"sockdiag_ephemeral_port_utilization_ratio", METRIC_GAUGE,
         "Used share of the ports in the worst case of each scope. destination: of the usable "
         "ports, towards one (local address, remote address, remote port); at 1 connect() fails. "
         "local_address: of the ports not reserved, on one address; at 1 bind() to port 0 of it "
         "fails. host: likewise on any address; at 1 bind() to port 0 of the wildcard fails, and "
         "with udp any new socket. Programs that bind() before they connect() use up ports for "
         "all destinations, which only the other two scopes show." DETAIL_SAMPLE},
    [METRIC_PORT_SAMPLED_UTILIZATION] =
        {"sockdiag_ephemeral_port_sampled_utilization_ratio", METRIC_HISTOGRAM,
         "The utilization at every detail sample since the start: what happened between scrapes."},
    [METRIC_PORT_PREFERRED_UTILIZATION] =
        {"sockdiag_ephemeral_port_preferred_utilization_ratio", METRIC_GAUGE,
         "Towards the fullest destination, the used share of the usable ports whose parity "
         "connect() tries first. At 1 every connect() there searches the rest port by port and "
         "takes many times as long." DETAIL_SAMPLE},
    [METRIC_DESTINATION_PORTS_USED] =
        {"sockdiag_destination_ephemeral_ports_used", METRIC_GAUGE,
         "Ports held towards the fullest destinations; one that was named stays unless another is "
         "clearly fuller. A destination is a local address, a remote address and a remote "
         "port." DETAIL_SAMPLE},
    [METRIC_DESTINATIONS] =
        {"sockdiag_destinations", METRIC_GAUGE,
         "Different destinations; at most so many where the error bound is not 0." DETAIL_SAMPLE},
    [METRIC_DESTINATION_COUNT_ERROR_BOUND] =
        {"sockdiag_destination_count_error_bound", METRIC_GAUGE,
         "By how many ports a destination may be counted too low; 0 while all of them fit the "
         "table." DETAIL_SAMPLE},
    [METRIC_BUILD_INFO] = {"sockdiag_exporter_build", METRIC_INFO,
                           "Always 1; the labels tell what was built."},
    [METRIC_SAMPLES] = {"sockdiag_exporter_samples", METRIC_COUNTER,
                        "Samples taken, by kind and result."},
    [METRIC_SAMPLE_CPU_SECONDS] =
        {"sockdiag_exporter_sample_cpu_seconds", METRIC_COUNTER,
         "CPU time, user and system, of sampling. The reading of counters and settings belongs to "
         "count."},
    [METRIC_SAMPLE_DURATION] = {"sockdiag_exporter_sample_duration_seconds", METRIC_GAUGE,
                                "How long the last sample took."},
    [METRIC_SAMPLE_INTERVAL] =
        {"sockdiag_exporter_sample_interval_seconds", METRIC_GAUGE,
         "The interval in force: longer than the one set while --sample.cpu-budget demands it."},
    [METRIC_SAMPLE_SOCKETS] = {"sockdiag_exporter_sample_sockets", METRIC_GAUGE,
                               "Sockets that the kernel listed for the last sample."},
    [METRIC_LAST_SAMPLE_TIMESTAMP] =
        {"sockdiag_exporter_last_sample_timestamp_seconds", METRIC_GAUGE,
         "Unix time of the last successful sample. time() less this is the age of the numbers."},
    [METRIC_DERIVED_COUNTS] =
        {"sockdiag_exporter_derived_counts", METRIC_GAUGE,
         "1 while ESTABLISHED and TIME_WAIT are derived from the kernel's totals, 0 after these "
         "were found not to add up and every count sample lists all sockets."},
    [METRIC_DERIVED_DRIFT] =
        {"sockdiag_exporter_derived_drift_sockets", METRIC_GAUGE,
         "By how many sockets the derived counts differed from the listed ones, beyond what they "
         "moved meanwhile." DETAIL_SAMPLE},
    [METRIC_ERRORS] = {"sockdiag_exporter_errors", METRIC_COUNTER,
                       "Failures to read from the kernel, by reason. The log has the details."},
    [METRIC_LOG_LINES_DROPPED] =
        {"sockdiag_exporter_log_lines_dropped", METRIC_COUNTER,
         "Log lines that were not written because standard error took no more."},
    [METRIC_HTTP_REQUESTS] =
        {"sockdiag_exporter_http_requests", METRIC_COUNTER,
         "HTTP requests answered, by path and status code, up to the last sample."},
    [METRIC_WEB_CONFIG_SUCCESSFUL] =
        {"sockdiag_exporter_web_config_last_reload_successful", METRIC_GAUGE,
         "0 after the web configuration was changed and the new one refused: the one from before "
         "is in force."},
    [METRIC_WEB_CONFIG_TIMESTAMP] =
        {"sockdiag_exporter_web_config_last_reload_success_timestamp_seconds", METRIC_GAUGE,
         "Unix time when the web configuration in force was read."},
    [METRIC_PROCESS_CPU_SECONDS] = {"process_cpu_seconds", METRIC_COUNTER,
                                    "CPU time of the exporter, user and system."},
    [METRIC_PROCESS_RESIDENT_MEMORY] = {"process_resident_memory_bytes", METRIC_GAUGE,
                                        "Resident memory of the exporter."},
    [METRIC_PROCESS_VIRTUAL_MEMORY] = {"process_virtual_memory_bytes", METRIC_GAUGE,
                                       "Virtual memory of the exporter."},
    [METRIC_PROCESS_OPEN_FDS] = {"process_open_fds", METRIC_GAUGE,
                                 "Open file descriptors of the exporter."},
    [METRIC_PROCESS_MAX_FDS] = {"process_max_fds", METRIC_GAUGE,
                                "The most file descriptors that it may open."},
    [METRIC_PROCESS_START_TIME] = {"process_start_time_seconds", METRIC_GAUGE,
                                   "Unix time of the exporter's start."},
};
