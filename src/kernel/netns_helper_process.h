// SPDX-License-Identifier: Apache-2.0
/*
 * The side of the helper. Private to src/kernel.
 */
#ifndef SOCKDIAG_KERNEL_NETNS_HELPER_PROCESS_H
#define SOCKDIAG_KERNEL_NETNS_HELPER_PROCESS_H

#include "netns_helper_filter.h"

/* The helper's argv[0]; it has no other argument. */
#define NETNS_HELPER_NAME "sockdiag_exporter: namespace helper"

#endif
