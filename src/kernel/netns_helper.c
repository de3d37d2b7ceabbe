// SPDX-License-Identifier: Apache-2.0
#include "netns_helper.h"

#include "base/clock.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns_helper_process.h"
#include "netns_helper_protocol.h"

/* How long the helper may take to answer a request, and to start. */
static const int64_t answer_patience = NANOSECONDS_PER_SECOND;
static const int64_t start_patience = 10 * NANOSECONDS_PER_SECOND;

enum failure { NO_FAILURE, NO_ANSWER, WRONG_ANSWER, ENDED };

struct netns_helper {
    int fd;
    pid_t pid;
    uint32_t number;              /* of the last request */
    _Atomic enum failure failure; /* the first one is final */
};

struct netns_target netns_target_of_process(int32_t pid, uint64_t inode, uint64_t cookie)
{
    return (struct netns_target){.inode = inode, .cookie = cookie, .pid = pid};
}

struct netns_target netns_target_of_name(const char *name, uint64_t inode, uint64_t cookie)
{
    struct netns_target target = {.inode = inode, .cookie = cookie};
    strncpy(target.name, name, sizeof target.name - 1);
    return target;
}

void netns_door_close(struct netns_door *door)
{
    for (int i = 0; i < NETNS_DESCRIPTORS; i++) {
        if (door->descriptors[i] >= 0)
            close(door->descriptors[i]);
        door->descriptors[i] = -1;
    }
}

/* Note the failure, which is final, and wake the main thread with SIGCHLD. Returns -EPIPE. */
static int fail(struct netns_helper *helper, enum failure failure)
{
    helper->failure = failure;
    kill(getpid(), SIGCHLD);
    return -EPIPE;
}

/* Wait at most `patience` nanoseconds for something to read. After the deadline it looks once more,
 * because this process may have been delayed. */
static bool await_packet(int fd, int64_t patience)
{
    int64_t end = clock_now(&system_clock) + patience;
    for (;;) {
        int64_t left = end - clock_now(&system_clock);
        struct pollfd pollfd = {.fd = fd, .events = POLLIN};
        int ready = poll(&pollfd, 1, left > 0 ? (int)(left / 1000000 + 1) : 0);
        if (ready > 0)
            return true;
        if (ready == 0 && left <= 0)
            return false;
    }
}

/* Take the descriptors that came with a packet. Returns their number. */
static uint32_t take_descriptors(struct msghdr *header, struct netns_door *door)
{
    uint32_t count = 0;
    struct cmsghdr *control = CMSG_FIRSTHDR(header);
    if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS) {
        count = (uint32_t)((control->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(door->descriptors, CMSG_DATA(control), count * sizeof(int));
    }
    return count;
}

static bool is_sock_diag(int fd)
{
    int domain = 0, protocol = 0;
    socklen_t length = sizeof domain;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_NETLINK &&
           getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 &&
           protocol == NETLINK_SOCK_DIAG;
}

/* Does an answer with `taken` descriptors follow the protocol? */
static bool is_valid(const struct helper_answer *answer, uint32_t number, bool with_settings,
                     uint32_t taken, const struct netns_door *door)
{
    if (answer->magic != HELPER_MAGIC || answer->number != number || answer->descriptors != taken ||
        answer->error < 0 || answer->error > 4095 || answer->error == EPIPE)
        return false; /* EPIPE stands for a failed helper */
    if (answer->error != 0 || number == 0)
        return taken == 0;
    return taken == (with_settings ? NETNS_DESCRIPTORS : 1) && is_sock_diag(door->descriptors[0]);
}

/* Receive the answer to the last request within `patience` nanoseconds. 0 or -errno, as
 * netns_helper_enter(). */
static int receive(struct netns_helper *helper, bool with_settings, int64_t patience,
                   struct netns_door *door)
{
    struct helper_answer answer;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(NETNS_DESCRIPTORS * sizeof(int))];
    struct iovec part = {&answer, sizeof answer};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control};
    if (!await_packet(helper->fd, patience))
        return fail(helper, NO_ANSWER);
    ssize_t got = recvmsg(helper->fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    uint32_t taken = got < 0 ? 0 : take_descriptors(&header, door);
    if (got <= 0 && taken == 0)
        return fail(helper, ENDED);
    bool cut = header.msg_flags & MSG_CTRUNC;
    if (got != sizeof answer || header.msg_flags & MSG_TRUNC ||
        (!cut && !is_valid(&answer, helper->number, with_settings, taken, door)))
        return fail(helper, WRONG_ANSWER);
    if (cut)
        return -EMFILE; /* this process has no free descriptors */
    door->inode = answer.inode;
    return -answer.error;
}

static uint64_t read_cookie(int fd)
{
    uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
#ifdef SO_NETNS_COOKIE
    if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) != 0)
        return 0;
#endif
    (void)fd, (void)length;
    return cookie;
}

