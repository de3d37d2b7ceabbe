// SPDX-License-Identifier: Apache-2.0
#include "cgroup_sample.h"
#include "kernel/interface_name.h"
#include "port_pass.h"

struct udp_pass {
    struct port_usage *ports;    /* NULL: not to be measured */
    struct udp_sockets *sockets; /* NULL: not collected */
    struct host *cgroups;        /* NULL: not collected */
    int64_t now;
};

/* The port of a UDP server looks like that of a client, so each port counts as used. */
static void take_record(void *context, const struct socket_record *record)
{
    const struct udp_pass *pass = context;
    if (pass->ports)
        port_usage_add_sharer(pass->ports, record);
    if (pass->sockets)
        udp_sockets_add(pass->sockets, record);
    if (pass->cgroups)
        cgroup_sample_add_udp(pass->cgroups, record, pass->now);
}

static bool list_sockets(const struct host *host, struct udp_pass *pass, uint64_t *rows,
                         struct fault *fault)
{
    for (enum ip_family family = 0; family < IP_FAMILIES; family++) {
        uint64_t family_rows = 0;
        if (!sock_diag_dump_udp(&host->kernel, family, take_record, pass, &family_rows, fault))
            return false;
        *rows += family_rows;
    }
    return true;
}

static void keep_sockets(struct host *host, int64_t now)
{
    struct snapshot *snapshot = &host->snapshot;
    snapshot->udp_row_count = udp_sockets_end(host->udp_sockets, now, host->udp_rows,
                                              host->options.udp_top, &snapshot->udp);
    for (size_t i = 0; i < snapshot->udp_row_count; i++)
        interface_name_read(host->udp_rows[i].interface, host->udp_rows[i].interface_name);
    host->udp_sampled = now;
}

void host_take_udp(struct host *host, int64_t now, const struct port_settings *settings,
                   uint64_t *rows, struct fault_log *faults)
{
    struct fault fault;
    struct udp_pass pass = {.ports = settings ? host->ports[SOCKET_UDP].usage : NULL,
                            .sockets = host->udp_sockets,
                            .cgroups = host->cgroups.sockets ? host : NULL,
                            .now = now};
    if (!pass.ports && !pass.sockets)
        return;
    if (pass.ports)
        port_usage_begin(pass.ports, settings);
    if (pass.sockets)
        udp_sockets_begin(pass.sockets);
    bool good = list_sockets(host, &pass, rows, &fault);
    if (!fault_log_add(faults, SOURCE_UDP, good, &fault, now))
        return;
    if (pass.ports)
        port_pass_keep(host, SOCKET_UDP, now);
    if (pass.sockets)
        keep_sockets(host, now);
}
