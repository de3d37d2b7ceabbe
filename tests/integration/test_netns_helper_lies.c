// SPDX-License-Identifier: Apache-2.0
/*
 * A helper that answers rubbish: this program, executed again, is the liar. The name that it is
 * asked for says how to lie.
 */
#include "kernel/netns_helper_protocol.h"

#include "kernel/netns_helper_process.h"
#include "netns.h"
#include "skip.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct lie {
    struct helper_answer answer;
    size_t length;
    int descriptors; /* sent, whatever the answer says */
    int domain;      /* of the first one, a socket */
};

static void send_lie(const struct lie *lie)
{
    char packet[sizeof lie->answer + 8] = {0};
    int sockets[8];
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof sockets)] = {0};
    struct iovec part = {packet, lie->length};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    memcpy(packet, &lie->answer, sizeof lie->answer);
    for (int i = 0; i < lie->descriptors; i++)
        sockets[i] = lie->domain == AF_NETLINK ? socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG)
                                               : socket(lie->domain, SOCK_DGRAM, 0);
    size_t size = (size_t)lie->descriptors * sizeof(int);
    if (size > 0) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        *rights = (struct cmsghdr){CMSG_LEN(size), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(rights), sockets, size);
    }
    sendmsg(NETNS_HELPER_SOCKET, &header, 0);
    for (int i = 0; i < lie->descriptors; i++)
        close(sockets[i]);
}

/* The right answer to a request for the socket alone, but for what `how` says. */
static struct lie make_lie(const struct helper_request *request, const char *how)
{
    struct lie lie = {
        .answer = {.magic = HELPER_MAGIC, .number = request->number, .descriptors = 1},
        .length = sizeof lie.answer,
        .descriptors = 1,
        .domain = AF_NETLINK};
    if (strcmp(how, "short") == 0)
        lie.length--;
    else if (strcmp(how, "long") == 0)
        lie.length++;
    else if (strcmp(how, "empty") == 0)
        lie.length = 0;
    else if (strcmp(how, "magic") == 0)
        lie.answer.magic++;
    else if (strcmp(how, "number") == 0)
        lie.answer.number++;
    else if (strcmp(how, "negative") == 0)
        lie.answer.error = -1, lie.answer.descriptors = (uint32_t)(lie.descriptors = 0);
    else if (strcmp(how, "huge") == 0)
        lie.answer.error = 4096, lie.answer.descriptors = (uint32_t)(lie.descriptors = 0);
    else if (strcmp(how, "pipe") == 0)
        lie.answer.error = EPIPE, lie.answer.descriptors = (uint32_t)(lie.descriptors = 0);
    else if (strcmp(how, "refusal with a descriptor") == 0)
        lie.answer.error = ENOENT;
    else if (strcmp(how, "two") == 0)
        lie.answer.descriptors = (uint32_t)(lie.descriptors = 2);
    else if (strcmp(how, "none") == 0)
        lie.answer.descriptors = (uint32_t)(lie.descriptors = 0);
    else if (strcmp(how, "miscounted") == 0)
        lie.answer.descriptors = 2;
    else if (strcmp(how, "seven") == 0)
        lie.answer.descriptors = (uint32_t)(lie.descriptors = 7);
    else if (strcmp(how, "another socket") == 0)
        lie.domain = AF_INET;
    return lie;
}

static _Noreturn void lie_always(void)
{
    struct helper_request request;
    send_lie(
        &(struct lie){.answer = {.magic = HELPER_MAGIC}, .length = sizeof(struct helper_answer)});
    while (recv(NETNS_HELPER_SOCKET, &request, sizeof request, 0) == sizeof request) {
        struct lie lie = make_lie(&request, request.target.name);
        if (strcmp(request.target.name, "farewell") == 0)
            shutdown(NETNS_HELPER_SOCKET, SHUT_WR);
        else
            send_lie(&lie);
    }
    _exit(0);
}

static struct netns_helper *helper;
static char error[512];

static int start(void **state)
{
    (void)state;
    return (helper = netns_helper_start(error, sizeof error)) ? 0 : -1;
}

static int stop_helper(void **state)
{
    (void)state;
    netns_helper_stop(helper);
    return 0;
}

