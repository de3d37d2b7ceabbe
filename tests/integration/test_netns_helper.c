// SPDX-License-Identifier: Apache-2.0
/*
 * The namespace helper on the real kernel: what it gives, what it refuses, what it holds, and how
 * its end is noticed.
 */
#include "kernel/netns_helper.h"

#include "await.h"
#include "kernel/netns_helper_process.h"
#include "kernel/netns_helper_protocol.h"
#include "neighbour.h"
#include "netns.h"
#include "skip.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct netns_helper *helper;
static struct neighbour first, second;
static char error[512];

enum { LISTENER_PORT = 9000 };

/* With a listener, for somebody to destroy. */
static int inhabit(void *range)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(LISTENER_PORT)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1) != 0)
        return -errno;
    return range ? netns_sysctl_write("ipv4/ip_local_port_range", range) : 0;
}

static int start_all(void **state)
{
    (void)state;
    helper = netns_helper_start(error, sizeof error);
    if (!helper)
        print_error("%s\n", error);
    return !helper || neighbour_start(&first, inhabit, "20000 20999") != 0 ||
                   neighbour_start(&second, inhabit, NULL) != 0
               ? -1
               : 0;
}

static int end_all(void **state)
{
    (void)state;
    netns_helper_stop(helper);
    helper = NULL;
    neighbour_end(&first);
    neighbour_end(&second);
    return 0;
}

static struct netns_target target_of(const struct neighbour *neighbour)
{
    return netns_target_of_process(neighbour->pid, neighbour->inode, 0);
}

static int enter(const struct netns_target *target, struct netns_door *door)
{
    return netns_helper_enter(helper, target, true, door);
}

static void assert_refused(const struct netns_target *target, int expected)
{
    struct netns_door door;
    assert_int_equal(enter(target, &door), -expected);
    for (int i = 0; i < NETNS_DESCRIPTORS; i++)
        assert_int_equal(door.descriptors[i], -1);
}

static void assert_works(void)
{
    struct netns_door door;
    struct netns_target target = target_of(&second);
    assert_int_equal(enter(&target, &door), 0);
    netns_door_close(&door);
    assert_false(netns_helper_has_failed(helper, error, sizeof error));
}

static void assert_reads(int fd, const char *expected)
{
    char text[64] = "";
    assert_true(pread(fd, text, sizeof text - 1, 0) >= 0);
    assert_string_equal(text, expected);
}

/* The settings and the socket are those of the namespace. */
static void test_gives_what_is_in_there(void **state)
{
    (void)state;
    struct netns_door door;
    struct netns_target target = target_of(&first);
    assert_int_equal(enter(&target, &door), 0);
    assert_int_equal(door.inode, first.inode);
    assert_reads(door.descriptors[NETNS_PORT_RANGE], "20000\t20999\n");
    assert_reads(door.descriptors[NETNS_RESERVED_PORTS], "\n");
    assert_true(door.descriptors[NETNS_TIME_WAIT_LIMIT] >= 0);
    int protocol;
    socklen_t length = sizeof protocol;
    assert_int_equal(
        getsockopt(door.descriptors[NETNS_SOCKET], SOL_SOCKET, SO_PROTOCOL, &protocol, &length), 0);
    assert_int_equal(protocol, NETLINK_SOCK_DIAG);
    for (int i = 0; i < NETNS_DESCRIPTORS; i++)
        assert_int_equal(fcntl(door.descriptors[i], F_GETFD), FD_CLOEXEC);
    netns_door_close(&door);
}

static void test_gives_the_socket_alone(void **state)
{
    (void)state;
    struct netns_door door;
    struct netns_target target = target_of(&first);
    assert_int_equal(netns_helper_enter(helper, &target, false, &door), 0);
    assert_true(door.descriptors[NETNS_SOCKET] >= 0);
    for (int i = 1; i < NETNS_DESCRIPTORS; i++)
        assert_int_equal(door.descriptors[i], -1);
    netns_door_close(&door);
}

/* Since Linux 5.14. */
static bool kernel_tells_cookies(void)
{
#ifdef SO_NETNS_COOKIE
    uint64_t cookie;
    socklen_t length = sizeof cookie;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool tells = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) == 0;
    close(fd);
    return tells;
