// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes as a netlink datagram of UNIX sockets, whose names go on to the table
 * of listeners.
 *
 * Covers: src/kernel/unix_diag.c src/measure/unix_sockets.c src/measure/unix_path.c
 */
#include "measure/unix_sockets.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void consume(void *context, const struct unix_socket_record *record)
{
    unix_sockets_add(context, record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct unix_sockets *sockets;
    static struct unix_listener_row rows[5];
    struct unix_summary summary;
    uint64_t listed = 0;
    bool done = false;
    struct fault fault;
    if (!sockets && !(sockets = unix_sockets_create(60)))
        abort();
    /* The fuzzer's block may be unaligned; recv() into our own buffer is not. */
    char *copy = malloc(size ? size : 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    unix_sockets_begin(sockets);
    if (unix_diag_decode(copy, size, consume, sockets, &listed, &done, &fault) &&
        unix_sockets_end(sockets, 1, rows, 5, &summary) > 5)
        abort();
    free(copy);
    return 0;
}
