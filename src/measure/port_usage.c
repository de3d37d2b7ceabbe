// SPDX-License-Identifier: Apache-2.0
#include "port_usage.h"

#include "base/index.h"
#include "four_tuples.h"

#include <stdlib.h>
#include <string.h>

enum { ADDRESS_INDEX_SIZE = 2 * PORT_USAGE_LOCAL_ADDRESSES };

/* The family of an address, or that it is of a socket that accepts no IPv4, which matters on ::. */
enum address_kind { KIND_IPV4 = IP_FAMILY_IPV4, KIND_IPV6 = IP_FAMILY_IPV6, KIND_IPV6_ONLY, KINDS };

struct local_address {
    uint64_t key[3]; /* interface and kind in one word, address in two */
    struct port_set used;
};

struct port_usage {
    struct port_settings settings;
    struct port_set assignable; /* the range without the reserved ports */
    struct port_set owned;      /* within the range, like the next three */
    struct port_set listened;   /* by listeners, and assignable */
    struct port_set formerly_owned;
    struct port_set held;               /* by clients' sockets */
    struct port_set in_use;             /* assignable, by any socket */
    struct port_set any_address[KINDS]; /* in use on 0.0.0.0 and :: */
    struct destinations *destinations;  /* NULL: destinations are not kept */
    struct four_tuples *connections; /* of sockets that can share a port; NULL like destinations */

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
    usage->address_index = index_make(usage->places, ADDRESS_INDEX_SIZE, usage->addresses,
                                      sizeof usage->addresses[0], 3);
    if (with_destinations && (!(usage->destinations = destinations_create()) ||
                              !(usage->connections = four_tuples_create()))) {
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
    four_tuples_destroy(usage->connections);
    free(usage);
}

void port_usage_begin(struct port_usage *usage, const struct port_settings *settings)
{
    static const struct port_set none;
    usage->settings = *settings;
    usage->assignable = usage->owned = usage->formerly_owned = usage->held = usage->in_use = none;
    usage->listened = none;
    port_set_add_range(&usage->assignable, settings->low, settings->high);
    port_set_subtract(&usage->assignable, &settings->reserved);
    memset(&usage->any_address, 0, sizeof usage->any_address);
    index_clear(&usage->address_index);
    usage->address_count = 0;
    if (!usage->destinations)
        return;
    destinations_clear(usage->destinations);
    four_tuples_clear(usage->connections);
}

void port_usage_forget(struct port_usage *usage)
{
    if (usage->destinations)
        destinations_forget(usage->destinations);
}

static bool is_any(const struct ip_address *address)
{
    return (address->word[0] | address->word[1] | address->word[2] | address->word[3]) == 0;
}

static enum address_kind get_kind(const struct socket_record *record)
{
    return record->ipv6_only ? KIND_IPV6_ONLY : (enum address_kind)record->family;
}

/* Find the used ports of a local address on its interface; adds the address if it is new. NULL when
 * there are too many. */
static struct port_set *find_used_ports(struct port_usage *usage,
                                        const struct socket_record *record)
{
    if (is_any(&record->local_address) && record->interface == 0)
        return &usage->any_address[get_kind(record)];
    uint64_t key[3] = {(uint64_t)record->interface << 32 | (uint64_t)get_kind(record)};
    memcpy(&key[1], &record->local_address, sizeof record->local_address);
    uint16_t *place = index_find(&usage->address_index, key);
    if (*place)
        return &usage->addresses[*place - 1].used;
    if (usage->address_count == PORT_USAGE_LOCAL_ADDRESSES)
        return NULL;
    struct local_address *fresh = &usage->addresses[usage->address_count++];
    *place = (uint16_t)usage->address_count;
    *fresh = (struct local_address){0};
    memcpy(fresh->key, key, sizeof key);
    return &fresh->used;
}

/* Mark the port as unavailable to bind() on this address. */
static void mark_in_use(struct port_usage *usage, const struct socket_record *record)
{
    if (!port_set_has(&usage->assignable, record->local_port))
        return;
    port_set_add(&usage->in_use, record->local_port);
    struct port_set *on_address = find_used_ports(usage, record);
    if (on_address)
        port_set_add(on_address, record->local_port);
}

void port_usage_add_owner(struct port_usage *usage, const struct socket_record *record)
{
    if (!is_in_port_range(&usage->settings, record->local_port))
        return;
    port_set_add(&usage->owned, record->local_port);
    if (record->state == TCP_STATE_LISTEN && port_set_has(&usage->assignable, record->local_port))
        port_set_add(&usage->listened, record->local_port);
    mark_in_use(usage, record);
}

void port_usage_add_former_owner(struct port_usage *usage, const struct socket_record *record)
{
    if (!is_in_port_range(&usage->settings, record->local_port))
        return;
    port_set_add(&usage->formerly_owned, record->local_port);
    mark_in_use(usage, record);
}

static void add_holder(struct port_usage *usage, const struct socket_record *record, bool shares)
{
    uint16_t port = record->local_port;
    if (!is_in_port_range(&usage->settings, port))
        return;
    mark_in_use(usage, record);
    port_set_remove(&usage->formerly_owned, port);
    if (port_set_has(&usage->owned, port) || !port_set_has(&usage->assignable, port))
        return;
    port_set_add(&usage->held, port);
    if (usage->destinations && record->remote_port != 0 &&
        (!shares || four_tuples_add(usage->connections, record)))
        destinations_add(usage->destinations, record, port % 2 == usage->settings.low % 2);
}

void port_usage_add_holder(struct port_usage *usage, const struct socket_record *record)
{
    add_holder(usage, record, false);
}

void port_usage_add_sharer(struct port_usage *usage, const struct socket_record *record)
{
    add_holder(usage, record, true);
}

static struct port_set find_usable(const struct port_usage *usage)
{
    struct port_set usable = usage->assignable;
    port_set_subtract(&usable, &usage->owned);
    port_set_subtract(&usable, &usage->formerly_owned);
    return usable;
}

static uint32_t get_interface(const struct local_address *address)
{
    return (uint32_t)(address->key[0] >> 32);
}

static bool is_ipv4(const struct local_address *address)
{
    return (uint32_t)address->key[0] == KIND_IPV4;
}

/* Do sockets on any address block their ports for IPv4, or for IPv6? Those on :: do so for both. */
static bool is_blocked_by(enum address_kind kind, bool ipv4)
{
    return kind == KIND_IPV6 || ipv4 == (kind == KIND_IPV4);
}

/* Does bind() to `address` meet the sockets on `other`? A socket of an interface meets those of the
 * same and of none, one of none meets all (inet_bind_conflict, net/ipv4/inet_connection_sock.c;
 * udp_lib_lport_inuse, net/ipv4/udp.c). */
static bool meets(const struct local_address *address, const struct local_address *other)
{
    uint32_t interface = get_interface(address), other_interface = get_interface(other);
    if (interface != other_interface && interface != 0 && other_interface != 0)
        return false;
    if ((other->key[1] | other->key[2]) == 0)
        return is_blocked_by((enum address_kind)(uint32_t)other->key[0], is_ipv4(address));
    return is_ipv4(other) == is_ipv4(address) && other->key[1] == address->key[1] &&
           other->key[2] == address->key[2];
}

/* The ports that sockets on any address without an interface block. */
static struct port_set find_blocked(const struct port_usage *usage, bool ipv4)
{
    struct port_set blocked = {0};
    for (enum address_kind kind = 0; kind < KINDS; kind++) {
        if (is_blocked_by(kind, ipv4))
            port_set_unite(&blocked, &usage->any_address[kind]);
    }
    return blocked;
}

static unsigned pick_more(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

/* Count the used ports of the local address with the most. */
static unsigned count_fullest_address(const struct port_usage *usage)
{
    const struct port_set everywhere[] = {find_blocked(usage, false), find_blocked(usage, true)};
    unsigned most = pick_more(port_set_count(&everywhere[0]), port_set_count(&everywhere[1]));
    for (size_t i = 0; i < usage->address_count; i++) {
        const struct local_address *address = &usage->addresses[i];
        struct port_set used = everywhere[is_ipv4(address)];
        for (size_t k = 0; k < usage->address_count; k++) {
            if (meets(address, &usage->addresses[k]))
                port_set_unite(&used, &usage->addresses[k].used);
        }
        most = pick_more(most, port_set_count(&used));
    }
    return most;
}

/* Count the ports of the parity that connect() tries first: that of the start of the range. */
static unsigned count_preferred(const struct port_set *ports, uint16_t start)
{
    uint64_t even = UINT64_C(0x5555555555555555);
    uint64_t parity = start % 2 ? ~even : even;
    unsigned count = 0;
    for (size_t i = 0; i < PORT_SET_WORDS; i++)
        count += (unsigned)__builtin_popcountll(ports->words[i] & parity);
    return count;
}

static void name_unreserved_listeners(const struct port_usage *usage, struct port_summary *summary)
{
    summary->unreserved_listeners = port_set_count(&usage->listened);
    size_t named = 0;
    for (uint16_t port = usage->settings.low;
         named < PORT_USAGE_NAMED_PORTS && named < summary->unreserved_listeners; port++) {
        if (port_set_has(&usage->listened, port))
            summary->unreserved_ports[named++] = port;
    }
    summary->unreserved_named = named;
}

/* connect() chooses a port of the other parity only if none of the preferred one is free towards
 * its destination. bind() to port 0 tries the other parity first. So, while no destination has used
 * up the preferred ports, the used ports of the other parity come from bind(). */
static void estimate_bound_before_connect(const struct port_usage *usage,
                                          const struct port_set *usable,
                                          struct port_summary *summary)
{
    uint16_t start = usage->settings.low;
    summary->has_bound_before_connect =
        usage->destinations &&
        destinations_find_most_preferred(usage->destinations) < count_preferred(usable, start);
    if (summary->has_bound_before_connect)
        summary->bound_before_connect =
            port_set_count(&usage->held) - count_preferred(&usage->held, start);
}

static double find_share(uint64_t used, uint64_t usable)
{
    if (used >= usable)
        return 1;
    return (double)used / (double)usable;
}

struct port_summary port_usage_summarize(struct port_usage *usage)
{
    struct port_set range = {0}, usable = find_usable(usage), owned = usage->owned;
    port_set_add_range(&range, usage->settings.low, usage->settings.high);
    port_set_unite(&owned, &usage->formerly_owned);
    struct port_summary summary = {
        .range = port_set_count(&range),
        .reserved = port_set_count_common(&range, &usage->settings.reserved),
        .owned = port_set_count(&owned),
        .usable = port_set_count(&usable),
        .used = port_set_count_common(&usage->held, &usable),
    };
    if (usage->destinations)
        destinations_end(usage->destinations);
    name_unreserved_listeners(usage, &summary);
    estimate_bound_before_connect(usage, &usable, &summary);
    unsigned assignable = port_set_count(&usage->assignable);
    summary.utilization[PORT_SCOPE_LOCAL_ADDRESS] =
        find_share(count_fullest_address(usage), assignable);
    summary.utilization[PORT_SCOPE_HOST] = find_share(port_set_count(&usage->in_use), assignable);

    struct destination fullest = {0};
    if (usage->destinations) {
        destinations_find_fullest(usage->destinations, &fullest);
        summary.destinations = destinations_count(usage->destinations);
        summary.destination_error_bound = destinations_get_error_bound(usage->destinations);
    }
    summary.fullest = fullest.ports;
    summary.utilization[PORT_SCOPE_DESTINATION] = find_share(fullest.ports, summary.usable);
    summary.preferred_utilization =
        find_share(fullest.preferred_ports, count_preferred(&usable, usage->settings.low));
    return summary;
}

size_t port_usage_pick_top(struct port_usage *usage, struct destination *rows, size_t top)
{
    if (!usage->destinations)
        return 0;
    struct port_set usable = find_usable(usage);
    return destinations_pick_top(usage->destinations, rows, top,
                                 port_set_count(&usable) / PORT_USAGE_ALWAYS_PICKED);
}