#else
    return false;
#endif
}

/* The inode may be in use again: the cookie is not. */
static void test_refuses_another_namespace(void **state)
{
    (void)state;
    struct netns_door door;
    struct netns_target target = netns_target_of_process(first.pid, second.inode, 0);
    assert_refused(&target, ESTALE);

    target = target_of(&first);
    assert_int_equal(enter(&target, &door), 0);
    netns_door_close(&door);
    assert_int_equal(door.cookie != 0, kernel_tells_cookies());
    if (door.cookie == 0)
        return;
    target.cookie = door.cookie;
    assert_int_equal(enter(&target, &door), 0);
    netns_door_close(&door);
    target.cookie++;
    assert_refused(&target, ESTALE);
    assert_works();
}

static void test_what_is_gone_is_no_failure(void **state)
{
    (void)state;
    struct netns_target target = target_of(&first);
    neighbour_kill(&first);
    struct netns_door door;
    int outcome = enter(&target, &door);
    assert_true(outcome == -ENOENT || outcome == -ESRCH); /* a zombie */
    neighbour_end(&first);
    assert_refused(&target, ENOENT);
    assert_works();
}

static int is_gone(void *context)
{
    char text[64];
    return pread(*(int *)context, text, sizeof text, 0) < 0 && errno == ENOENT;
}

/* A setting opened inside reads ENOENT once nothing holds the namespace: not the helper, which was
 * there last, nor what it sent. */
static void test_holds_no_namespace(void **state)
{
    (void)state;
    struct netns_door door;
    struct netns_target target = target_of(&first);
    assert_int_equal(enter(&target, &door), 0);
    neighbour_end(&first);
    assert_reads(door.descriptors[NETNS_PORT_RANGE], "20000\t20999\n"); /* the socket holds it */
    close(door.descriptors[NETNS_SOCKET]);
    door.descriptors[NETNS_SOCKET] = -1;
    assert_int_equal(await_until(is_gone, &door.descriptors[NETNS_PORT_RANGE]), 0);
    netns_door_close(&door);
    assert_works();
}

/* Namespaces that end at about the time of the question. */
static void test_namespaces_that_die_meanwhile(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct neighbour dying;
        struct netns_door door;
        assert_int_equal(neighbour_start(&dying, NULL, NULL), 0);
        struct netns_target target = target_of(&dying);
        close(dying.leash);
        dying.leash = -1;
        for (int outcome = 0; outcome == 0;) {
            outcome = enter(&target, &door);
            assert_true(outcome == 0 || outcome == -ENOENT || outcome == -ESRCH ||
                        outcome == -ENXIO);
            netns_door_close(&door);
        }
        neighbour_end(&dying);
    }
    assert_works();
}

/* One line of its status, after the heading. */
static const char *read_status(const char *heading)
{
    static char text[4096];
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", netns_helper_pid(helper));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    assert_true(length > 0);
    text[length] = '\0';
    char *found = strstr(text, heading);
    assert_non_null(found);
    found += strlen(heading);
    found[strcspn(found, "\n")] = '\0';
    return found;
}

/* The pair, and its home. */
static int holds_two(void *context)
{
    (void)context;
    for (int fd = 0; fd < 64; fd++) {
        char path[64];
        struct stat status;
        snprintf(path, sizeof path, "/proc/%d/fd/%d", netns_helper_pid(helper), fd);
        if ((lstat(path, &status) == 0) != (fd < 2))
            return 0;
    }
    return 1;
}

static void test_has_two_capabilities_and_two_descriptors(void **state)
{
    (void)state;
    static const char two[] = "\t0000000000280000";
    assert_string_equal(read_status("CapPrm:"), two);
    assert_string_equal(read_status("CapEff:"), two);
    assert_string_equal(read_status("CapBnd:"), two);
    assert_string_equal(read_status("CapInh:"), "\t0000000000000000");
    assert_string_equal(read_status("CapAmb:"), "\t0000000000000000");
    assert_string_equal(read_status("NoNewPrivs:"), "\t1");
    assert_string_equal(read_status("Seccomp:"), "\t2");
    assert_string_equal(read_status("Name:"), "\tnetns-helper");
    assert_works();
    assert_int_equal(await_until(holds_two, NULL), 0); /* it closes the others after its answer */
}

