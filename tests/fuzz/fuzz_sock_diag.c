// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes as a netlink datagram, whose sockets go on to the table of cgroups.
 *
 * Covers: src/kernel/sock_diag.c src/kernel/inet_diag_message.c src/measure/cgroup_sockets.c
 * src/measure/state_counts.c
 */
#include "measure/cgroup_sockets.h"
#include "measure/state_counts.h"
#include "sockdiag/sock_diag.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct taken {
    struct state_counts counts;
    struct cgroup_sockets *cgroups;
    uint64_t in_cgroups; /* sockets that have one */
    uint64_t last;       /* cgroup that was seen */
};

static void consume(void *context, const struct socket_record *record)
{
    struct taken *taken = context;
    state_counts_add(&taken->counts, record);
    cgroup_sockets_add(taken->cgroups, record);
    taken->in_cgroups += record->cgroup != 0 && record->state != TCP_STATE_BOUND_INACTIVE;
    cgroup_sockets_note(taken->cgroups, record->cgroup);
    taken->last = record->cgroup ? record->cgroup : taken->last;
}

/* Each of them is in a row, or among the others. */
static void check_cgroups(const struct taken *taken)
{
    static struct cgroup_row rows[5];
    uint64_t others[TCP_STATES], sum = 0;
    bool has_path = *cgroup_sockets_find_path(taken->cgroups, taken->last);
    if (!has_path && cgroup_sockets_miss_paths(taken->cgroups)) {
        cgroup_sockets_tell_path(taken->cgroups, taken->last, "/a.service");
        const char *path = cgroup_sockets_find_path(taken->cgroups, taken->last);
        if (*path && strcmp(path, "/a.service") != 0)
            abort();
    }
    cgroup_sockets_end_search(taken->cgroups);
    size_t count = cgroup_sockets_end(taken->cgroups, rows, 5, others);
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        sum += others[state];
        for (size_t i = 0; i < count; i++)
            sum += rows[i].sockets[state];
    }
    if (sum != taken->in_cgroups)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cgroup_sockets *cgroups;
    static int64_t now; /* what was seen before is forgotten */
    uint64_t rows = 0;
    bool done = false;
    struct fault fault;
    if (!cgroups && !(cgroups = cgroup_sockets_create(0)))
        abort();
    struct taken taken = {.cgroups = cgroups};
    cgroup_sockets_begin(cgroups, ++now);
    /* The fuzzer's block may be unaligned; recv() into our own buffer is not. */
    char *copy = malloc(size ? size : 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    if (!sock_diag_decode(copy, size, consume, &taken, &rows, &done, &fault)) {
        char description[256];
        fault_describe(&fault, description, sizeof description);
    }
    check_cgroups(&taken);
    free(copy);
    return 0;
}
