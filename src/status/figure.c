// SPDX-License-Identifier: Apache-2.0
#include "figure.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Keeps a number and its unit on one line (U+202F, a narrow no-break space). */
#define SPACE "\u202f"

struct figure figure_count(uint64_t count)
{
    struct figure figure = {""};
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *end = figure.text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *end++ = ',';
        *end++ = digits[i];
    }
    return figure;
}

struct figure figure_share(double share)
{
    struct figure figure;
    /* The least that is told apart; the small addition makes up for 0.29 being stored as less. */
    double step = share >= 0.99     ? 1000
                  : share >= 0.1    ? 100
                  : share >= 0.01   ? 1000
                  : share >= 0.0001 ? 1e4
                                    : 1e6;
    double percent = (double)(int64_t)(share * step + 1e-6) * 100 / step;
    snprintf(figure.text, sizeof figure.text, "%.6g" SPACE "%%", percent);
    return figure;
}

struct figure figure_duration(double seconds)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    enum { UNITS = sizeof units / sizeof units[0] };

    struct figure figure;
    size_t size = sizeof figure.text;
    if (seconds < 0)
        seconds = 0;
    int64_t whole = (int64_t)seconds;
    for (size_t i = 0; i < UNITS - 1; i++) {
        if (whole < units[i].seconds)
            continue;
        snprintf(figure.text, size, "%" PRId64 SPACE "%s %" PRId64 SPACE "%s",
                 whole / units[i].seconds, units[i].name,
                 whole % units[i].seconds / units[i + 1].seconds, units[i + 1].name);
        return figure;
    }
    if (seconds >= 10)
        snprintf(figure.text, size, "%" PRId64 SPACE "s", whole);
    else if (seconds >= 0.1 || seconds == 0)
        snprintf(figure.text, size, "%.2g" SPACE "s", seconds);
    else if (seconds >= 0.001)
        snprintf(figure.text, size, seconds < 0.01 ? "%.2g" SPACE "ms" : "%.0f" SPACE "ms",
                 seconds * 1e3);
    else
        snprintf(figure.text, size, "%.0f" SPACE "µs", seconds * 1e6);
    return figure;
}

struct figure figure_age(double seconds)
{
    return figure_duration(floor(seconds * 10) / 10);
}

struct figure figure_address(enum ip_family family, const struct ip_address *address)
{
    struct figure figure;
    inet_ntop(family == IP_FAMILY_IPV4 ? AF_INET : AF_INET6, address, figure.text,
              sizeof figure.text);
    return figure;
}

struct figure figure_endpoint(enum ip_family family, const struct ip_address *address,
                              uint16_t port)
{
    struct figure figure;
    char host[INET6_ADDRSTRLEN];
    bool ipv4 = family == IP_FAMILY_IPV4;
    inet_ntop(ipv4 ? AF_INET : AF_INET6, address, host, sizeof host);
    snprintf(figure.text, sizeof figure.text, ipv4 ? "%s:%" PRIu16 : "[%s]:%" PRIu16, host, port);
    return figure;
}
