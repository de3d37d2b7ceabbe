// SPDX-License-Identifier: Apache-2.0
/*
 * The parsers of procfs_read_tcp_counters(), for the files of any network namespace. Private to
 * src/kernel.
 */
#ifndef SOCKDIAG_KERNEL_PROCFS_TCP_H
#define SOCKDIAG_KERNEL_PROCFS_TCP_H

#include "proc_file.h"
#include "procfs.h"

/* Read the counters of net/netstat or of net/snmp; the others are left as they are. For absent and
 * faulty ones see procfs_read_tcp_counters(). */
bool procfs_parse_netstat(const struct proc_file *file, struct tcp_counters *counters);
bool procfs_parse_snmp(const struct proc_file *file, struct tcp_counters *counters);

#endif
