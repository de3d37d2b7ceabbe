// SPDX-License-Identifier: Apache-2.0
/*
 * One dump from beginning to end, over a socket of its own. Parameters and errors are those of
 * sock_diag_dump_tcp() and sock_diag_dump_udp() (sock_diag.h). Private to src/sample.
 */
#ifndef SOCKDIAG_SAMPLE_DUMP_H
#define SOCKDIAG_SAMPLE_DUMP_H

#include "sockdiag/sampler.h"

bool dump_tcp(const struct kernel_access *kernel, tcp_state_set states,
              socket_record_consumer *consume, void *context, uint64_t *rows, struct fault *fault);

bool dump_udp(const struct kernel_access *kernel, enum ip_family family,
              socket_record_consumer *consume, void *context, uint64_t *rows, struct fault *fault);

#endif
