// SPDX-License-Identifier: Apache-2.0
/*
 * The paths of cgroups by their ids. sock_diag reports the id of the cgroup in which a socket was
 * created: the inode of its directory in the cgroup v2 hierarchy, which no other cgroup gets until
 * the host restarts (cgroup_id(), include/linux/cgroup.h; fs/kernfs/dir.c). The root has 1. Without
 * privilege, only a walk of the tree leads from an id to a path.
 */
#ifndef SOCKDIAG_KERNEL_CGROUP_PATHS_H
#define SOCKDIAG_KERNEL_CGROUP_PATHS_H

#include <stdint.h>

enum { CGROUP_ROOT_ID = 1, CGROUP_PATH_SIZE = 512 };

/* As in /proc/PID/cgroup: "/system.slice/ssh.service", "/" for the root; "" for none. Bytes that
 * are not printable ASCII are '_'. */
struct cgroup_path {
    char text[CGROUP_PATH_SIZE];
};

/* The most directories that a walk looks at, and their greatest depth; 10,000 take 0.1 s. Below
 * each child of the root it looks at no more than half of the remaining directories, so that users
 * who may create cgroups in their own part of the tree cannot use up the limit. */
enum { CGROUP_PATHS_MOST = 20000, CGROUP_PATHS_DEEPEST = 16 };

/* Open the hierarchy of cgroup v2: it is mounted on `root` ("/sys/fs/cgroup") or, where services
 * are in hierarchies of cgroup v1, on `root`/unified. Returns a descriptor, or -1 if there is none.
 */
int cgroup_paths_open(const char *root);

/* `context` is the consumer's. */
typedef void cgroup_path_consumer(void *context, uint64_t id, const char *path);

/*
 * Call `consume` for each cgroup of the hierarchy, parents first. Longer paths are cut to `depth`
 * components, unless `depth` is 0. A cgroup whose path is too long, or whose parent cannot be read,
 * is left out. Closes `hierarchy`.
 */
void cgroup_paths_walk(int hierarchy, unsigned depth, cgroup_path_consumer *consume, void *context);

#endif
