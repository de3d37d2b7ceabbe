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
                          uint64_t number)
{
    struct endpoint_text text = format_endpoint(family, address, port);
    struct label labels[] = {
        {"local_address", text.address}, {"local_port", text.port}, {"local_interface", interface}};
    metric_write_integer(writer, labels, 3, number);
}
