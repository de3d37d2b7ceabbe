// SPDX-License-Identifier: Apache-2.0
#include "daemon_check.h"

#include "http_client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void daemon_start_ready(struct daemon *daemon, const char *const arguments[],
                        void (*before_exec)(void))
{
    assert_int_equal(daemon_start(daemon, arguments, before_exec), 0);
    if (daemon_await_message(daemon, "READY=1"))
        return;
    daemon_end(daemon, SIGKILL);
    fail_msg("the exporter is not ready:\n%s", daemon->errors);
}

void daemon_assert_end(struct daemon *daemon, int signal_number, int code)
{
    int ended = daemon_end(daemon, signal_number);
    if (ended != code)
        fail_msg("the exporter ended with %d instead of %d:\n%s", ended, code, daemon->errors);
}

int daemon_end_what_runs(void **state)
{
    struct daemon *daemon = *state;
    if (daemon->pid > 0) {
        daemon_end(daemon, SIGKILL);
        print_error("the exporter's errors:\n%s", daemon->errors);
    }
    return 0;
}

void daemon_await_page(const struct daemon *daemon, uint16_t port, const char *text, bool present,
                       int most)
{
    for (int i = 0; i < most; i++) {
        struct http_reply reply;
        daemon_drop_messages(daemon);
        assert_true(daemon_await_message(daemon, "WATCHDOG=1"));
        assert_int_equal(http_request(port, "GET", "/metrics", &reply), 0);
        bool found = strstr(reply.body, text);
        http_reply_free(&reply);
        if (found == present)
            return;
    }
    fail_msg("%s page has %s", present ? "no" : "every", text);
}

static void read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, text, size - 1);
    close(fd);
    assert_true(length > 0);
    text[length] = '\0';
}

void daemon_assert_status(pid_t thread, const char *line)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", thread);
    read_file(path, text, sizeof text);
    if (!strstr(text, line))
        fail_msg("%s is not in:\n%s", line, text);
}

pid_t daemon_find_helper(const struct daemon *daemon)
{
    char path[64], text[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", daemon->pid, daemon->pid);
    read_file(path, text, sizeof text);
    return atoi(text);
}
