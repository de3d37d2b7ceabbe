// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/socket_record.h"

static const char *const state_names[TCP_STATES] = {
    [TCP_STATE_ESTABLISHED] = "established",
    [TCP_STATE_SYN_SENT] = "syn_sent",
    [TCP_STATE_SYN_RECV] = "syn_recv",
    [TCP_STATE_FIN_WAIT1] = "fin_wait1",
    [TCP_STATE_FIN_WAIT2] = "fin_wait2",
    [TCP_STATE_TIME_WAIT] = "time_wait",
    [TCP_STATE_BOUND_INACTIVE] = "bound_inactive",
    [TCP_STATE_CLOSE_WAIT] = "close_wait",
    [TCP_STATE_LAST_ACK] = "last_ack",
    [TCP_STATE_LISTEN] = "listen",
    [TCP_STATE_CLOSING] = "closing",
};

static const char *const family_names[IP_FAMILIES] = {
    [IP_FAMILY_IPV4] = "ipv4",
    [IP_FAMILY_IPV6] = "ipv6",
};

const char *tcp_state_name(enum tcp_state state)
{
    return state_names[state];
}

const char *ip_family_name(enum ip_family family)
{
    return family_names[family];
}
