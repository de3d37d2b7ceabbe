// SPDX-License-Identifier: Apache-2.0
#include "format.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* U+202F, a narrow no-break space, keeps a number and its unit on one line. */
#define SPACE "\u202f"

struct formatted format_count(uint64_t count)
{
    struct formatted out = count >= 1000 ? format_count(count / 1000) : (struct formatted){""};
    size_t length = strlen(out.text);
    snprintf(out.text + length, sizeof out.text - length,
             count >= 1000 ? ",%03" PRIu64 : "%" PRIu64, count % 1000);
    return out;
}

struct formatted format_known(bool known, uint64_t count)
{
    return known ? format_count(count) : (struct formatted){"?"};
}

struct formatted format_plural(uint64_t count, const char *noun)
{
    struct formatted out;
    snprintf(out.text, sizeof out.text, "%.26s %.32s%s", format_count(count).text, noun,
             count == 1 ? "" : "s");
    return out;
}

struct formatted format_bytes(uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    struct formatted out;
    double count = (double)bytes;
    size_t unit = 0;
    while (count >= 1024) {
        count /= 1024;
        unit++;
    }
    snprintf(out.text, sizeof out.text, count < 1000 ? "%.3g" SPACE "%s" : "%.0f" SPACE "%s", count,
             units[unit]);
    return out;
}

struct formatted format_share(double share)
{
    struct formatted out = {"?"};
    if (share < 0)
        return out;
    double steps = share >= 0.99     ? 1000
                   : share >= 0.1    ? 100
                   : share >= 0.01   ? 1000
                   : share >= 0.0001 ? 1e4
                                     : 1e6;
    /* Without the addition 0.29 would become 28 %: a double stores it as slightly less. */
    double percent = floor(share * steps + 1e-6) * 100 / steps;
    snprintf(out.text, sizeof out.text, "%.6g" SPACE "%%", percent);
    return out;
}

struct formatted format_duration(double seconds)
{
    static const struct {
        double from, seconds;
        const char *name;
    } units[] = {{86400, 86400, "d"}, {3600, 3600, "h"},    {60, 60, "min"},
                 {0.1, 1, "s"},       {0.001, 0.001, "ms"}, {0, 1e-6, "µs"}};
    struct formatted out = {"0" SPACE "s"};
    if (seconds <= 0)
        return out;
    size_t i = 0;
    while (seconds < units[i].from)
        i++;
    double count = seconds / units[i].seconds;
    if (seconds >= 60)
        snprintf(out.text, sizeof out.text, "%.0f" SPACE "%s %.0f" SPACE "%s", floor(count),
                 units[i].name, floor(fmod(seconds, units[i].seconds) / units[i + 1].seconds),
                 units[i + 1].name);
    else
        snprintf(out.text, sizeof out.text, count < 10 ? "%.2g" SPACE "%s" : "%.0f" SPACE "%s",
                 count, units[i].name);
    return out;
}

struct formatted format_period(double seconds)
{
    double minutes = seconds / 60;
    struct formatted out = {"minute"};
    if (minutes < 1 || minutes != floor(minutes) || minutes >= 60)
        return format_duration(seconds);
    if (minutes > 1)
        snprintf(out.text, sizeof out.text, "%.0f minutes", minutes);
    return out;
}

struct formatted format_ago(double now, double then)
{
    struct formatted out = {"none yet"};
    if (then > 0)
        snprintf(out.text, sizeof out.text, "%.58s ago",
                 format_duration(floor((now - then) * 10) / 10).text);
    return out;
}

struct formatted format_address(enum ip_family family, const struct ip_address *address)
{
    struct formatted out;
    inet_ntop(family == IP_FAMILY_IPV4 ? AF_INET : AF_INET6, address, out.text, sizeof out.text);
    return out;
}

struct formatted format_address_port(enum ip_family family, const struct ip_address *address,
                                     uint16_t port)
{
    struct formatted out, host = format_address(family, address);
    snprintf(out.text, sizeof out.text,
             family == IP_FAMILY_IPV4 ? "%.45s:%" PRIu16 : "[%.45s]:%" PRIu16, host.text, port);
    return out;
}