static int has_failed(void *context)
{
    (void)context;
    return netns_helper_has_failed(helper, error, sizeof error);
}

static void test_its_death_is_told(void **state)
{
    (void)state;
    kill(netns_helper_pid(helper), SIGKILL);
    assert_int_equal(await_until(has_failed, NULL), 0);
    assert_string_equal(error, "the namespace helper was killed by signal 9 (Killed)");
    struct netns_target target = target_of(&first);
    assert_refused(&target, EPIPE);
    assert_true(netns_helper_has_failed(helper, error, sizeof error));
}

static void test_its_death_is_noticed_by_who_asks(void **state)
{
    (void)state;
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    kill(netns_helper_pid(helper), SIGKILL);
    assert_int_equal(sigwaitinfo(&children, NULL), SIGCHLD);
    struct netns_target target = target_of(&first);
    assert_refused(&target, EPIPE);
    const struct timespec none = {0};
    assert_int_equal(sigtimedwait(&children, NULL, &none), SIGCHLD); /* wakes the main thread */
    assert_true(netns_helper_has_failed(helper, error, sizeof error));
    assert_string_equal(error, "the namespace helper was killed by signal 9 (Killed)");
    sigprocmask(SIG_UNBLOCK, &children, NULL);
}

/* SIGTERM to the whole group, as of a terminal or of systemd, is the exporter's to act upon. */
static void test_other_signals_do_nothing(void **state)
{
    (void)state;
    kill(netns_helper_pid(helper), SIGTERM);
    kill(netns_helper_pid(helper), SIGINT);
    assert_works();
}

static void test_silence_is_final(void **state)
{
    (void)state;
    kill(netns_helper_pid(helper), SIGSTOP);
    struct netns_target target = target_of(&first);
    assert_refused(&target, EPIPE);
    assert_true(netns_helper_has_failed(helper, error, sizeof error));
    assert_string_equal(error, "the namespace helper does not answer");
    kill(netns_helper_pid(helper), SIGCONT); /* a late answer is none */
    assert_refused(&target, EPIPE);
}

/* It dies with the exporter even when it is stopped and cannot see the end of its socket. */
static void test_dies_with_its_parent(void **state)
{
    (void)state;
    int ends[2];
    pid_t child = -1;
    assert_int_equal(pipe(ends), 0);
    pid_t parent = fork();
    if (parent == 0) {
        struct netns_helper *own = netns_helper_start(error, sizeof error);
        child = own ? netns_helper_pid(own) : -1;
        kill(child, SIGSTOP);
        _exit(write(ends[1], &child, sizeof child) != sizeof child || pause());
    }
    assert_int_equal(read(ends[0], &child, sizeof child), sizeof child);
    assert_true(child > 0);
    struct pollfd pollfd = {.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN};
    assert_true(pollfd.fd >= 0);
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    assert_int_equal(poll(&pollfd, 1, 30000), 1);
    close(pollfd.fd);
    close(ends[0]);
    close(ends[1]);
}

/* This side of the pair. */
static int find_pair(void)
{
    for (int fd = 3; fd < 256; fd++) {
        int type = 0;
        socklen_t length = sizeof type;
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET)
            return fd;
    }
    fail_msg("no pair");
    return -1;
}

/* Whoever owns the exporter says something else than it would: the helper ends. */
static void assert_unruly(const void *packet, size_t length, int descriptor)
{
    assert_non_null(helper = netns_helper_start(error, sizeof error));
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {(void *)packet, length};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        *rights = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
    }
    assert_int_equal(sendmsg(find_pair(), &header, 0), length);
    assert_int_equal(await_until(has_failed, NULL), 0);
    assert_string_equal(error, "the namespace helper exited with code 1");
    netns_helper_stop(helper);
    helper = NULL;
}

static struct helper_request good_request(void)
{
    return (struct helper_request){
        .magic = HELPER_MAGIC, .number = 1, .target = netns_target_of_name("none", 1, 0)};
}

