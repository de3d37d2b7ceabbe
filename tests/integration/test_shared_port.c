// SPDX-License-Identifier: Apache-2.0
/*
 * Listeners that share a port (SO_REUSEPORT) against the output of ss: each has its own accept
 * queue, and one whose program hangs drops connections while the others have room.
 */
#include "await.h"
#include "capture.h"
#include "skip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* The first worker hangs, the second does too but has room for all; the others accept. */
enum { HUNG, ROOMY, WORKERS = 8, BACKLOG = 16, ROOM = 4096, MOST_CLIENTS = 900 };

struct queue {
    unsigned length, limit;
};

struct workers {
    int listeners[WORKERS];
    struct sockaddr_in place;
    int clients[MOST_CLIENTS];
    unsigned client_count;
    /* Kept open: a FIN that is acknowledged 40 ms later would change the counts between samples. */
    int accepted[MOST_CLIENTS];
    unsigned accepted_count;
};

static void make_listener(struct workers *workers, int worker)
{
    int share = 1;
    socklen_t size = sizeof workers->place;
    struct sockaddr *place = (struct sockaddr *)&workers->place;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &share, sizeof share), 0);
    assert_int_equal(bind(fd, place, size), 0);
    assert_int_equal(listen(fd, worker == ROOMY ? ROOM : BACKLOG), 0);
    assert_int_equal(getsockname(fd, place, &size), 0); /* the others take the same port */
    workers->listeners[worker] = fd;
}

static int set_up(void **state)
{
    struct workers *workers = calloc(1, sizeof *workers);
    *state = workers;
    if (!workers)
        return -1;
    workers->place =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int worker = 0; worker < WORKERS; worker++)
        make_listener(workers, worker);
    return 0;
}

static int tear_down(void **state)
{
    struct workers *workers = *state;
    for (int worker = 0; worker < WORKERS; worker++)
        close(workers->listeners[worker]);
    while (workers->client_count > 0)
        close(workers->clients[--workers->client_count]);
    while (workers->accepted_count > 0)
        close(workers->accepted[--workers->accepted_count]);
    free(workers);
    return 0;
}

/* In a listener's TCP_INFO two fields are its accept queue. */
static struct queue queue_of(int listener)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    assert_int_equal(getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return (struct queue){info.tcpi_unacked, info.tcpi_sacked};
}

static void accept_all(struct workers *workers, int worker)
{
    for (int fd; (fd = accept4(workers->listeners[worker], NULL, NULL, SOCK_CLOEXEC)) >= 0;)
        workers->accepted[workers->accepted_count++] = fd;
    assert_int_equal(errno, EAGAIN);
}

/* Has every connection been accepted or queued at a worker that hangs? */
static int is_settled(void *context)
{
    struct workers *workers = context;
    for (int worker = ROOMY + 1; worker < WORKERS; worker++)
        accept_all(workers, worker);
    return workers->accepted_count + queue_of(workers->listeners[HUNG]).length +
               queue_of(workers->listeners[ROOMY]).length ==
           workers->client_count;
}

static void connect_once(struct workers *workers)
{
    assert_true(workers->client_count < MOST_CLIENTS);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    workers->clients[workers->client_count++] = fd;
    assert_int_equal(connect(fd, (const struct sockaddr *)&workers->place, sizeof workers->place),
                     0);
    assert_int_equal(await_until(is_settled, workers), 0);
}

/* The kernel distributes connections by hash. Connect until one waits for the worker with room,
 * while the one that hangs does not yet, and then until that one's queue is full. */
static void connect_until_full(struct workers *workers)
{
    while (queue_of(workers->listeners[ROOMY]).length == 0) {
        connect_once(workers);
        accept_all(workers, HUNG);
    }
    while (queue_of(workers->listeners[HUNG]).length <= BACKLOG)
        connect_once(workers);
    print_message("full after %u connections\n", workers->client_count);
}

/* From ss: the number of listeners, and the fullest queue relative to its limit. */
static struct queue fullest_by_ss(uint16_t port)
{
    char command[64];
    struct queue fullest = {0, 1}, queue;
    int listeners = 0;
    snprintf(command, sizeof command, "ss -H -ltn sport = :%u", port);
    FILE *ss = popen(command, "re");
    assert_non_null(ss);
    for (; fscanf(ss, "LISTEN %u %u %*[^\n]\n", &queue.length, &queue.limit) == 2; listeners++) {
        if (queue.length * fullest.limit > fullest.length * queue.limit)
            fullest = queue;
    }
    assert_int_equal(pclose(ss), 0);
    assert_int_equal(listeners, WORKERS);
    return fullest;
}

static void assert_reported(const struct workers *workers, unsigned length, unsigned limit)
{
    struct capture capture;
    struct queue fullest = fullest_by_ss(ntohs(workers->place.sin_port));
    assert_int_equal(fullest.length, length);
    assert_int_equal(fullest.limit, limit);
    capture_take(&capture);
    assert_int_equal(capture.snapshot.queue_count, 1);
    assert_int_equal(capture.queues[0].port, ntohs(workers->place.sin_port));
    assert_int_equal(capture.queues[0].queue_length, length);
    assert_int_equal(capture.queues[0].queue_limit, limit);
    assert_int_equal(capture.queues[0].queue_peak, length);
    assert_int_equal(capture.queues[0].queues, WORKERS);
}

static void test_the_fullest_queue_of_a_shared_port_is_reported(void **state)
{
    struct workers *workers = *state;
    connect_until_full(workers);
    unsigned roomy = queue_of(workers->listeners[ROOMY]).length;
    assert_true(roomy > 0);
    assert_reported(workers, BACKLOG + 1, BACKLOG);
    accept_all(workers, HUNG);
    assert_reported(workers, roomy, ROOM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_fullest_queue_of_a_shared_port_is_reported, set_up,
                                        tear_down),
    };
    int skipped = enter_namespace_or_skip();
    return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
