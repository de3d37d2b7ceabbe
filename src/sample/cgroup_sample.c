// SPDX-License-Identifier: Apache-2.0
#include "cgroup_sample.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* TIME_WAIT lasts one minute. A cgroup that was not seen for two has no socket left. */
static const int64_t memory = 120 * NANOSECONDS_PER_SECOND;

/* The shortest time between two walks of the tree of cgroups. A walk through a thousand cgroups
 * takes 10 ms. */
static const int64_t search_interval = 10 * NANOSECONDS_PER_SECOND;

bool cgroup_sample_init(struct host *host)
{
    const char *root = host->kernel.cgroup_root;
    const struct sampler_options *options = &host->options;
    struct cgroup_sample *cgroups = &host->cgroups;
    int hierarchy = cgroup_paths_open(root);
    if (hierarchy < 0) {
        log_warn("sampler",
                 "--collector.cgroups does nothing: there is no cgroup v2 on %s or %s/unified, and "
                 "the kernel does not report v1 cgroups of sockets",
                 root, root);
        return true;
    }
    close(hierarchy);
    cgroups->sockets = cgroup_sockets_create(memory);
    cgroups->rows = calloc(options->cgroups_top + 1, sizeof *cgroups->rows);
    cgroups->queue_paths =
        calloc(LISTENER_RANKINGS * options->listeners_top + 1, sizeof *cgroups->queue_paths);
    bool good = cgroups->sockets && cgroups->rows && cgroups->queue_paths;
    for (enum socket_protocol i = 0; i < SOCKET_PROTOCOLS; i++) {
        cgroups->owners[i] = destination_owners_create(memory);
        cgroups->destination_paths[i] =
            calloc(options->destinations_top + 1, sizeof *cgroups->destination_paths[i]);
        good = cgroups->owners[i] && cgroups->destination_paths[i] && good;
    }
    return good;
}

void cgroup_sample_release(struct host *host)
{
    struct cgroup_sample *cgroups = &host->cgroups;
    cgroup_sockets_destroy(cgroups->sockets);
    free(cgroups->rows);
    free(cgroups->queue_paths);
    for (enum socket_protocol i = 0; i < SOCKET_PROTOCOLS; i++) {
        destination_owners_destroy(cgroups->owners[i]);
        free(cgroups->destination_paths[i]);
    }
}

void cgroup_sample_add_tcp(struct host *host, const struct socket_record *record, bool client,
                           int64_t now)
{
    cgroup_sockets_add(host->cgroups.sockets, record);
    if (client)
        destination_owners_add(host->cgroups.owners[SOCKET_TCP], record, now);
}

void cgroup_sample_add_udp(struct host *host, const struct socket_record *record, int64_t now)
{
    cgroup_sockets_note(host->cgroups.sockets, record->cgroup);
    destination_owners_add(host->cgroups.owners[SOCKET_UDP], record, now);
}

/* Walk the tree of cgroups, if a path is missing and the last walk is long enough ago. */
static void search_missing_paths(struct host *host, int64_t now)
{
    struct cgroup_sample *cgroups = &host->cgroups;
    if (!cgroup_sockets_miss_paths(cgroups->sockets) ||
        (cgroups->searched > 0 && now - cgroups->searched < search_interval))
        return;
    cgroups->searched = now;
    int hierarchy = cgroup_paths_open(host->kernel.cgroup_root);
    if (hierarchy < 0)
        return;
    cgroup_paths_walk(hierarchy, (unsigned)host->options.cgroups_depth, cgroup_sockets_tell_path,
                      cgroups->sockets);
    cgroup_sockets_end_search(cgroups->sockets);
}

void cgroup_sample_end(struct host *host, int64_t now)
{
    struct cgroup_sample *cgroups = &host->cgroups;
    struct snapshot *snapshot = &host->snapshot;
    search_missing_paths(host, now);
    snapshot->cgroups = cgroups->rows;
    snapshot->cgroup_count = cgroup_sockets_end(cgroups->sockets, cgroups->rows,
                                                host->options.cgroups_top, snapshot->other_cgroups);
    for (enum socket_protocol i = 0; i < SOCKET_PROTOCOLS; i++)
        destination_owners_end(cgroups->owners[i], now, snapshot->ports[i].destinations,
                               snapshot->ports[i].destination_count);
    if (cgroups->sampled == 0 && !cgroup_sockets_are_told_apart(cgroups->sockets))
        log_warn("sampler", "--collector.cgroups has no numbers: the kernel reports no cgroup "
                            "other than the root for any TCP socket, as on hosts that keep "
                            "services in cgroup v1");
    cgroups->sampled = now;
}

static void find_path(const struct cgroup_sample *cgroups, uint64_t id, struct cgroup_path *path)
{
    snprintf(path->text, sizeof path->text, "%s", cgroup_sockets_find_path(cgroups->sockets, id));
}

void cgroup_sample_describe(struct host *host)
{
    struct cgroup_sample *cgroups = &host->cgroups;
    struct snapshot *snapshot = &host->snapshot;
    snapshot->has_cgroups = snapshot->has_detail && cgroup_sockets_are_told_apart(cgroups->sockets);
    snapshot->queue_cgroups = cgroups->queue_paths;
    for (size_t i = 0; i < snapshot->queue_count; i++)
        find_path(cgroups, snapshot->queues[i].cgroup, &cgroups->queue_paths[i]);
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        struct port_snapshot *ports = &snapshot->ports[protocol];
        struct cgroup_path *paths = cgroups->destination_paths[protocol];
        ports->destination_cgroups = paths;
        for (size_t i = 0; i < ports->destination_count; i++)
            find_path(cgroups,
                      destination_owners_find(cgroups->owners[protocol], &ports->destinations[i],
                                              cgroups->sampled),
                      &paths[i]);
    }
}
