// SPDX-License-Identifier: Apache-2.0
/*
 * The system calls that the exporter makes once its sockets are open.
 *
 * A C library of another version may use other calls for the same functions. So the list also has
 * related calls that can do no more. Calls that are newer than the list fail with ENOSYS, and a
 * library then uses older ones.
 */
#ifndef SOCKDIAG_KERNEL_EXPORTER_FILTER_H
#define SOCKDIAG_KERNEL_EXPORTER_FILTER_H

#include "call_filter.h"

#include <sys/types.h>

enum { EXPORTER_CALLS_MOST = 128 };

/* Fill `calls`. Signals can be sent to this process, and to `child` unless that is 0. Returns the
 * number of calls. */
size_t exporter_filter_list(pid_t child, struct allowed_call calls[static EXPORTER_CALLS_MOST]);

/* Let the kernel kill this process at any other call: as call_filter_apply(). */
int exporter_filter_apply(pid_t child);

#endif
