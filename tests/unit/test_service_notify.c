// SPDX-License-Identifier: Apache-2.0
/*
 * Notifications as systemd receives them: at a socket with a path or an abstract name, with a full
 * queue or without.
 */
#include "base/service_notify.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Receive at `name`, in the notation of $NOTIFY_SOCKET. */
static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static bool receive(int fd, char message[static 64])
{
    ssize_t length = recv(fd, message, 63, MSG_DONTWAIT);
    message[length > 0 ? length : 0] = '\0';
    return length >= 0;
}

static void assert_received(int fd, const char *expected)
{
    char message[64];
    assert_true(receive(fd, message));
    assert_string_equal(message, expected);
}

static const char *abstract_name(void)
{
    static char name[64];
    snprintf(name, sizeof name, "@sockdiag-test-%d", getpid());
    return name;
}

static void test_a_message_arrives_at_a_path(void **state)
{
    (void)state;
    int fd = listen_at(scratch_path("notify"));
    assert_true(service_notify("READY=1"));
    assert_received(fd, "READY=1");
    close(fd);
}

static void test_a_message_arrives_at_an_abstract_name(void **state)
{
    (void)state;
    int fd = listen_at(abstract_name());
    assert_true(service_notify("STOPPING=1"));
    assert_received(fd, "STOPPING=1");
    close(fd);
}

static void test_a_full_queue_is_reported(void **state)
{
    (void)state;
    char message[64];
    int fd = listen_at(abstract_name());
    int sent = 0;
    while (sent < 100000 && service_notify("WATCHDOG=1"))
        sent++;
    assert_in_range(sent, 1, 99999);
    assert_false(service_notify("READY=1"));
    for (int i = 0; i < sent; i++)
        assert_received(fd, "WATCHDOG=1");
    assert_false(receive(fd, message));
    assert_true(service_notify("READY=1"));
    assert_received(fd, "READY=1");
    close(fd);
}

static void test_a_missing_receiver_is_reported(void **state)
{
    (void)state;
    close(listen_at(abstract_name()));
    assert_false(service_notify("READY=1"));
}

static void test_a_lack_of_descriptors_is_reported(void **state)
{
    (void)state;
    struct rlimit before, none;
    int fd = listen_at(abstract_name());
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool sent = service_notify("READY=1");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(sent);
    close(fd);
}

/* Success: the caller must not try again. */
static void test_without_a_socket_nothing_is_sent(void **state)
{
    (void)state;
    char name[512] = "/";
    unsetenv("NOTIFY_SOCKET");
    assert_true(service_notify("READY=1"));
    static const char *const names[] = {"", "relative", "vsock:2:1"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        assert_true(service_notify("READY=1"));
    }
    memset(name + 1, 'x', sizeof name - 2);
    setenv("NOTIFY_SOCKET", name, 1);
    assert_true(service_notify("READY=1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_arrives_at_a_path),
        cmocka_unit_test(test_a_message_arrives_at_an_abstract_name),
        cmocka_unit_test(test_a_full_queue_is_reported),
        cmocka_unit_test(test_a_missing_receiver_is_reported),
        cmocka_unit_test(test_a_lack_of_descriptors_is_reported),
        cmocka_unit_test(test_without_a_socket_nothing_is_sent),
    };
    return cmocka_run_group_tests_name("service_notify", tests, scratch_make, scratch_remove);
}
