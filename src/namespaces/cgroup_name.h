// SPDX-License-Identifier: Apache-2.0
/*
 * The owner of a process, from the path of its cgroup: the container, its pod, or the systemd unit.
 * Pure: text in, names out.
 *
 * Every runtime has its own form of the path, and each of them is described where it is matched.
 * Containers are looked for from the innermost component outwards, because a path that is read from
 * inside of a cgroup namespace has no known root ("/../docker-ID.scope"), and because a container
 * may run in another. Units of a systemd inside of a container do not matter: a unit counts only
 * where there is no container.
 *
 * Anyone who may create a cgroup chooses its name, so the owner is a label, not a proof.
 */
#ifndef SOCKDIAG_NAMESPACES_CGROUP_NAME_H
#define SOCKDIAG_NAMESPACES_CGROUP_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum { CONTAINER_ID_SIZE = 65, POD_UID_SIZE = 37, CGROUP_UNIT_SIZE = 256 };

enum cgroup_owner {
    OWNER_UNKNOWN,
    OWNER_UNIT,     /* a service or a scope of systemd */
    OWNER_POD,      /* a pod; its container is not in the path */
    OWNER_CONTAINER /* with an id, or with a name (LXC, nspawn, machined) */
};

/* All strings are printable ASCII, "" if the path does not have them. */
struct cgroup_name {
    enum cgroup_owner owner;
    const char *runtime; /* a literal, such as "containerd"; "kubernetes" if unknown */
    char container_id[CONTAINER_ID_SIZE]; /* 64 hexadecimal digits */
    /* 8-4-4-4-12 as in the API; 32 hexadecimal digits for a static pod. */
    char pod_uid[POD_UID_SIZE];
    char unit[CGROUP_UNIT_SIZE]; /* the unit, or the name of a container without an id */
};

/* Read the path of a cgroup, of `length` bytes. */
struct cgroup_name cgroup_name_read_path(const char *path, size_t length);

/* Read the whole of /proc/PID/cgroup, NUL-terminated: a line for each hierarchy of cgroups
 * (cgroups(7)). Returns the owner from one line: a container, or else a pod, or else a unit. */
struct cgroup_name cgroup_name_read_file(const char *text);

#endif
