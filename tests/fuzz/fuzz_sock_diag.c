// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes as a netlink datagram.
 */
#include "measure/state_counts.h"
#include "sockdiag/sock_diag.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void consume(void *context, const struct socket_record *record)
{
    state_counts_add(context, record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct state_counts counts = {0};
    uint64_t rows = 0;
    bool done = false;
    struct fault fault;
    /* The fuzzer's block may be unaligned; recv() into our own buffer is not. */
    char *copy = malloc(size ? size : 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    if (!sock_diag_decode(copy, size, consume, &counts, &rows, &done, &fault)) {
        char description[256];
        fault_describe(&fault, description, sizeof description);
    }
    free(copy);
    return 0;
}
