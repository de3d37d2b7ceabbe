// SPDX-License-Identifier: Apache-2.0
#include "zoo.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "await.h"
#include "netns.h"
#include "raw_segment.h"
#include "zoo_private.h"

#define PEER_PORT 443

/* The peers' addresses come from the ranges for documentation (RFC 5737, RFC 3849). */
const struct zoo_place zoo_places[ZOO_FAMILIES] = {
    [ZOO_IPV4] = {AF_INET, "::ffff:" NETNS_VOID_IPV4, "::ffff:198.51.100.1", "::ffff:127.0.0.1"},
    [ZOO_IPV6] = {AF_INET6, NETNS_VOID_IPV6, "2001:db8:1::1", "::1"},
    [ZOO_V4_MAPPED] = {AF_INET6, "::ffff:" NETNS_VOID_IPV4, "::ffff:198.51.100.1",
                       "::ffff:127.0.0.1"},
};

static int begin_bound(struct zoo *zoo, enum zoo_family family, struct puppet *puppet)
{
    (void)zoo;
    const struct endpoint any_port = endpoint_parse(zoo_places[family].local, 0);

    return puppet_bind(puppet, zoo_places[family].domain, &any_port);
}

static int begin_listening(struct zoo *zoo, enum zoo_family family, struct puppet *puppet)
{
    const struct endpoint any_port = endpoint_parse(zoo_places[family].local, 0);

    int result = puppet_listen(puppet, zoo_places[family].domain, &any_port, ZOO_BACKLOG_LIMIT);
    if (result == 0 && zoo->listener[family].port == 0)
        zoo->listener[family] = puppet->local;
    return result;
}

static int begin_calling(struct zoo *zoo, enum zoo_family family, struct puppet *puppet)
{
    (void)zoo;
    const struct endpoint peer = endpoint_parse(zoo_places[family].peer, PEER_PORT);

    return puppet_call(puppet, zoo_places[family].domain, &peer);
}

static int begin_called(struct zoo *zoo, enum zoo_family family, struct puppet *puppet)
{
    const struct endpoint client = endpoint_parse(zoo_places[family].peer, zoo->next_client_port++);

    return puppet_peer_knocks(puppet, &zoo->listener[family], &client);
}

static int begin_connected(struct zoo *zoo, enum zoo_family family, struct puppet *puppet)
{
    (void)zoo;
    const struct endpoint peer = endpoint_parse(zoo_places[family].peer, PEER_PORT);

    return puppet_connect(puppet, zoo_places[family].domain, &peer);
}

/* A transition of TCP's state diagram. The path ends at the first without an act. */
struct step {
    int (*act)(struct puppet *puppet);
    int state; /* of the socket afterwards; 0: it has no descriptor */
};

#define COUNT(NAME) offsetof(struct zoo_population, NAME)

/* The path to each kind. Listeners come first, because SYN_RECV needs them. */
static const struct species {
    size_t count; /* offset in struct zoo_population */
    int (*begin)(struct zoo *zoo, enum zoo_family family, struct puppet *puppet);
    struct step path[5];
} all_species[] = {
    {COUNT(listen), begin_listening, {{0}}},
    {COUNT(bound_inactive), begin_bound, {{0}}},
    {COUNT(syn_sent), begin_calling, {{0}}},
    {COUNT(syn_recv), begin_called, {{0}}},
    {COUNT(established), begin_connected, {{0}}},
    {COUNT(fin_wait1), begin_connected, {{puppet_shut_down, TCP_FIN_WAIT1}}},
    {COUNT(fin_wait2),
     begin_connected,
     {{puppet_shut_down, TCP_FIN_WAIT1}, {puppet_peer_acknowledges, TCP_FIN_WAIT2}}},
    {COUNT(fin_wait2_mini),
     begin_connected,
     {{puppet_shut_down, TCP_FIN_WAIT1},
      {puppet_peer_acknowledges, TCP_FIN_WAIT2},
      {puppet_release, 0}}},
    {COUNT(closing),
     begin_connected,
     {{puppet_shut_down, TCP_FIN_WAIT1}, {puppet_peer_finishes, TCP_CLOSING}}},
    {COUNT(time_wait),
     begin_connected,
     {{puppet_shut_down, TCP_FIN_WAIT1},
      {puppet_peer_acknowledges, TCP_FIN_WAIT2},
      {puppet_peer_finishes, TCP_CLOSE},
      {puppet_release, 0}}},
    {COUNT(close_wait), begin_connected, {{puppet_peer_finishes, TCP_CLOSE_WAIT}}},
    {COUNT(last_ack),
     begin_connected,
     {{puppet_peer_finishes, TCP_CLOSE_WAIT}, {puppet_shut_down, TCP_LAST_ACK}}},
};