static unsigned count_descriptors(void)
{
    unsigned count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* With what error send() fails next, once, if it is not 0. */
static int send_error;

ssize_t send(int fd, const void *buf, size_t n, int flags)
{
    if (send_error == 0)
        return sendto(fd, buf, n, flags, NULL, 0);
    errno = send_error;
    send_error = 0;
    return -1;
}

static int ask(const char *how, struct netns_door *door)
{
    struct netns_target target = netns_target_of_name(how, 1, 0);
    return netns_helper_enter(helper, &target, false, door);
}

static void test_the_truth_is_believed(void **state)
{
    (void)state;
    struct netns_door door;
    unsigned before = count_descriptors();
    assert_int_equal(ask("truth", &door), 0);
    assert_int_equal(count_descriptors(), before + 1);
    netns_door_close(&door);
    assert_false(netns_helper_has_failed(helper, error, sizeof error));
}

static void test_lies_are_not(void **state)
{
    (void)state;
    static const char *const lies[] = {"short",
                                       "long",
                                       "empty",
                                       "magic",
                                       "number",
                                       "negative",
                                       "huge",
                                       "two",
                                       "none",
                                       "miscounted",
                                       "another socket",
                                       "pipe",
                                       "refusal with a descriptor"};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct netns_door door;
        unsigned before = count_descriptors();
        int outcome = ask(lies[i], &door);
        if (outcome != -EPIPE)
            fail_msg("%s: %d", lies[i], outcome);
        assert_true(netns_helper_has_failed(helper, error, sizeof error));
        assert_string_equal(error, "the namespace helper gave a wrong answer");
        assert_int_equal(count_descriptors(), before); /* what came with it is closed */
        netns_helper_stop(helper);
        assert_non_null(helper = netns_helper_start(error, sizeof error));
    }
}

/* One that lives on is not waited for. */
static void test_a_feigned_end(void **state)
{
    (void)state;
    struct netns_door door;
    assert_int_equal(ask("farewell", &door), -EPIPE);
    assert_true(netns_helper_has_failed(helper, error, sizeof error));
    assert_string_equal(error, "the namespace helper was killed by signal 9 (Killed)");
}

/* The kernel closes those that find no room. */
static void test_descriptors_that_find_no_room(void **state)
{
    (void)state;
    struct netns_door door;
    struct rlimit files;
    unsigned before = count_descriptors();
    assert_int_equal(ask("seven", &door), -EMFILE);
    assert_int_equal(count_descriptors(), before);
    getrlimit(RLIMIT_NOFILE, &files);
    const struct rlimit none = {3, files.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    int outcome = ask("truth", &door);
    setrlimit(RLIMIT_NOFILE, &files);
    assert_int_equal(outcome, -EMFILE);
    assert_int_equal(ask("truth", &door), 0);
    netns_door_close(&door);
}

/* A request that the kernel did not take for want of memory is not the helper's failure. */
static void test_a_lack_of_memory_passes(void **state)
{
    (void)state;
    static const int errors[] = {ENOBUFS, ENOMEM};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct netns_door door;
        send_error = errors[i];
        assert_int_equal(ask("truth", &door), -errors[i]);
        assert_false(netns_helper_has_failed(helper, error, sizeof error));
        assert_int_equal(ask("truth", &door), 0);
        netns_door_close(&door);
    }
}

/* It lives: nobody waits for its end. */
static void test_another_error_is_final(void **state)
{
    (void)state;
    struct netns_door door;
    send_error = EPERM;
    assert_int_equal(ask("truth", &door), -EPIPE);
    assert_true(netns_helper_has_failed(helper, error, sizeof error));
    assert_string_equal(error, "the namespace helper does not answer");
}

#define with_helper(test) cmocka_unit_test_setup_teardown(test, start, stop_helper)

int main(int count, char *arguments[])
{
    if (netns_helper_is_asked_for(count, arguments))
        lie_always();
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    const struct CMUnitTest tests[] = {
        with_helper(test_the_truth_is_believed),   with_helper(test_lies_are_not),
        with_helper(test_a_feigned_end),           with_helper(test_descriptors_that_find_no_room),
        with_helper(test_a_lack_of_memory_passes), with_helper(test_another_error_is_final),
    };
    return cmocka_run_group_tests_name("netns_helper_lies", tests, NULL, NULL);
}
