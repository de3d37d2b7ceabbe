// SPDX-License-Identifier: Apache-2.0
#include "exporter_filter.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef CALL_FILTER_ARCHITECTURE

/* Open for reading only. The bits of O_TMPFILE include O_DIRECTORY, which is allowed, but O_TMPFILE
 * needs write access (open(2)). */
#define TO_READ(argument) HAS(argument, O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND, O_RDONLY)

/* No executable memory. */
#define NO_CODE HAS(2, PROT_EXEC, 0)

/* With MSG_FASTOPEN a send connects its socket: a listener that was shut down could reach other
 * hosts, even where Landlock forbids connect(). */
#define NO_CONNECT(argument) HAS(argument, MSG_FASTOPEN, 0)

/* fchmodat2() of Linux 6.6, the first call that no library needs for the exporter. */
enum { FIRST_NEW_CALL = 452 };

static const struct allowed_call allowed[] = {
    /* descriptors */
    ALLOW(read),
    ALLOW(write),
    ALLOW(readv),
    ALLOW(writev),
    ALLOW(pread64),
    ALLOW(lseek),
    ALLOW(close),
    ALLOW_IF(fcntl, IS(1, F_GETFL)),
    ALLOW_IF(fcntl, IS(1, F_SETFL)),
    ALLOW_IF(fcntl, IS(1, F_GETFD)),
    ALLOW_IF(fcntl, IS(1, F_SETFD)),
    ALLOW_IF(fcntl, IS(1, F_DUPFD_CLOEXEC)),
    ALLOW_IF(ioctl, IS(1, SIOCGIFNAME)),
    ALLOW_IF(ioctl, IS(1, TCGETS)),  /* stdio asks whether it writes to a terminal; */
    ALLOW_IF(ioctl, IS(1, TCGETS2)), /* since glibc 2.42 with TCGETS2 */
    ALLOW_IF(ioctl, IS(1, TIOCGWINSZ)),
#ifdef SYS_poll
    ALLOW(poll),
    ALLOW(epoll_wait),
#endif
    ALLOW(ppoll),
    ALLOW(epoll_create1),
    ALLOW(epoll_ctl),
    ALLOW(epoll_pwait),
    ALLOW(eventfd2),

    /* files */
    ALLOW_IF(openat, TO_READ(2)),
#ifdef SYS_open
    ALLOW_IF(open, TO_READ(1)),
    ALLOW(access),
    ALLOW(stat),
    ALLOW(lstat),
#endif
    ALLOW(fstat),
    ALLOW(newfstatat),
    ALLOW(statx),
    ALLOW(faccessat),
    ALLOW(statfs),
    ALLOW(fstatfs),
    ALLOW(getdents64),
    ALLOW(inotify_add_watch),
    ALLOW(inotify_rm_watch),
    ALLOW(inotify_init1),

    /* sockets */
    ALLOW_IF(socket, IS(0, AF_NETLINK), IS(2, NETLINK_SOCK_DIAG)),
    ALLOW_IF(socket, IS(0, AF_NETLINK), IS(2, NETLINK_ROUTE)),
    ALLOW_IF(socket, IS(0, AF_UNIX), HAS(1, SOCK_DGRAM | SOCK_STREAM, SOCK_DGRAM)),
    ALLOW_IF(socketpair, IS(0, AF_UNIX)),
    ALLOW(bind),
    ALLOW(accept4),
    ALLOW_IF(sendto, NO_CONNECT(3)),
    ALLOW_IF(sendmsg, NO_CONNECT(2)),
    ALLOW(recvfrom),
    ALLOW(recvmsg),
    ALLOW(shutdown),
    ALLOW(getsockname),
    ALLOW(getpeername),
    ALLOW(getsockopt),
    ALLOW(setsockopt),

    /* memory */
    ALLOW(brk),
    ALLOW_IF(mmap, NO_CODE),
    ALLOW_IF(mprotect, NO_CODE),
    ALLOW(munmap),
    ALLOW(mremap),
    ALLOW(madvise),

    /* threads, and no processes */
    ALLOW_IF(clone, HAS(0, CLONE_THREAD, CLONE_THREAD)),
    {.number = SYS_clone3, .error = ENOSYS}, /* its flags are in memory; clone() replaces it */
    ALLOW(set_robust_list),
    ALLOW(rseq),
    ALLOW(futex),
    ALLOW(sched_yield),
    ALLOW(sched_getaffinity),
    ALLOW(gettid),
    ALLOW_IF(prctl, IS(0, PR_SET_NAME)),
    ALLOW_IF(prctl, IS(0, PR_GET_NAME)),
    ALLOW(exit),
    ALLOW(exit_group),

    /* signals, time, this process */
    ALLOW(rt_sigaction),
    ALLOW(rt_sigprocmask),
    ALLOW(rt_sigtimedwait),
    ALLOW(rt_sigreturn),
    ALLOW(restart_syscall),
    ALLOW(wait4),
    ALLOW(waitid),
#ifdef SYS_time
    ALLOW(time),
#endif
    ALLOW(gettimeofday),
    ALLOW(clock_gettime),
    ALLOW(clock_getres),
    ALLOW(clock_nanosleep),
    ALLOW(nanosleep),
    ALLOW(getrandom),
    ALLOW(getpid),
    ALLOW(getuid),
    ALLOW(geteuid),
    ALLOW(getgid),
    ALLOW(getegid),
    ALLOW(getrusage),
    ALLOW_IF(prlimit64, IS(2, 0), HIGH_IS(2, 0)), /* read a limit, do not set one */
#ifdef SYS_getrlimit
    ALLOW(getrlimit),
#endif
    ALLOW(sysinfo),
    ALLOW(uname),

    {.number = FIRST_NEW_CALL, .error = ENOSYS, .and_higher = true},
};
enum { ALLOWED = sizeof allowed / sizeof allowed[0] };

#else

static const struct allowed_call allowed[1];
enum { ALLOWED = 0 };

#endif

size_t exporter_filter_list(pid_t child, struct allowed_call calls[static EXPORTER_CALLS_MOST])
{
    const uint32_t self = (uint32_t)getpid();
    const struct allowed_call signals[] = {
        ALLOW_IF(kill, IS(0, self)),
        ALLOW_IF(tgkill, IS(0, self)), /* abort() */
        ALLOW_IF(kill, IS(0, (uint32_t)child)),
    };
    const size_t count = child > 0 ? 3 : 2;
    _Static_assert(ALLOWED + 3 <= EXPORTER_CALLS_MOST, "the list is longer than its room");
    memcpy(calls, allowed, ALLOWED * sizeof allowed[0]);
    memcpy(calls + ALLOWED, signals, count * sizeof signals[0]);
    return ALLOWED + count;
}

int exporter_filter_apply(pid_t child)
{
    struct allowed_call calls[EXPORTER_CALLS_MOST];
    return call_filter_apply(calls, exporter_filter_list(child, calls));
}
