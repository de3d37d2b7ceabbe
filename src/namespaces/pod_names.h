// SPDX-License-Identifier: Apache-2.0
/*
 * The names of the pods on this node, without asking the API: the kubelet keeps the logs of each in
 * a directory NAMESPACE_POD_UID, which it makes before the pod. No part can contain a '_'
 * (pkg/kubelet/kuberuntime, BuildPodLogsDirectory). The UID is the one in the path of the cgroup,
 * for static pods as well, whose UID in the API is a different one.
 */
#ifndef SOCKDIAG_NAMESPACES_POD_NAMES_H
#define SOCKDIAG_NAMESPACES_POD_NAMES_H

#include "cgroup_name.h"

#include <stdbool.h>

/* Names are DNS labels and subdomains (RFC 1123). */
enum { POD_NAMESPACE_SIZE = 64, POD_NAME_SIZE = 254 };

struct pod_name {
    char uid[POD_UID_SIZE];
    char namespace[POD_NAMESPACE_SIZE];
    char pod[POD_NAME_SIZE];
};

/* Parse the name of such a directory. False if it is none. */
bool pod_name_parse(const char *directory, struct pod_name *name);

/* `context` is the consumer's. */
typedef void pod_name_consumer(void *context, const struct pod_name *name);

/* Call `consume` for each pod with a directory in `root` ("/var/log/pods"); for none if that cannot
 * be read. */
void pod_names_read(const char *root, pod_name_consumer *consume, void *context);

#endif
