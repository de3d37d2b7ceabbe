// SPDX-License-Identifier: Apache-2.0
/* After its start the helper makes only the system calls that netns_helper_filter.c allows. It
 * calls syscall(), because the functions of a library may use other calls. */
#include "netns_helper_process.h"

#include <dirent.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/stat.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netns_helper_protocol.h"

bool netns_helper_is_asked_for(int count, char *const arguments[])
{
    return count == 1 && strcmp(arguments[0], NETNS_HELPER_NAME) == 0;
}

static _Noreturn void end(int code)
{
    for (;;)
        syscall(SYS_exit_group, code);
}

static int open_here(const char *path, int flags)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags);
}

/* Read the inode of `path`, or of `fd` itself if the path is empty. */
static int read_inode(int fd, const char *path, struct statx *status)
{
    return (int)syscall(SYS_statx, fd, path, AT_EMPTY_PATH, STATX_INO, status);
}

static void close_descriptor(int fd)
{
    syscall(SYS_close, fd);
}

/* Is the request valid, to the last byte? */
static bool is_request(const struct helper_request *request)
{
    static const char zeros[sizeof request->target.name + sizeof request->target.padding];
    const struct netns_target *target = &request->target;
    size_t length = strnlen(target->name, sizeof target->name);
    if (request->magic != HELPER_MAGIC || request->with_settings > 1 || target->pid < 0 ||
        length == sizeof target->name || (target->pid == 0) == (length == 0))
        return false;
    /* The name must be that of a file in run/netns. */
    if (strchr(target->name, '/') || strcmp(target->name, ".") == 0 ||
        strcmp(target->name, "..") == 0)
        return false;
    return memcmp(target->name + length, zeros, sizeof target->name - length) == 0 &&
           memcmp(target->padding, zeros, sizeof target->padding) == 0;
}

/* Open the namespace. Returns a descriptor or -errno. The inode of a name is checked here, on the
 * open file, which nobody can exchange later; that of a process in check_namespace(). */
static int open_namespace(const struct netns_target *target)
{
    char path[sizeof "run/netns/" + NAME_MAX];
    struct statx status;
    if (target->pid > 0)
        snprintf(path, sizeof path, "proc/%d/ns/net", target->pid);
    else
        snprintf(path, sizeof path, "run/netns/%s", target->name);
    int fd = open_here(path, target->pid > 0 ? NETNS_OPEN_FLAGS : NETNS_OPEN_NAME_FLAGS);
    if (fd < 0)
        return -errno;
    if (target->pid > 0 || (read_inode(fd, "", &status) == 0 && status.stx_ino == target->inode))
        return fd;
    close_descriptor(fd);
    return -ESTALE;
}

/* In the namespace: is it the expected one? 0 or -errno. */
static int check_namespace(const struct netns_target *target, uint64_t *inode)
{
    struct statx status;
    if (read_inode(AT_FDCWD, "proc/thread-self/net/sockstat", &status) != 0)
        return -errno;
    *inode = status.stx_ino;
    return target->pid > 0 && *inode != target->inode ? -ESTALE : 0;
}

/* In the namespace: fill `descriptors`. Returns their number or -errno. */
static int open_descriptors(bool with_settings, int descriptors[static NETNS_DESCRIPTORS])
{
    static const char *const settings[NETNS_DESCRIPTORS] = {
        [NETNS_PORT_RANGE] = "proc/sys/net/ipv4/ip_local_port_range",
        [NETNS_RESERVED_PORTS] = "proc/sys/net/ipv4/ip_local_reserved_ports",
        [NETNS_TIME_WAIT_LIMIT] = "proc/sys/net/ipv4/tcp_max_tw_buckets",
    };
    int count = 0, error = 0;
    for (int i = 0; i < (with_settings ? NETNS_DESCRIPTORS : 1); i++) {
        int fd = i == NETNS_SOCKET ? (int)syscall(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
                                                  NETLINK_SOCK_DIAG)
                                   : open_here(settings[i], NETNS_OPEN_FLAGS);
        if (fd < 0) {
            error = -errno;
            break;
        }
        descriptors[count++] = fd;
    }
    while (error && count > 0)
        close_descriptor(descriptors[--count]);
    return error ? error : count;
}

/* Enter the namespace, open the descriptors there, and go back: a process inside would keep the
 * namespace alive. Returns the number of descriptors or -errno. */