static void assert_unruly_name(const char *name)
{
    struct helper_request request = good_request();
    request.target = netns_target_of_name(name, 1, 0);
    assert_unruly(&request, sizeof request, -1);
}

static void test_an_unruly_exporter_has_no_helper(void **state)
{
    (void)state;
    netns_helper_stop(helper);
    helper = NULL;
    struct helper_request request = good_request();
    assert_unruly(&request, sizeof request - 1, -1);
    char longer[sizeof request + 1] = {0};
    memcpy(longer, &request, sizeof request);
    assert_unruly(longer, sizeof longer, -1);
    assert_unruly(&request, sizeof request, STDIN_FILENO);
    request.magic ^= 1;
    assert_unruly(&request, sizeof request, -1);

    request = good_request();
    request.with_settings = 2;
    assert_unruly(&request, sizeof request, -1);
    request = good_request();
    request.target.pid = 1; /* and a name */
    assert_unruly(&request, sizeof request, -1);
    request.target = netns_target_of_process(-1, 1, 0);
    assert_unruly(&request, sizeof request, -1);

    assert_unruly_name("");
    assert_unruly_name(".");
    assert_unruly_name("..");
    assert_unruly_name("../../etc/passwd");
    assert_unruly_name("a/b");
    request = good_request();
    memset(request.target.name, 'x', sizeof request.target.name);
    assert_unruly(&request, sizeof request, -1);
    request = good_request();
    request.target.name[sizeof request.target.name - 1] = 'x';
    assert_unruly(&request, sizeof request, -1);
    request = good_request();
    request.target.padding[3] = 1;
    assert_unruly(&request, sizeof request, -1);
}

static void test_names(void **state)
{
    (void)state;
    struct netns_door door;
    netns_helper_stop(helper);
    assert_int_equal(neighbour_make_run_netns(), 0);
    assert_non_null(helper = netns_helper_start(error, sizeof error));
    struct netns_target target = netns_target_of_name("blue", 1, 0);
    assert_refused(&target, ENOENT);
    assert_int_equal(neighbour_name(&first, "/run/netns/blue"), 0);
    uint64_t inode = neighbour_find_inode("/run/netns/blue");
    target = netns_target_of_name("blue", inode, 0);
    assert_int_equal(enter(&target, &door), 0);
    assert_int_equal(door.inode, first.inode); /* joins it with its processes */
    netns_door_close(&door);

    assert_int_equal(umount("/run/netns/blue"), 0);
    assert_int_equal(neighbour_name(&second, "/run/netns/blue"), 0);
    assert_refused(&target, ESTALE);
    assert_int_equal(symlink("/run/netns/blue", "/run/netns/link"), 0);
    target = netns_target_of_name("link", inode, 0);
    assert_refused(&target, ELOOP);
    assert_int_equal(mkfifo("/run/netns/fifo", 0600), 0);
    target = netns_target_of_name("fifo", neighbour_find_inode("/run/netns/fifo"), 0);
    assert_refused(&target, EINVAL);
    assert_works();
    assert_int_equal(umount("/run/netns/blue"), 0);
    assert_int_equal(umount("/run"), 0);
}

/* The files of a process that others must not read belong to root (task_dump_owner(), fs/proc). */
static bool is_dumpable(const struct netns_helper *own, uid_t user)
{
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/mem", netns_helper_pid(own));
    return stat(path, &status) != 0 || status.st_uid == user;
}

/* In a child of the test, which has only these capabilities then, as systemd would leave them: the
 * reason why there is no helper; empty if there is one. */
