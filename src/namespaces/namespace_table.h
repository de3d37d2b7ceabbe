// SPDX-License-Identifier: Apache-2.0
/*
 * The network namespaces that are known, what they are called, and the last numbers of each.
 * Private to src/namespaces.
 *
 * The first `max` namespaces that the filter admits are listed, each with its own series; the other
 * admitted ones are summed. A listed namespace stays listed, so that its series do not come and go.
 */
#ifndef SOCKDIAG_NAMESPACES_NAMESPACE_TABLE_H
#define SOCKDIAG_NAMESPACES_NAMESPACE_TABLE_H

#include "kernel/netns_names.h"
#include "measure/peak_window.h"
#include "name_filter.h"
#include "namespace_row.h"
#include "walker.h"

/* A namespace takes less than 2.5 KiB. Those beyond are not read. */
enum { NAMESPACES_CAPACITY = 4096 };

/* The label of the sum. */
#define NAMESPACES_OTHER "other"

struct namespace
{
    uint64_t inode;
    uint32_t pid;     /* the process through which it is read, the lowest; 0: none */
    uint64_t arrival; /* in the order of arrivals */

    /* What its name is made of. */
    bool is_host; /* that of process 1 */
    struct cgroup_name owner;
    unsigned owners_read; /* processes whose cgroup was read, to give up in time */
    struct pod_name pod;  /* pod.namespace is "" until it is found */
    char file_name[256];  /* in /run/netns, with any characters; "": none known */
    uint64_t file_inode;  /* of this file, for walks by name; 0: not entered by name */

    char name[NAMESPACE_NAME_SIZE];
    bool admitted; /* by the filter */
    bool listed;

    struct netns_numbers numbers;
    int64_t read[NETNS_FILES]; /* when, monotonic; 0: never */
    int64_t due[NETNS_FILES];
    uint64_t sockets_at_opens; /* TCP sockets and minisockets when snmp was read */
    struct peak_window minisockets_peak;
    struct namespace_walk *walk; /* NULL: no walk yet */
};

struct namespace_table {
    struct namespace *places[NAMESPACES_CAPACITY]; /* NULL: free */
    size_t used;                                   /* places after these are free */
    size_t count, admitted, listed;
    size_t max; /* to list */
    uint64_t arrivals;
    bool full_logged;
    struct name_filter filter;
};

void namespace_table_release(struct namespace_table *table);

/* The place of the namespace with this inode; -1: none. */
int namespace_table_find(const struct namespace_table *table, uint64_t inode);

/* Add a namespace without a name, read through `pid`. Returns its place; -1 without room, which is
 * logged once. */
int namespace_table_add(struct namespace_table *table, uint64_t inode, uint32_t pid);
void namespace_table_remove(struct namespace_table *table, int place);

/* Give the namespace the best name that is known, unless it has it already, and decide whether it
 * is listed. */
void namespace_table_name(struct namespace_table *table, struct namespace *entry);

/* TCP sockets, from the last readings: without minisockets, and with them. */
uint64_t namespace_full_sockets(const struct namespace *entry);
uint64_t namespace_all_sockets(const struct namespace *entry);

/*
 * An upper bound of the ephemeral ports in use towards any TCP destination of the namespace: the
 * smaller of its sockets, minisockets included, and its ActiveOpens plus the growth of the sockets
 * since ActiveOpens was read. New connections that replace other sockets are missed until the next
 * reading. Restored connections (TCP_REPAIR, CRIU) are neither active nor passive opens: the
 * sockets beyond PassiveOpens count instead of ActiveOpens if they are more.
 */
uint64_t namespace_tcp_bound(const struct namespace *entry);

#endif
