// SPDX-License-Identifier: Apache-2.0
#include "zoo.h"

const struct zoo_population zoo_mix_ipv4 = {
    .established = 3,
    .syn_sent = 4,
    .syn_recv = 5,
    .fin_wait1 = 6,
    .fin_wait2 = 7,
    .fin_wait2_mini = 8,
    .time_wait = 9,
    .close_wait = 10,
    .last_ack = 11,
    .listen = 12,
    .closing = 13,
    .bound_inactive = 14,
};

const struct zoo_population zoo_mix_ipv6 = {
    .established = 16,
    .syn_sent = 17,
    .syn_recv = 18,
    .fin_wait1 = 19,
    .fin_wait2 = 20,
    .fin_wait2_mini = 21,
    .time_wait = 22,
    .close_wait = 23,
    .last_ack = 24,
    .listen = 25,
    .closing = 26,
    .bound_inactive = 27,
};
