// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers and addresses as text for the operator, which needs no escaping in HTML. Private to
 * src/status.
 */
#ifndef SOCKDIAG_STATUS_FORMAT_H
#define SOCKDIAG_STATUS_FORMAT_H

#include "sockdiag/socket_record.h"

#include <stdint.h>

/* A value, so that format_count(7).text can be an argument. */
struct formatted {
    char text[64];
};

/* With a comma between thousands: 1,234,567. */
struct formatted format_count(uint64_t count);

/* The count, or "?" if it is not known. */
struct formatted format_known(bool known, uint64_t count);

/* With its noun, which takes an s unless the count is 1: "1 destination", "2,000 destinations". */
struct formatted format_plural(uint64_t count, const char *noun);

/* In the largest binary unit that makes it 1 or more, with three digits: "1.5 MiB". */
struct formatted format_bytes(uint64_t bytes);

/* A share of 1 as percent, with the significant digits. It is truncated, not rounded: only the
 * whole is 100 %. Below zero it is unknown: "?". */
struct formatted format_share(double share);

/* Seconds in the one or two largest units, from microseconds to days; below zero is zero. */
struct formatted format_duration(double seconds);

/* A period, to follow "the last": "minute", "2 minutes", "12 s". */
struct formatted format_period(double seconds);

/* The time from `then` to `now`, truncated to tenths of a second: "0.5 s ago"; "none yet" if `then`
 * is 0. Both are unix seconds. */
struct formatted format_ago(double now, double then);

/* 192.0.2.1 or 2001:db8::1; with a port 192.0.2.1:443 or [2001:db8::1]:443. */
struct formatted format_address(enum ip_family family, const struct ip_address *address);
struct formatted format_address_port(enum ip_family family, const struct ip_address *address,
                                     uint16_t port);

#endif
