// SPDX-License-Identifier: Apache-2.0
/*
 * A zoo: real TCP sockets in every state, in numbers of the test's choice.
 *
 * They live in the network namespace of the calling thread (netns_enter_own() first), in this
 * process, on the addresses of the void (netns.h), which the zoo adds if it is missing. Their peers
 * are beyond the void, so nothing but the zoo moves a socket out of its state. All stay for a
 * minute at least: FIN_WAIT2 minisockets and TIME_WAIT for 60 s, SYN_RECV for 63 s, the others
 * longer, with the defaults that a fresh namespace has.
 *
 * One zoo at a time in a namespace; other sockets may live beside it, on loopback addresses.
 */
#ifndef TESTS_SUPPORT_ZOO_H
#define TESTS_SUPPORT_ZOO_H

#include <stdint.h>

/* How many sockets of each kind. */
struct zoo_population {
    unsigned established;
    unsigned syn_sent;
    unsigned syn_recv; /* requests at the first listener of their family: needs one */
    unsigned fin_wait1;
    unsigned fin_wait2;      /* full sockets: shut down, but not closed by the application */
    unsigned fin_wait2_mini; /* minisockets: closed */
    unsigned time_wait;
    unsigned close_wait;
    unsigned last_ack;
    unsigned listen; /* each on a port that the kernel chose */
    unsigned closing;
    unsigned bound_inactive; /* bound, neither listening nor connected; sock_diag: Linux >= 6.8 */
};

enum zoo_family {
    ZOO_IPV4,
    ZOO_IPV6,
    ZOO_V4_MAPPED, /* AF_INET6 sockets that speak IPv4: ::ffff:a.b.c.d at both ends */
    ZOO_FAMILIES
};

struct zoo;

/*
 * Makes a zoo; NULL stands for no socket of that family. Returns once every socket is in its state,
 * as /proc/net/tcp and tcp6 tell (bound_inactive, which they do not list, excepted). The namespace
 * then has exactly these TCP sockets more than before.
 *
 * Raises the soft limit of open files to the hard one, and the namespace's net.core.somaxconn to
 * 65535 if the kernel shows it there.
 *
 * Returns 0 and a zoo for zoo_destroy(), or -errno and none: -EINVAL for syn_recv without listen,
 * -EPERM outside a namespace of netns_enter_own(), -ETIMEDOUT when the sockets do not get there
 * within seconds, and whatever netns_add_void() may return.
 */
int zoo_create(const struct zoo_population *ipv4, const struct zoo_population *ipv6,
               struct zoo **zoo);

/*
 * Adds sockets of a family to a zoo while all its earlier ones of that family are still there.
 * Errors as above; the zoo may then have some of the new sockets, and is only good for
 * zoo_destroy().
 */
int zoo_add(struct zoo *zoo, enum zoo_family family, const struct zoo_population *population);

/*
 * Makes a listener on a loopback address, whose accept queue has a limit (`backlog`) and so many
 * connections that wait to be accepted (`length`). Linux lets a queue grow to its limit plus one.
 * The namespace then has 1 LISTEN and 2 x length ESTABLISHED more: the clients' ends, and the ones
 * in the queue, which have no inode yet.
 *
 * Returns 0 and the listener's port, or -errno: -EINVAL for a length over backlog + 1 or a backlog
 * over 65535, -ERANGE when the kernel cuts the backlog because somaxconn is lower.
 */
int zoo_fill_accept_queue(struct zoo *zoo, enum zoo_family family, unsigned backlog,
                          unsigned length, uint16_t *port);

/*
 * A burst of IPv4 SYN_RECV (64512 at most): the namespace then has `count` of them more, of as many
 * client ports, and 1 LISTEN more that they belong to. Returns 0 once all are there, or -errno:
 * -EINVAL for too many, -EBUSY while a burst is on. After another error zoo_burst_end() clears up.
 */
int zoo_burst_syn_recv(struct zoo *zoo, unsigned count);

/* Removes what the burst brought. Returns 0 once all of it is gone, or -errno. */
int zoo_burst_end(struct zoo *zoo);

/*
 * Removes every socket that the zoo brought, minisockets included, and returns once they are gone.
 * NULL is allowed. The void stays.
 */
void zoo_destroy(struct zoo *zoo);

#endif
