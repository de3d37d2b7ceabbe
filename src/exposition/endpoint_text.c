// SPDX-License-Identifier: Apache-2.0
#include "endpoint_text.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

struct endpoint_text format_endpoint(enum ip_family family, const struct ip_address *address,
                                     uint16_t port)
{
    struct endpoint_text text;
    inet_ntop(family == IP_FAMILY_IPV4 ? AF_INET : AF_INET6, address, text.address,
              sizeof text.address);
    snprintf(text.port, sizeof text.port, "%" PRIu16, port);
    return text;
}

void write_local_endpoint(struct metric_writer *writer, enum ip_family family,
                          const struct ip_address *address, uint16_t port, const char *interface,
                          const struct label *more, uint64_t number)
{
    struct endpoint_text text = format_endpoint(family, address, port);
    struct label labels[4] = {
        {"local_address", text.address}, {"local_port", text.port}, {"local_interface", interface}};
    if (more)
        labels[3] = *more;
    metric_write_integer(writer, labels, more ? 4 : 3, number);
}

void write_destination(struct metric_writer *writer, const char *protocol,
                       const struct destination *row, const struct label *more, uint64_t number)
{
    struct endpoint_text local = format_endpoint(row->family, &row->local_address, 0);
    struct endpoint_text remote =
        format_endpoint(row->family, &row->remote_address, row->remote_port);
    struct label labels[6] = {{"protocol", protocol},
                              {"local_address", local.address},
                              {"local_interface", row->interface_name},
                              {"remote_address", remote.address},
                              {"remote_port", remote.port}};
    if (more)
        labels[5] = *more;
    metric_write_integer(writer, labels, more ? 6 : 5, number);
}
