// SPDX-License-Identifier: Apache-2.0
/*
 * What one pass over the TCP sockets says about ports: the part that ports samples and detail
 * samples share. Private to src/sample.
 */
#ifndef SOCKDIAG_SAMPLE_PORT_PASS_H
#define SOCKDIAG_SAMPLE_PORT_PASS_H

#include "host.h"

struct port_pass {
    struct host *host;
    int64_t now;
    bool has_settings; /* they are readable */
    struct port_settings settings;
    struct port_usage *ports;   /* NULL: not collected, or not measurable without settings */
    struct bound_sample *bound; /* refilled, unless NULL */
    uint64_t opens;             /* ActiveOpens before the pass; with `ports` */
    uint64_t time_wait[TIME_WAIT_ROLES];
};

/* Begin a pass at `now`. It must list the bound-only sockets if `pass->bound` is set. False, with
 * `fault` filled, when ports are to be collected and cannot be. */
bool port_pass_begin(struct port_pass *pass, struct host *host, int64_t now, struct fault *fault);

/* Add a socket. Listeners come first, then bound-only sockets: by the time a connection comes, all
 * listeners and all owners of ports are known. */
void port_pass_add(struct port_pass *pass, const struct socket_record *record);

/* All TCP sockets were added: list the UDP sockets (`rows` grows) and keep what was found. A
 * failure to list UDP sockets is reported to `faults`. */
void port_pass_end(struct port_pass *pass, uint64_t *rows, struct fault_log *faults);

#endif
