// SPDX-License-Identifier: Apache-2.0
/*
 * The exporter as a service: it samples on its own clock and serves the last page.
 */
#ifndef SOCKDIAG_CMD_SERVICE_H
#define SOCKDIAG_CMD_SERVICE_H

#include "options.h"
#include "sockdiag/self_report.h"

/*
 * Sample and serve until SIGTERM or SIGINT. `self` has the build, the telemetry path and the start
 * time. The kernel's helper, if there is one, is watched. False when the start fails, or the helper
 * later: `error` then has one line for the operator.
 *
 * Until it serves, SIGTERM and SIGINT keep their action. Later they are blocked, also after the
 * return.
 */
bool service_run(const struct options *options, const struct kernel_access *kernel,
                 const struct self_report *self, char *error, size_t error_size);

#endif
