// SPDX-License-Identifier: Apache-2.0
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MESSAGE_MS = 30000, END_MS = 60000 }; /* how long to wait for each */

/* Open the socket that receives messages to systemd. Its abstract name is known in this network
 * namespace only. `name` gets the value for $NOTIFY_SOCKET. Returns -1 on failure. */
static int open_notify_socket(char name[static 64])
{
    static unsigned serial;
    snprintf(name, 64, "@sockdiag-test-%d-%u", getpid(), serial++);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path + 1, name + 1, strlen(name + 1));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, length) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static _Noreturn void become_exporter(const char *const arguments[], const char *notify_name,
                                      int error_fd, void (*before_exec)(void))
{
    const char *program = getenv("EXPORTER");
    const char *argv[DAEMON_MAX_ARGUMENTS + 2] = {"sockdiag_exporter"};
    for (int i = 0; i < DAEMON_MAX_ARGUMENTS && arguments[i]; i++)
        argv[i + 1] = arguments[i];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_DFL); /* ignored if a shell started the tests in the background */
    setenv("NOTIFY_SOCKET", notify_name, 1);
    dup2(error_fd, STDERR_FILENO);
    if (before_exec)
        before_exec();
    if (program)
        execv(program, (char *const *)argv);
    _exit(127);
}

int daemon_start(struct daemon *daemon, const char *const arguments[], void (*before_exec)(void))
{
    char notify_name[64];
    int errors[2];
    daemon->notify_fd = open_notify_socket(notify_name);
    if (daemon->notify_fd < 0 || pipe2(errors, O_CLOEXEC) < 0)
        return -errno;
    daemon->error_fd = errors[0];
    daemon->pid = fork();
    if (daemon->pid == 0)
        become_exporter(arguments, notify_name, errors[1], before_exec);
    close(errors[1]);
    return daemon->pid < 0 ? -errno : 0;
}

bool daemon_await_message(const struct daemon *daemon, const char *message)
{
    char received[256];
    struct pollfd pollfd = {.fd = daemon->notify_fd, .events = POLLIN};
    while (poll(&pollfd, 1, MESSAGE_MS) == 1) {
        ssize_t length = recv(daemon->notify_fd, received, sizeof received - 1, 0);
        if (length < 0)
            return false;
        received[length] = '\0';
        if (strcmp(received, message) == 0)
            return true;
    }
    return false;
}

void daemon_drop_messages(const struct daemon *daemon)
{
    char dropped;
    while (recv(daemon->notify_fd, &dropped, sizeof dropped, MSG_DONTWAIT) >= 0)
        ;
}

bool daemon_limit(const struct daemon *daemon, unsigned resource, rlim_t limit)
{
    char path[32];
    struct stat owner;
    int status = -1;
    snprintf(path, sizeof path, "/proc/%d", daemon->pid);
    if (stat(path, &owner) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit both = {limit, limit};
        _exit(setresgid(owner.st_gid, owner.st_gid, owner.st_gid) == 0 &&
                      setresuid(owner.st_uid, owner.st_uid, owner.st_uid) == 0 &&
                      prlimit(daemon->pid, resource, &both, NULL) == 0
                  ? 0
                  : 1);
    }
    return waitpid(pid, &status, 0) == pid && status == 0;
}

/* Wait for the end; after END_MS kill it. Its exit code, or the negative number of the signal that
 * ended it. */
static int await_exit(pid_t pid)
{
    int status;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd pollfd = {.fd = pidfd, .events = POLLIN};
    if (pidfd < 0 || poll(&pollfd, 1, END_MS) != 1)
        kill(pid, SIGKILL);
    if (pidfd >= 0)
        close(pidfd);
    if (waitpid(pid, &status, 0) != pid)
        return -SIGKILL;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Read until the end of file, into a string that is cut to fit into `size` bytes. */
static void read_to_end(int fd, char *text, size_t size)
{
    size_t used = 0;
    ssize_t got;
    while (used < size - 1 && (got = read(fd, text + used, size - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
}

int daemon_end(struct daemon *daemon, int signal_number)
{
    if (signal_number)
        kill(daemon->pid, signal_number);
    int code = await_exit(daemon->pid);
    daemon->pid = 0;
    read_to_end(daemon->error_fd, daemon->errors, sizeof daemon->errors);
    close(daemon->error_fd);
    close(daemon->notify_fd);
    return code;
}
