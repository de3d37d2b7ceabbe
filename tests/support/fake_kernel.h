// SPDX-License-Identifier: Apache-2.0
/*
 * A kernel for faults that a test cannot cause in the real one, and a clock that only the test
 * advances. Sockets are a number for each state; a thread reads sock_diag's requests like the
 * kernel and answers over a socket pair; /proc is a directory.
 */
#ifndef TESTS_SUPPORT_FAKE_KERNEL_H
#define TESTS_SUPPORT_FAKE_KERNEL_H

#include "sockdiag/sampler.h"

#include <pthread.h>

enum fake_answer {
    ANSWER_ROWS,          /* a correct answer */
    ANSWER_NO_SOCKET,     /* opening fails with EMFILE */
    ANSWER_ERROR,         /* NLMSG_ERROR, -ENOENT */
    ANSWER_ERROR_IN_DONE, /* the rows, then NLMSG_DONE with -EINVAL */
    ANSWER_TRUNCATED,     /* a datagram larger than any buffer */
    ANSWER_SHORT,         /* a message that claims more than the datagram holds */
    ANSWER_SILENCE        /* closed without an answer */
};

struct fake_kernel {
    enum fake_answer answer;
    bool udp_is_missing;          /* dumps of UDP end with NLMSG_ERROR, -ENOENT */
    bool unix_is_missing;         /* the same of UNIX sockets, of which there are none */
    unsigned udp_sockets;         /* of IPv4, on ports from 50000 on; IPv6 has one more */
    unsigned sockets[TCP_STATES]; /* IPv4, full sockets, on no address */
    uint16_t ports[TCP_STATES];   /* the local ports from here on; 0: all have port 0 */
    unsigned dumps;               /* so far */
    uint32_t last_mask; /* idiag_states of the last TCP request, after fake_kernel_join() */
    uint16_t low_port, high_port; /* of its filter, also after that; without one 0 and 65535 */

    int64_t now;               /* monotonic; unix time is the same */
    int64_t cpu;               /* of the thread */
    int64_t cost_of_a_dump;    /* added to both at each dump */
    int64_t wait_of_a_dump;    /* added to `now` alone */
    int64_t cost_of_a_reading; /* added to `cpu` when it is read, as all that is measured does */

    char proc_root[64]; /* its own directory */
    pthread_t thread;
    bool thread_runs;
    int kernel_end;

    struct kernel_access access; /* for a sampler */
    struct clock clock;
};

/* A kernel without sockets at time `now`, with a matching /proc. Fails the test when it cannot. */
void fake_kernel_init(struct fake_kernel *kernel, int64_t now);
void fake_kernel_release(struct fake_kernel *kernel);

/* Write `text` as the whole of a file below the proc root, or remove the file if it is NULL. */
void fake_kernel_write(const struct fake_kernel *kernel, const char *name, const char *text);

/* Write sockstat for `sockets`, plus `more` full sockets and minisockets. */
void fake_kernel_write_sockstat(const struct fake_kernel *kernel, unsigned more);

/* Did the last TCP request ask for the bound-only sockets? After fake_kernel_join(). */
bool fake_kernel_listed_bound(const struct fake_kernel *kernel);

/* Wait for the thread of the last dump. */
void fake_kernel_join(struct fake_kernel *kernel);

#endif