#define SPECIES (sizeof(all_species) / sizeof(all_species[0]))

_Static_assert(SPECIES == sizeof(struct zoo_population) / sizeof(unsigned), "one for each count");

static unsigned *count_of(struct zoo_population *population, const struct species *species)
{
    return (unsigned *)(void *)((char *)population + species->count);
}

static int add_one(struct zoo *zoo, enum zoo_family family, const struct species *species)
{
    struct puppet *puppet = herd_join(&zoo->residents, zoo->injector);

    int result = species->begin(zoo, family, puppet);
    for (const struct step *step = species->path; result == 0 && step->act != NULL; step++) {
        result = step->act(puppet);
        if (result == 0 && step->state != 0)
            result = puppet_await_state(puppet, step->state);
    }
    return result;
}

static int add_several(struct zoo *zoo, enum zoo_family family, const struct species *species,
                       unsigned count)
{
    int result = herd_reserve(&zoo->residents, count);

    for (unsigned i = 0; result == 0 && i < count; i++)
        result = add_one(zoo, family, species);
    *count_of(&zoo->population[family], species) += count;
    return result;
}

struct census_question {
    enum zoo_family family;
    struct zoo_population expected;
};

static int is_as_expected(void *context)
{
    const struct census_question *question = context;
    struct zoo_population seen;

    int result = zoo_census(question->family, 0, &seen);
    if (result != 0)
        return result;
    seen.bound_inactive = question->expected.bound_inactive;
    return memcmp(&seen, &question->expected, sizeof(seen)) == 0;
}

static int await_population(enum zoo_family family, const struct zoo_population *expected)
{
    struct census_question question = {family, *expected};

    return await_until(is_as_expected, &question);
}

int zoo_add(struct zoo *zoo, enum zoo_family family, const struct zoo_population *population)
{
    struct zoo_population wanted = *population;
    int result = 0;

    if (wanted.syn_recv > 0 && wanted.listen == 0 && zoo->listener[family].port == 0)
        return -EINVAL;
    for (size_t i = 0; result == 0 && i < SPECIES; i++)
        result = add_several(zoo, family, &all_species[i], *count_of(&wanted, &all_species[i]));
    if (result != 0)
        return result;
    return await_population(family, &zoo->population[family]);
}

static int raise_open_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return -errno;
    files.rlim_cur = files.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &files) == 0 ? 0 : -errno;
}

static int raise_backlog_limit(void)
{
    char limit[16];

    snprintf(limit, sizeof(limit), "%d", ZOO_BACKLOG_LIMIT);
    int result = netns_sysctl_write("core/somaxconn", limit);

    /* Older kernels hide it in a user namespace. The default, 4096, is enough for most tests. */
    return result == -ENOENT ? 0 : result;
}

static int open_zoo(struct zoo *zoo)
{
    int result = netns_add_void();
    if (result == 0)
        result = raise_open_files();
    if (result == 0)
        result = raise_backlog_limit();
    if (result == 0)
        result = zoo->injector = raw_segment_open();
    return result < 0 ? result : 0;
}

int zoo_create(const struct zoo_population *ipv4, const struct zoo_population *ipv6,
               struct zoo **zoo)
{
    struct zoo *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return -ENOMEM;
    made->injector = -1;
    made->next_client_port = ZOO_FIRST_CLIENT_PORT;

    int result = open_zoo(made);
    if (result == 0 && ipv4 != NULL)
        result = zoo_add(made, ZOO_IPV4, ipv4);
    if (result == 0 && ipv6 != NULL)
        result = zoo_add(made, ZOO_IPV6, ipv6);
    if (result != 0) {
        zoo_destroy(made);
        return result;
    }
    *zoo = made;
    return 0;
}

void zoo_destroy(struct zoo *zoo)
{
    const struct zoo_population none = {0};

    if (zoo == NULL)
        return;
    zoo_burst_end(zoo);
    herd_free(&zoo->residents);
    for (enum zoo_family family = 0; family < ZOO_FAMILIES; family++)
        await_population(family, &none);
    if (zoo->injector >= 0)
        close(zoo->injector);
    free(zoo);
}
