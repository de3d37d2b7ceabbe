// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers and addresses as a person reads them. All of it is safe within HTML as it is: digits,
 * letters and harmless signs. Private to src/status.
 */
#ifndef SOCKDIAG_STATUS_FIGURE_H
#define SOCKDIAG_STATUS_FIGURE_H

#include "sockdiag/socket_record.h"

#include <stdint.h>

/* A value of its own, so that it can stand where a string is wanted: figure_count(7).text. */
struct figure {
    char text[64];
};

/* With a comma between thousands: 1,234,567. */
struct figure figure_count(uint64_t count);

/* Of 1, as percent, with as many digits as matter. It is cut off, not rounded: 100 % is all of it
 * and nothing less. */
struct figure figure_share(double share);

/* Seconds as the one or two units that matter, from microseconds to days; below zero is zero. */
struct figure figure_duration(double seconds);

/* The same to a tenth of a second, for how long ago something was. */
struct figure figure_age(double seconds);

/* 192.0.2.1 or 2001:db8::1; with a port 192.0.2.1:443 or [2001:db8::1]:443. */
struct figure figure_address(enum ip_family family, const struct ip_address *address);
struct figure figure_endpoint(enum ip_family family, const struct ip_address *address,
                              uint16_t port);

#endif