static void try_with(capability_set capabilities, uid_t user, char text[static 512])
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        const struct __user_cap_data_struct data[2] = {
            {(uint32_t)capabilities, (uint32_t)capabilities, 0}};
        char reason[512] = "no such user";
        struct netns_helper *own = NULL;
        if (!user || (prctl(PR_SET_KEEPCAPS, 1) == 0 && setresuid(user, user, user) == 0)) {
            reason[0] = '\0';
            if (syscall(SYS_capset, &header, data) != 0)
                _exit(1);
            own = netns_helper_start(reason, sizeof reason);
        }
        struct netns_door door = {.descriptors = {-1, -1, -1, -1}};
        struct netns_target target = target_of(&first);
        if (own && (capabilities_keep(0) != 0 || capabilities_read() != 0 ||
                    netns_helper_enter(own, &target, true, &door) != 0))
            snprintf(reason, sizeof reason, "it does not work");
        else if (own && user && is_dumpable(own, user))
            snprintf(reason, sizeof reason, "its memory can be had");
        _exit(write(ends[1], reason, sizeof reason) != sizeof reason);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], text, 512), 512);
    close(ends[0]);
    waitpid(pid, NULL, 0);
}

static void test_each_capability_is_needed(void **state)
{
    (void)state;
    char reason[512];
    const capability_set admin = CAPABILITY_BIT(CAP_SYS_ADMIN),
                         ptrace = CAPABILITY_BIT(CAP_SYS_PTRACE), all = capabilities_read();
    try_with(all & ~admin, 0, reason);
    assert_string_equal(reason, "no namespace helper: CAP_SYS_ADMIN is missing");
    try_with(all & ~ptrace, 0, reason);
    assert_string_equal(reason, "no namespace helper: CAP_SYS_PTRACE is missing");
    try_with(0, 0, reason);
    assert_string_equal(reason, "no namespace helper: CAP_SYS_ADMIN is missing");
    try_with(admin | ptrace, 0, reason);
    assert_string_equal(reason, "");
    try_with(all, 0, reason);
    assert_string_equal(reason, "");
}

/* Another user's processes, with the two capabilities alone: a service with DynamicUser=. */
static void test_works_for_an_ordinary_user(void **state)
{
    (void)state;
    char reason[512];
    try_with(NETNS_HELPER_CAPABILITIES, 65534, reason);
    if (strcmp(reason, "no such user") == 0)
        skip(); /* in a user namespace that maps one user only */
    assert_string_equal(reason, "");
}

/* A copy of this program that gets the two capabilities from its file (setcap). Skips the test
 * where that does not work. */
static void make_privileged_copy(char path[static 64])
{
    const struct vfs_cap_data capabilities = {
        .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
        .data = {{.permitted = (uint32_t)NETNS_HELPER_CAPABILITIES}}};
    static char bytes[1 << 16];
    snprintf(path, 64, "/tmp/sockdiag_test.%d", getpid());
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    assert_true(from >= 0 && to >= 0);
    for (ssize_t got; (got = read(from, bytes, sizeof bytes)) > 0;)
        assert_int_equal(write(to, bytes, (size_t)got), got);
    close(from);
    close(to);
    if (setxattr(path, "security.capability", &capabilities, sizeof capabilities, 0) != 0) {
        unlink(path);
        skip();
    }
}

/* Run it for an ordinary user, with `socket` as its descriptor 0 and `output` as 1. */
static pid_t run_copy(const char *path, char *const arguments[], int socket, int output)
{
    pid_t pid = fork();
    if (pid == 0) {
        dup2(socket, STDIN_FILENO);
        dup2(output, STDOUT_FILENO);
        if (setresuid(65534, 65534, 65534) == 0)
            execv(path, arguments);
        _exit(1);
    }
    return pid;
}

/* Whoever may execute a program with file capabilities could have a helper: there is none. */
static void test_file_capabilities_are_refused(void **state)
{
    (void)state;
    char path[64], name[] = NETNS_HELPER_NAME, text[512] = "", try[] = "try";
    char *const as_helper[] = {name, NULL}, *const as_exporter[] = {path, try, NULL};
    struct helper_answer ready = {0};
    int pair[2], output[2];
    try_with(NETNS_HELPER_CAPABILITIES, 65534, text);
    if (strcmp(text, "no such user") == 0)
        skip();
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    make_privileged_copy(path);
    pid_t helpers = run_copy(path, as_helper, pair[1], output[1]);
    close(pair[1]);
    ssize_t got = recv(pair[0], &ready, sizeof ready, 0);
    waitpid(helpers, NULL, 0);
    pid_t exporters = run_copy(path, as_exporter, output[0], output[1]);
    waitpid(exporters, NULL, 0);
    unlink(path);
    close(output[1]);
    assert_true(read(output[0], text, sizeof text - 1) > 0);
    close(output[0]);
    close(pair[0]);
    assert_int_equal(got, sizeof ready);
    assert_int_equal(ready.error, EPERM);
    assert_non_null(strstr(text, "must not get its capabilities from its file"));
}

