// SPDX-License-Identifier: Apache-2.0
/*
 * The cgroups of sockets: how many sockets each has, and which own the named listeners and
 * destinations. Only for a host that collects them. Private to src/sample.
 */
#ifndef SOCKDIAG_SAMPLE_CGROUP_SAMPLE_H
#define SOCKDIAG_SAMPLE_CGROUP_SAMPLE_H

#include "host.h"

/* Prepare to collect cgroups. On a host without cgroup v2 only say so in the log. False when there
 * is no memory; cgroup_sample_release() is needed in any case. */
bool cgroup_sample_init(struct host *host);
void cgroup_sample_release(struct host *host);

/* Add a TCP socket of a detail sample that began at `now`. `client`: it is one of those that hold a
 * port towards their destination. */
void cgroup_sample_add_tcp(struct host *host, const struct socket_record *record, bool client,
                           int64_t now);

/* Add a UDP socket of any sample. */
void cgroup_sample_add_udp(struct host *host, const struct socket_record *record, int64_t now);

/* End the detail sample that began at `now`: find the paths of new cgroups, at most every ten
 * seconds, and which of them have the most sockets. */
void cgroup_sample_end(struct host *host, int64_t now);

/* The part of host_describe() that follows the listener queues and the destinations. */
void cgroup_sample_describe(struct host *host);

#endif
