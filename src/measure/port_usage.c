// SPDX-License-Identifier: Apache-2.0
#include "port_usage.h"

#include "base/index.h"

#include <stdlib.h>
#include <string.h>

enum { ADDRESS_INDEX_SIZE = 2 * PORT_USAGE_LOCAL_ADDRESSES };

struct local_address {
    struct index_key key;
    enum ip_family family;
    struct port_set used;
};

struct port_usage {
    struct port_settings settings;
    struct port_set assignable; /* the range without the reserved ones */
    struct port_set usable;     /* those without the owned ones; shrinks as owners come */
    struct port_set owned;      /* within the range */
    struct port_set presumed;   /* those of them that an earlier sample knew of */
    struct port_set held;       /* usable, by client-side sockets */
    struct port_set in_use;     /* assignable, by whomever */
    struct port_set any_address[IP_FAMILIES]; /* used on 0.0.0.0 and :: */
    struct destinations *destinations;        /* NULL: not kept */

    size_t address_count;
    struct index address_index;
    uint16_t places[ADDRESS_INDEX_SIZE];
    struct local_address addresses[PORT_USAGE_LOCAL_ADDRESSES];
};

static const char *const scope_names[PORT_SCOPES] = {
    [PORT_SCOPE_DESTINATION] = "destination",
    [PORT_SCOPE_LOCAL_ADDRESS] = "local_address",
    [PORT_SCOPE_HOST] = "host",
};

const char *port_scope_name(enum port_scope scope)
{
    return scope_names[scope];
}

struct port_usage *port_usage_create(bool with_destinations)
{
    struct port_usage *usage = calloc(1, sizeof *usage);
    if (!usage)
        return NULL;
    usage->address_index =
        index_make(usage->places, ADDRESS_INDEX_SIZE, usage->addresses, sizeof usage->addresses[0]);
    if (with_destinations && !(usage->destinations = destinations_create())) {
        port_usage_destroy(usage);
        return NULL;
    }
    return usage;
}

void port_usage_destroy(struct port_usage *usage)
{
    if (!usage)
        return;
    destinations_destroy(usage->destinations);
    free(usage);
}

static struct port_set find_assignable(const struct port_settings *settings)
{
    struct port_set assignable = {0};
    port_set_add_range(&assignable, settings->low, settings->high);
    for (size_t i = 0; i < PORT_SET_WORDS; i++)
        assignable.words[i] &= ~settings->reserved.words[i];
    return assignable;
}

void port_usage_begin(struct port_usage *usage, const struct port_settings *settings)
{
    static const struct port_set none;
    usage->settings = *settings;
    usage->assignable = find_assignable(settings);
    usage->usable = usage->assignable;
    usage->owned = usage->presumed = usage->held = usage->in_use = none;
    memset(&usage->any_address, 0, sizeof usage->any_address);
    index_clear(&usage->address_index);
    usage->address_count = 0;
    if (usage->destinations)
        destinations_clear(usage->destinations);
}

static bool is_any(const struct ip_address *address)
{
    return (address->word[0] | address->word[1] | address->word[2] | address->word[3]) == 0;
}

/* The ports of a local address, entered if it is new; NULL when there is no place for it. */
static struct port_set *ports_of_address(struct port_usage *usage, enum ip_family family,
                                         const struct ip_address *address)
{
    if (is_any(address))
        return &usage->any_address[family];
    struct index_key key = {.count = family == IP_FAMILY_IPV4 ? 1 : 2};
    memcpy(key.word, address, sizeof *address);
    uint16_t *place = index_find(&usage->address_index, &key);
    if (*place)
        return &usage->addresses[*place - 1].used;
    if (usage->address_count == PORT_USAGE_LOCAL_ADDRESSES)
        return NULL;
    struct local_address *fresh = &usage->addresses[usage->address_count++];
    *place = (uint16_t)usage->address_count;
    *fresh = (struct local_address){.key = key, .family = family};
    return &fresh->used;
}

/* What bind() minds: the port is in use on its address. */
static void use(struct port_usage *usage, const struct socket_record *record)
{
    if (!port_set_has(&usage->assignable, record->local_port))
        return;
    port_set_add(&usage->in_use, record->local_port);
    struct port_set *on_address = ports_of_address(usage, record->family, &record->local_address);
    if (on_address)
        port_set_add(on_address, record->local_port);
}

void port_usage_own(struct port_usage *usage, const struct socket_record *record)
{
    uint16_t port = record->local_port;
    if (!is_in_port_range(&usage->settings, port))
        return;
    port_set_add(&usage->owned, port);
    port_set_remove(&usage->presumed, port);
    port_set_remove(&usage->usable, port);
    use(usage, record);
}

