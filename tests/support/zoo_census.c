// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "zoo_private.h"

#define ADDRESS_DIGITS 32

/* The value of the column `tr` of /proc/net/tcp for a minisocket. */
#define TIMER_TIME_WAIT 3

/* The used fields of a line of /proc/net/tcp. */
struct entry {
    char local_address[ADDRESS_DIGITS + 1];
    unsigned local_port;
    unsigned state;
    unsigned timer;
};

/* Writes an address like /proc: in 32-bit words of the machine's byte order, one for IPv4. */
static void format_address(char text[static ADDRESS_DIGITS + 1], const struct zoo_place *place)
{
    const struct endpoint local = endpoint_parse(place->local, 0);
    const uint32_t *word = local.address.s6_addr32;

    if (place->domain == AF_INET)
        snprintf(text, ADDRESS_DIGITS + 1, "%08X", word[3]);
    else
        snprintf(text, ADDRESS_DIGITS + 1, "%08X%08X%08X%08X", word[0], word[1], word[2], word[3]);
}

/* False for the heading, which is no entry. */
static bool parse_entry(const char *line, struct entry *entry)
{
    return sscanf(line, "%*u: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %x:", entry->local_address,
                  &entry->local_port, &entry->state, &entry->timer) == 4;
}

/* The count of the state of an entry; NULL if the state is not counted. */
static unsigned *find_count(struct zoo_population *population, const struct entry *entry)
{
    switch (entry->state) {
    case TCP_ESTABLISHED:
        return &population->established;
    case TCP_SYN_SENT:
        return &population->syn_sent;
    case TCP_SYN_RECV:
        return &population->syn_recv;
    case TCP_FIN_WAIT1:
        return &population->fin_wait1;
    case TCP_FIN_WAIT2:
        return entry->timer == TIMER_TIME_WAIT ? &population->fin_wait2_mini
                                               : &population->fin_wait2;
    case TCP_TIME_WAIT:
        return &population->time_wait;
    case TCP_CLOSE_WAIT:
        return &population->close_wait;
    case TCP_LAST_ACK:
        return &population->last_ack;
    case TCP_LISTEN:
        return &population->listen;
    case TCP_CLOSING:
        return &population->closing;
    default:
        return NULL;
    }
}

int zoo_census(enum zoo_family family, uint16_t port, struct zoo_population *seen)
{
    const struct zoo_place *place = &zoo_places[family];
    char own_address[ADDRESS_DIGITS + 1], line[512];
    struct entry entry;

    *seen = (struct zoo_population){0};
    format_address(own_address, place);
    FILE *file =
        fopen(place->domain == AF_INET ? "/proc/thread-self/net/tcp" : "/proc/thread-self/net/tcp6",
              "re");
    if (file == NULL)
        return -errno;

    while (fgets(line, sizeof(line), file) != NULL) {
        if (!parse_entry(line, &entry) || strcmp(entry.local_address, own_address) != 0)
            continue;
        unsigned *count = find_count(seen, &entry);
        if (count != NULL && (port == 0 || port == entry.local_port))
            ++*count;
    }
    int result = ferror(file) ? -EIO : 0;
    fclose(file);
    return result;
}
