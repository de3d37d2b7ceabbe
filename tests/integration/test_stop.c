// SPDX-License-Identifier: Apache-2.0
/*
 * A web server that is stopped while its thread has just accepted a connection and was then put
 * aside by the scheduler, which this cannot be asked for: an accept4() of the test's own lingers.
 */
#include "http_client.h"
#include "skip.h"
#include "small_web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static sem_t accepted;

/* What libmicrohttpd calls. It is declared here because <sys/socket.h> has a union of pointers in
 * the second one's place, which is no standard C. */
int accept4(int fd, void *address, unsigned *size, int flags);

/* For as long as this lingers, a stop has time to overlook the connection. */
int accept4(int fd, void *address, unsigned *size, int flags)
{
    static const struct timespec a_while = {.tv_nsec = 100000000};
    int connection = (int)syscall(SYS_accept4, fd, address, size, flags);
    if (connection >= 0) {
        sem_post(&accepted);
        nanosleep(&a_while, NULL);
    }
    return connection;
}

static void *stop_web(void *web)
{
    web_server_stop(web);
    return NULL;
}

static void test_who_is_just_being_accepted_is_answered(void **state)
{
    (void)state;
    static const char request[] = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct http_reply reply;
    pthread_t stopper;
    struct publication *publication = publication_create();
    struct web_server *web = small_web_start(publication, &system_clock, NULL);
    assert_non_null(web);
    assert_int_equal(sem_init(&accepted, 0, 0), 0);
    struct timespec in_time;
    clock_gettime(CLOCK_REALTIME, &in_time);
    in_time.tv_sec += 30;

    int fd = http_connect(NULL, "127.0.0.1", SMALL_WEB_PORT);
    assert_true(fd >= 0);
    assert_int_equal(sem_timedwait(&accepted, &in_time), 0);
    /* It asks before: who is new is waited for two seconds only. */
    assert_int_equal(write(fd, request, sizeof request - 1), sizeof request - 1);
    assert_int_equal(pthread_create(&stopper, NULL, stop_web, web), 0);
    assert_int_equal(http_exchange(fd, "", &reply), 0);
    assert_int_equal(reply.status, 200);
    assert_int_equal(pthread_join(stopper, NULL), 0);
    http_reply_free(&reply);
    close(fd);
    sem_destroy(&accepted);
    publication_destroy(publication);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_just_being_accepted_is_answered),
    };
    int skipped = enter_namespace_or_skip();
    return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