void port_usage_presume(struct port_usage *usage, const struct socket_record *record)
{
    if (!is_in_port_range(&usage->settings, record->local_port))
        return;
    bool surely_owned = port_set_has(&usage->owned, record->local_port) &&
                        !port_set_has(&usage->presumed, record->local_port);
    port_usage_own(usage, record);
    if (!surely_owned)
        port_set_add(&usage->presumed, record->local_port);
}

/* A port presumed to be owned turns out to be held. */
static void disown(struct port_usage *usage, uint16_t port)
{
    port_set_remove(&usage->presumed, port);
    port_set_remove(&usage->owned, port);
    if (port_set_has(&usage->assignable, port))
        port_set_add(&usage->usable, port);
}

void port_usage_hold(struct port_usage *usage, const struct socket_record *record)
{
    uint16_t port = record->local_port;
    if (!is_in_port_range(&usage->settings, port))
        return;
    use(usage, record);
    if (port_set_has(&usage->presumed, port))
        disown(usage, port);
    if (!port_set_has(&usage->usable, port))
        return;
    port_set_add(&usage->held, port);
    if (usage->destinations && record->remote_port != 0)
        destinations_add(usage->destinations, record, port % 2 == usage->settings.low % 2);
}

/* The used ports of the local address that has the most. */
static unsigned fullest_address(const struct port_usage *usage)
{
    /* A socket on :: takes IPv4 too, one on 0.0.0.0 does not take IPv6. */
    struct port_set everywhere[IP_FAMILIES];
    everywhere[IP_FAMILY_IPV6] = usage->any_address[IP_FAMILY_IPV6];
    everywhere[IP_FAMILY_IPV4] = usage->any_address[IP_FAMILY_IPV4];
    port_set_unite(&everywhere[IP_FAMILY_IPV4], &usage->any_address[IP_FAMILY_IPV6]);

    unsigned most = port_set_count(&everywhere[IP_FAMILY_IPV4]);
    for (size_t i = 0; i < usage->address_count; i++) {
        const struct local_address *address = &usage->addresses[i];
        struct port_set used = address->used;
        port_set_unite(&used, &everywhere[address->family]);
        unsigned count = port_set_count(&used);
        if (count > most)
            most = count;
    }
    return most;
}

/* The usable ports of the parity that connect() tries first: that of the low end of the range. */
static unsigned count_preferred(const struct port_usage *usage)
{
    uint64_t even = UINT64_C(0x5555555555555555);
    uint64_t parity = usage->settings.low % 2 ? ~even : even;
    unsigned count = 0;
    for (size_t i = 0; i < PORT_SET_WORDS; i++)
        count += (unsigned)__builtin_popcountll(usage->usable.words[i] & parity);
    return count;
}

static double share(uint64_t used, uint64_t usable)
{
    if (used >= usable)
        return 1;
    return (double)used / (double)usable;
}

struct port_summary port_usage_summarize(const struct port_usage *usage)
{
    struct port_summary summary = {
        .range = (uint64_t)(usage->settings.high - usage->settings.low) + 1,
        .owned = port_set_count(&usage->owned),
        .usable = port_set_count(&usage->usable),
        .used = port_set_count_common(&usage->held, &usage->usable),
    };
    unsigned assignable = port_set_count(&usage->assignable);
    struct port_set range = {0};
    port_set_add_range(&range, usage->settings.low, usage->settings.high);
    summary.reserved = port_set_count_common(&range, &usage->settings.reserved);
    summary.utilization[PORT_SCOPE_LOCAL_ADDRESS] = share(fullest_address(usage), assignable);
    summary.utilization[PORT_SCOPE_HOST] = share(port_set_count(&usage->in_use), assignable);

    struct destination fullest = {0};
    if (usage->destinations) {
        destinations_fullest(usage->destinations, &fullest);
        summary.destinations = destinations_seen(usage->destinations);
        summary.destination_error_bound = destinations_error_bound(usage->destinations);
    }
    summary.utilization[PORT_SCOPE_DESTINATION] = share(fullest.ports, summary.usable);
    summary.preferred_utilization = share(fullest.preferred_ports, count_preferred(usage));
    return summary;
}

size_t port_usage_top(struct port_usage *usage, struct destination *rows, size_t top)
{
    if (!usage->destinations)
        return 0;
    return destinations_top(usage->destinations, rows, top,
                            port_set_count(&usage->usable) / PORT_USAGE_ALWAYS_NAMED);
}
