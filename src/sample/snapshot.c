// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/snapshot.h"

static const char *const kind_names[SAMPLE_KINDS] = {
    [SAMPLE_COUNT] = "count",
    [SAMPLE_DETAIL] = "detail",
};

static const char *const role_names[TIME_WAIT_ROLES] = {
    [TIME_WAIT_SERVER] = "server",
    [TIME_WAIT_CLIENT] = "client",
};

static const char *const protocol_names[SOCKET_PROTOCOLS] = {
    [SOCKET_TCP] = "tcp",
    [SOCKET_UDP] = "udp",
};

const char *sample_kind_name(enum sample_kind kind)
{
    return kind_names[kind];
}

const char *time_wait_role_name(enum time_wait_role role)
{
    return role_names[role];
}

const char *socket_protocol_name(enum socket_protocol protocol)
{
    return protocol_names[protocol];
}
