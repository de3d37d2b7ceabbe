// SPDX-License-Identifier: Apache-2.0
/*
 * An address and a port as label values, and the series of a local one and of a destination.
 * Private to src/exposition.
 */
#ifndef SOCKDIAG_EXPOSITION_ENDPOINT_TEXT_H
#define SOCKDIAG_EXPOSITION_ENDPOINT_TEXT_H

#include "measure/destinations.h"
#include "metric_writer.h"
#include "sockdiag/socket_record.h"

#include <netinet/in.h>

struct endpoint_text {
    char address[INET6_ADDRSTRLEN];
    char port[sizeof "65535"];
};

struct endpoint_text format_endpoint(enum ip_family family, const struct ip_address *address,
                                     uint16_t port);

/* Write a series labelled with a local address, port and interface ("" for none), and with the
 * label `more` unless it is NULL. */
void write_local_endpoint(struct metric_writer *writer, enum ip_family family,
                          const struct ip_address *address, uint16_t port, const char *interface,
                          const struct label *more, uint64_t number);

/* The same for a destination, whose series also has the protocol. */
void write_destination(struct metric_writer *writer, const char *protocol,
                       const struct destination *row, const struct label *more, uint64_t number);

#endif
