// SPDX-License-Identifier: Apache-2.0
/*
 * Another network namespace, with one process in it.
 */
#ifndef TESTS_SUPPORT_NEIGHBOUR_H
#define TESTS_SUPPORT_NEIGHBOUR_H

#include <stdint.h>
#include <sys/types.h>

struct neighbour {
    pid_t pid;
    int leash;      /* the process ends when this is closed */
    uint64_t inode; /* of /proc/PID/net/sockstat */
};

/* Start the process in a namespace of its own, with loopback up. It calls inhabit(argument) there,
 * unless that is NULL, and then waits. 0, or -errno, that of inhabit() for instance. */
int neighbour_start(struct neighbour *neighbour, int (*inhabit)(void *argument), void *argument);

/* End the process, and wait for its end. What is already ended is left alone. */
void neighbour_end(struct neighbour *neighbour);

/* End the process and leave it a zombie until neighbour_end(). */
void neighbour_kill(struct neighbour *neighbour);

/* Give this process a mount namespace with an empty /run/netns. 0 or -errno, as the next one. */
int neighbour_make_run_netns(void);

/* Name the namespace: a file in /run/netns, as `ip netns` makes them. */
int neighbour_name(const struct neighbour *neighbour, const char *path);

/* The inode of a file; 0 if there is none. */
uint64_t neighbour_find_inode(const char *path);

#endif
