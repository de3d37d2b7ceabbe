// SPDX-License-Identifier: Apache-2.0
/*
 * A zoo: real TCP sockets in every state, in numbers that the test chooses.
 *
 * They exist in the network namespace of the calling thread (call netns_enter_own() first), in this
 * process, on the addresses of the void (netns.h), which the zoo adds if it is missing. Their peers
 * are beyond the void, so only the zoo moves a socket out of its state. All stay for at least a
 * minute with the defaults of a new namespace: FIN_WAIT2 minisockets and TIME_WAIT for 60 s,
 * SYN_RECV for 63 s, the others longer.
 *
 * A namespace can have one zoo at a time, and other sockets on loopback addresses.
 */
#ifndef TESTS_SUPPORT_ZOO_H
#define TESTS_SUPPORT_ZOO_H

#include <stdint.h>

/* The number of sockets of each kind. */
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

/* Sockets of every kind. The counts differ, also those of both families together and those of both
 * kinds of FIN_WAIT2: a mix-up is visible. */
extern const struct zoo_population zoo_mix_ipv4, zoo_mix_ipv6;

enum zoo_family {
    ZOO_IPV4,
    ZOO_IPV6,
    ZOO_V4_MAPPED, /* AF_INET6 sockets that speak IPv4: ::ffff:a.b.c.d at both ends */
    ZOO_FAMILIES
};

struct zoo;

/*
 * Makes a zoo; NULL means no sockets of that family. Returns when every socket is in its state
 * according to /proc/net/tcp and tcp6 (which do not list bound_inactive). The zoo adds exactly
 * these TCP sockets to the namespace.
 *
 * Raises the soft limit of open files to the hard one, and the namespace's net.core.somaxconn to
 * 65535 if the kernel shows it there.
 *
 * Returns 0 and a zoo for zoo_destroy(), or -errno and none: -EINVAL for syn_recv without listen,
 * -EPERM outside a namespace of netns_enter_own(), -ETIMEDOUT when the sockets do not reach their
 * states in time, or the errors of netns_add_void().
 */
int zoo_create(const struct zoo_population *ipv4, const struct zoo_population *ipv6,
               struct zoo **zoo);

/*
 * Adds sockets of a family to a zoo, which must still have all its earlier ones of that family.
 * Errors as above; the zoo may then have some of the new sockets, and only zoo_destroy() may be
 * called.
 */
int zoo_add(struct zoo *zoo, enum zoo_family family, const struct zoo_population *population);

/*
 * Makes a listener on a loopback address whose accept queue has the limit `backlog` and `length`
 * connections. Linux lets a queue grow to its limit plus one. This adds 1 LISTEN and 2 x length
 * ESTABLISHED to the namespace: the clients' ends, and those in the queue, which have no inode yet.
 *
 * Returns 0 and the listener's port, or -errno: -EINVAL for a length over backlog + 1 or a backlog
 * over 65535, -ERANGE when the kernel reduces the backlog because somaxconn is lower.
 */
int zoo_fill_accept_queue(struct zoo *zoo, enum zoo_family family, unsigned backlog,
                          unsigned length, uint16_t *port);

/*
 * A burst of IPv4 SYN_RECV (64512 at most): adds `count` of them, each from its own client port,
 * and their listener to the namespace. Returns 0 when all exist, or -errno: -EINVAL for too many,
 * -EBUSY during another burst. After other errors zoo_burst_end() cleans up.
 */
int zoo_burst_syn_recv(struct zoo *zoo, unsigned count);

/* Removes the sockets of the burst. Returns 0 when all are gone, or -errno. */
int zoo_burst_end(struct zoo *zoo);

/*
 * Removes all sockets of the zoo, including minisockets, and returns when they are gone.
 * NULL is allowed. The void stays.
 */
void zoo_destroy(struct zoo *zoo);

#endif