/* Ask the kernel to destroy the listener there. Returns its errno. */
static int destroy_listener(int fd)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {
        .header = {.nlmsg_len = sizeof request,
                   .nlmsg_type = SOCK_DESTROY,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
        .body = {.sdiag_family = AF_INET,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = UINT32_MAX,
                 .id = {.idiag_sport = htons(LISTENER_PORT),
                        .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
    };
    struct {
        struct nlmsghdr header;
        struct nlmsgerr body;
        char more[256];
    } reply = {0};
    if (send(fd, &request, sizeof request, 0) < 0 || recv(fd, &reply, sizeof reply, 0) < 0 ||
        reply.header.nlmsg_type != NLMSG_ERROR)
        return -1;
    return -reply.body.error;
}

/* What somebody who owns the exporter may not do with what the helper gives. */
static int abuse(void)
{
    struct netns_door door;
    struct netns_target target = target_of(&first);
    helper = netns_helper_start(error, sizeof error);
    if (!helper || capabilities_keep(0) != 0 || enter(&target, &door) != 0)
        return 1;
    int fd = door.descriptors[NETNS_SOCKET];
    if (destroy_listener(fd) != EPERM)
        return 2;
    if (ioctl(fd, SIOCGSKNS) >= 0 || errno != EPERM) /* the namespace itself */
        return 3;
    struct ifreq down = {.ifr_name = "lo"};
    if (ioctl(fd, SIOCSIFFLAGS, &down) == 0 || errno != EPERM)
        return 4;
    if (write(door.descriptors[NETNS_PORT_RANGE], "1 2", 3) >= 0 || errno != EBADF)
        return 5;
    if (ptrace(PTRACE_ATTACH, netns_helper_pid(helper), NULL, NULL) == 0 || errno != EPERM)
        return 6;
    int pidfd = (int)syscall(SYS_pidfd_open, netns_helper_pid(helper), 0);
    if (syscall(__NR_pidfd_getfd, pidfd, 1, 0) >= 0 || errno != EPERM) /* its home */
        return 7;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/net", first.pid);
    fd = open(path, O_RDONLY | O_CLOEXEC); /* of a process with the same user, if at all */
    if (fd >= 0 && setns(fd, CLONE_NEWNET) == 0)
        return 8;
    return 0;
}

static void test_what_cannot_be_had(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(abuse());
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define with_all(test) cmocka_unit_test_setup_teardown(test, start_all, end_all)

int main(int count, char *arguments[])
{
    if (netns_helper_is_asked_for(count, arguments))
        netns_helper_run();
    if (count == 2 && strcmp(arguments[1], "try") == 0) {
        netns_helper_stop(netns_helper_start(error, sizeof error));
        return puts(error) < 0;
    }
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    const struct CMUnitTest tests[] = {
        with_all(test_gives_what_is_in_there),
        with_all(test_gives_the_socket_alone),
        with_all(test_refuses_another_namespace),
        with_all(test_what_is_gone_is_no_failure),
        with_all(test_holds_no_namespace),
        with_all(test_namespaces_that_die_meanwhile),
        with_all(test_has_two_capabilities_and_two_descriptors),
        with_all(test_its_death_is_told),
        with_all(test_its_death_is_noticed_by_who_asks),
        with_all(test_other_signals_do_nothing),
        with_all(test_silence_is_final),
        with_all(test_dies_with_its_parent),
        with_all(test_an_unruly_exporter_has_no_helper),
        with_all(test_each_capability_is_needed),
        with_all(test_works_for_an_ordinary_user),
        with_all(test_file_capabilities_are_refused),
        with_all(test_what_cannot_be_had),
        with_all(test_names),
    };
    return cmocka_run_group_tests_name("netns_helper", tests, NULL, NULL);
}