static int visit(int home, const struct helper_request *request, uint64_t *inode,
                 int descriptors[static NETNS_DESCRIPTORS])
{
    int fd = open_namespace(&request->target);
    if (fd < 0)
        return fd;
    int result = syscall(SYS_setns, fd, CLONE_NEWNET) == 0 ? 0 : -errno;
    close_descriptor(fd);
    if (result)
        return result;
    result = check_namespace(&request->target, inode);
    if (!result)
        result = open_descriptors(request->with_settings, descriptors);
    if (syscall(SYS_setns, home, CLONE_NEWNET) != 0)
        end(EXIT_FAILURE);
    return result;
}

/* Send the answer with its descriptors, and close them here. */
static void send_answer(const struct helper_answer *answer, const int *descriptors)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(NETNS_DESCRIPTORS * sizeof(int))] = {0};
    struct iovec part = {(void *)answer, sizeof *answer};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    size_t size = answer->descriptors * sizeof(int);
    if (size > 0) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        *rights = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(rights), descriptors, size);
    }
    if (syscall(SYS_sendmsg, NETNS_HELPER_SOCKET, &header, MSG_NOSIGNAL) < 0)
        end(EXIT_FAILURE);
    for (uint32_t i = 0; i < answer->descriptors; i++)
        close_descriptor(descriptors[i]);
}

/* Answer one request. Exits when the exporter has ended, and at an invalid request. A request with
 * descriptors is invalid, too: there is no room for them (MSG_CTRUNC). */
static void serve(int home)
{
    struct helper_request request = {0};
    struct iovec part = {&request, sizeof request};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t got = syscall(SYS_recvmsg, NETNS_HELPER_SOCKET, &header, 0);
    if (got == 0)
        end(EXIT_SUCCESS);
    if (got != sizeof request || header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ||
        !is_request(&request))
        end(EXIT_FAILURE);
    int descriptors[NETNS_DESCRIPTORS] = {-1, -1, -1, -1};
    struct helper_answer answer = {.magic = HELPER_MAGIC, .number = request.number};
    int result = visit(home, &request, &answer.inode, descriptors);
    answer.error = result < 0 ? -result : 0;
    answer.descriptors = result > 0 ? (uint32_t)result : 0;
    send_answer(&answer, descriptors);
}

static void limit_resources(void)
{
    static const struct {
        unsigned resource;
        rlim_t limit;
    } limits[] = {{RLIMIT_CORE, 0},      {RLIMIT_FSIZE, 0},    {RLIMIT_NPROC, 0},
                  {RLIMIT_MEMLOCK, 0},   {RLIMIT_MSGQUEUE, 0}, {RLIMIT_NOFILE, 16},
                  {RLIMIT_SIGPENDING, 0}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct rlimit both = {limits[i].limit, limits[i].limit};
        setrlimit(limits[i].resource, &both);
    }
}

/* Close all descriptors above `kept`. closefrom() is not in every library, and close_range() not in
 * every kernel. */
static bool close_all_above(int kept)
{
    DIR *open_ones = opendir("/proc/self/fd");
    if (!open_ones)
        return false;
    for (struct dirent *entry; (entry = readdir(open_ones));) {
        int fd = atoi(entry->d_name); /* "." and ".." are 0 */
        if (fd > kept && fd != dirfd(open_ones))
            close(fd);
    }
    closedir(open_ones);
    return true;
}

/* Drop all that the helper does not need. Returns the descriptor of the home namespace, or -errno.
 */
static int prepare(void)
{
    int type = 0;
    socklen_t length = sizeof type;
    if (getsockopt(NETNS_HELPER_SOCKET, SOL_SOCKET, SO_TYPE, &type, &length) != 0 ||
        type != SOCK_SEQPACKET)
        return -ENOTSOCK;
    /* With file capabilities, any user could start a helper. */
    if (getauxval(AT_SECURE))
        return -EPERM;
    /* A terminal and systemd send signals to the helper, too. Only the exporter ends it. */
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || chdir("/") != 0 ||
        !close_all_above(NETNS_HELPER_SOCKET))
        return -errno;
    int home = open_here("proc/self/ns/net", NETNS_OPEN_FLAGS);
    if (home < 0)
        return -errno;
    limit_resources();
    int error = capabilities_keep(NETNS_HELPER_CAPABILITIES);
    if (error)
        return error;
    if (prctl(PR_SET_NAME, "netns-helper") != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return -errno;
    error = netns_helper_apply_filter();
    return error ? error : home;
}

_Noreturn void netns_helper_run(void)
{
    int home = prepare();
    const struct helper_answer ready = {.magic = HELPER_MAGIC, .error = home < 0 ? -home : 0};
    send_answer(&ready, NULL);
    if (home < 0)
        end(EXIT_FAILURE);
    for (;;)
        serve(home);
}
