// SPDX-License-Identifier: Apache-2.0
/*
 * The ports that one pass over the TCP sockets finds in use: the part that ports samples and detail
 * samples share. Private to src/sample.
 */
#ifndef SOCKDIAG_SAMPLE_PORT_PASS_H
#define SOCKDIAG_SAMPLE_PORT_PASS_H

#include "host.h"

struct port_pass {
    struct host *host;
    int64_t now;
    bool has_settings; /* the settings are readable */
    struct port_settings settings;
    struct port_usage *ports;   /* NULL: not collected, or the settings are not readable */
    struct bound_sample *bound; /* refilled, unless NULL */
    bool has_opens;
    uint64_t opens; /* ActiveOpens before the pass */
    uint64_t time_wait[TIME_WAIT_ROLES];
};

/* Begin a pass at `now`. It must list the bound-only sockets if `pass->bound` is set. False, with
 * `fault` filled, when the settings of ports are not readable: the pass may go on without ports. */
bool port_pass_begin(struct port_pass *pass, struct host *host, int64_t now,
                     struct fault_log *faults, struct fault *fault);

/* Add a socket. Listeners come first, then bound-only sockets: all listeners and all owners of
 * ports are known before the first connection. Returns whether it holds a port as a client. */
bool port_pass_add(struct port_pass *pass, const struct socket_record *record);

/* After the last TCP socket: list the UDP sockets, whose number is added to `rows`, and store the
 * results. `faults` gets a failure to list UDP sockets. */
void port_pass_end(struct port_pass *pass, uint64_t *rows, struct fault_log *faults);

/* Store the results of the sample at `now` for the ports of one protocol. */
void port_pass_keep(struct host *host, enum socket_protocol protocol, int64_t now);

#endif
