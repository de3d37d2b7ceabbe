// SPDX-License-Identifier: Apache-2.0
#include "advice.h"

#define RUNBOOKS "docs/runbooks.md"

const struct advice advice_by_topic[TOPICS] = {
    [TOPIC_SAMPLES] =
        {"samples", "No numbers", RUNBOOKS, "SockdiagSamplesFailing",
         "The log has the reason. netlink: load the modules tcp_diag and udp_diag, or allow "
         "AF_NETLINK in the unit's sandbox. proc_read: /proc or /proc/sys is hidden from the unit "
         "(ProcSubset=), or the exporter has too few descriptors (LimitNOFILE=). out_of_memory: "
         "raise MemoryMax=."},
    [TOPIC_DESTINATIONS] =
        {"destinations", "Ports towards one destination", RUNBOOKS, "SockdiagDestinationNearKnee",
         "At once: widen net.ipv4.ip_local_port_range, and list the ports of listeners that are "
         "then within it in ip_local_reserved_ports. Mostly TIME-WAIT: the program opens a "
         "connection for each request; use keep-alive or a pool, and until then set "
         "net.ipv4.tcp_tw_reuse=1. Mostly ESTAB: give the service more addresses or ports, or this "
         "host more addresses. Mostly CLOSE-WAIT: the program leaks sockets; restart it."},
    [TOPIC_LOCAL_PORTS] =
        {"local-ports", "TCP ports of this host", "docs/ports.md", "What to do",
         "Programs bind() before they connect() and own their port for all destinations: have "
         "them set IP_BIND_ADDRESS_NO_PORT, or give them more source addresses. At once: widen "
         "net.ipv4.ip_local_port_range."},
    [TOPIC_UDP_PORTS] =
        {"udp-ports", "UDP ports", RUNBOOKS, "SockdiagUdpPortsNearlyExhausted",
         "Each UDP socket holds a port, whatever the destination; name lookups fail first. Restart "
         "the program that leaks sockets; widen net.ipv4.ip_local_port_range; run a caching "
         "resolver on the host."},
    [TOPIC_QUEUES] =
        {"queues", "Accept queues", RUNBOOKS, "SockdiagAcceptQueueFilling",
         "The program accepts too slowly: is it short of CPU, threads or descriptors, or does it "
         "hang? If workers share the port, and one queue is full while others are empty, its "
         "worker hangs: restart it. Otherwise add workers or hosts. A longer queue (the backlog of "
         "listen(), net.core.somaxconn) helps against bursts only."},
    [TOPIC_DROPS] =
        {"drops", "Dropped connections", RUNBOOKS, "SockdiagAcceptQueueOverflowing",
         "At full accept queues: see the listeners whose peak has reached the limit; their program "
         "accepts too slowly or hangs. Otherwise SYN queues are full, or memory is short."},
    [TOPIC_SYN_RECV] =
        {"syn-recv", "Half-open connections", RUNBOOKS, "SockdiagSynFlood",
         "Thousands of addresses with one connection each are forged: check that "
         "net.ipv4.tcp_syncookies is 1, and filter in front of the host. A few networks: the "
         "answers do not reach them (asymmetric routing, a firewall that passes only SYNs)."},
    [TOPIC_CLOSE_WAIT] =
        {"close-wait", "CLOSE_WAIT", RUNBOOKS, "SockdiagCloseWaitLeak",
         "The owner that ss shows is a live program that does not close on end of file; the kernel "
         "has no timeout for this, and keepalive does not help. Stuck threads look the same: take "
         "a thread dump. Restart the program before it reaches its limit of descriptors."},
    [TOPIC_TIME_WAIT] =
        {"time-wait", "TIME_WAIT", RUNBOOKS, "SockdiagTimeWaitNearLimit",
         "Raise net.ipv4.tcp_max_tw_buckets: 100,000 more cost 25 MB when they are in use. Then "
         "keep connections open, instead of one for each request."},
    [TOPIC_MEMORY] =
        {"memory", "Memory of TCP", "man 7 tcp", "tcp_mem",
         "Large Recv-Q: a program does not read. Large Send-Q: peers do not read, or the path is "
         "slow. Restart or slow down the program that holds most; raise net.ipv4.tcp_mem (in pages "
         "of 4 KiB) if the host has memory to spare."},
    [TOPIC_ORPHANS] =
        {"orphans", "Orphans", "man 7 tcp", "tcp_max_orphans",
         "Many peers have vanished, or do not read what was sent before close(). Lower "
         "net.ipv4.tcp_orphan_retries; raise net.ipv4.tcp_max_orphans if memory allows, up to 64 "
         "KiB for each."},
    [TOPIC_NAMESPACES] =
        {"namespaces", "Network namespaces", "docs/namespaces.md", "What to do",
         "Each namespace has its own ports, queues and settings; apply the remedies of a host "
         "inside of it. For a pod: set net.ipv4.ip_local_port_range, a safe sysctl, in "
         "securityContext.sysctls, or use more replicas; otherwise run nsenter -t PID -n sysctl "
         "-w. Mostly TIME-WAIT: the program opens a connection for each request; use keep-alive or "
         "a pool."},
    [TOPIC_HIDDEN_NAMESPACES] =
        {"hidden", "Hidden network namespaces", "docs/namespaces.md", "What you do not see",
         "In the systemd unit set ProtectProc=default. If /proc is mounted with hidepid=, mount it "
         "without, or with the gid= of a group that the exporter is in. In a container set "
         "hostPID: true."},
};