static int exchange(struct netns_helper *helper, const struct netns_target *target,
                    bool with_settings, struct netns_door *door)
{
    struct helper_request request = {.magic = HELPER_MAGIC,
                                     .number = ++helper->number,
                                     .with_settings = with_settings,
                                     .target = *target};
    if (send(helper->fd, &request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno == ENOBUFS || errno == ENOMEM)
            return -errno; /* the next request may find memory */
        return fail(helper, errno == EPIPE || errno == ECONNRESET ? ENDED : NO_ANSWER);
    }
    int error = receive(helper, with_settings, answer_patience, door);
    if (error)
        return error;
    door->cookie = read_cookie(door->descriptors[NETNS_SOCKET]);
    bool other = target->cookie != 0 && door->cookie != 0 && target->cookie != door->cookie;
    return other ? -ESTALE : 0;
}

int netns_helper_enter(struct netns_helper *helper, const struct netns_target *target,
                       bool with_settings, struct netns_door *door)
{
    *door = (struct netns_door){.descriptors = {-1, -1, -1, -1}};
    if (helper->failure != NO_FAILURE)
        return -EPIPE;
    int error = exchange(helper, target, with_settings, door);
    if (error)
        netns_door_close(door);
    return error;
}

/* Execute this program again, with the socket as descriptor 0. */
static _Noreturn void become_helper(int fd)
{
    char name[] = NETNS_HELPER_NAME;
    char *const arguments[] = {name, NULL}, *const environment[] = {NULL};
    int result = fd == NETNS_HELPER_SOCKET ? fcntl(fd, F_SETFD, 0) : dup2(fd, NETNS_HELPER_SOCKET);
    if (result >= 0 && capabilities_pass_on(NETNS_HELPER_CAPABILITIES) == 0)
        execve("/proc/self/exe", arguments, environment);
    _exit(127);
}

/* Wait until the helper is ready. False with `error` filled if it fails. */
static bool wait_until_ready(struct netns_helper *helper, char *error, size_t error_size)
{
    struct netns_door door = {.descriptors = {-1, -1, -1, -1}};
    int outcome = receive(helper, false, start_patience, &door);
    netns_door_close(&door);
    if (outcome == -EPIPE)
        netns_helper_has_failed(helper, error, error_size);
    else if (outcome != 0)
        snprintf(error, error_size, "the namespace helper cannot start: %s", strerror(-outcome));
    return outcome == 0;
}

/* The reason why there can be no helper, or NULL. */
static const char *find_obstacle(void)
{
    capability_set had = capabilities_read();
    if (getauxval(AT_SECURE))
        return "the program must not get its capabilities from its file, because then any user "
               "could have a helper; use AmbientCapabilities= or root";
    if (!(had & CAPABILITY_BIT(CAP_SYS_ADMIN)))
        return "CAP_SYS_ADMIN is missing";
    return had & CAPABILITY_BIT(CAP_SYS_PTRACE) ? NULL : "CAP_SYS_PTRACE is missing";
}

struct netns_helper *netns_helper_start(char *error, size_t error_size)
{
    int pair[2];
    const char *obstacle = find_obstacle();
    if (obstacle) {
        snprintf(error, error_size, "no namespace helper: %s", obstacle);
        return NULL;
    }
    struct netns_helper *helper = calloc(1, sizeof *helper);
    if (!helper || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        free(helper);
        snprintf(error, error_size, "no namespace helper: out of memory or descriptors");
        return NULL;
    }
    helper->fd = pair[0];
    helper->pid = fork();
    if (helper->pid == 0)
        become_helper(pair[1]);
    close(pair[1]);
    if (helper->pid > 0 && wait_until_ready(helper, error, error_size))
        return helper;
    if (helper->pid < 0)
        snprintf(error, error_size, "cannot fork the namespace helper: %s", strerror(errno));
    netns_helper_stop(helper);
    return NULL;
}

void netns_helper_stop(struct netns_helper *helper)
{
    if (!helper)
        return;
    if (helper->pid > 0) {
        kill(helper->pid, SIGKILL);
        waitpid(helper->pid, NULL, 0);
    }
    close(helper->fd);
    free(helper);
}

/* Describe the end of the helper in one line. */
static void describe_end(const siginfo_t *end, char *error, size_t error_size)
{
    if (end->si_code == CLD_EXITED)
        snprintf(error, error_size, "the namespace helper exited with code %d", end->si_status);
    else
        snprintf(error, error_size, "the namespace helper was killed by signal %d (%s)",
                 end->si_status, strsignal(end->si_status));
}

bool netns_helper_has_failed(struct netns_helper *helper, char *error, size_t error_size)
{
    enum failure failure = helper->failure;
    siginfo_t end = {0};
    snprintf(error, error_size, "the namespace helper has ended");
    if (failure == ENDED) /* it has closed its socket, but may not have exited yet */
        kill(helper->pid, SIGKILL);
    if (failure == NO_ANSWER)
        snprintf(error, error_size, "the namespace helper does not answer");
    else if (failure == WRONG_ANSWER)
        snprintf(error, error_size, "the namespace helper gave a wrong answer");
    else if (waitid(P_PID, (id_t)helper->pid, &end,
                    WEXITED | WNOWAIT | (failure == ENDED ? 0 : WNOHANG)) != 0 ||
             end.si_pid == 0)
        return failure != NO_FAILURE;
    else
        describe_end(&end, error, error_size);
    return true;
}

int netns_helper_pid(const struct netns_helper *helper)
{
    return helper->pid;
}
