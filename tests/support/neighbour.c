// SPDX-License-Identifier: Apache-2.0
#include "neighbour.h"

#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

uint64_t neighbour_find_inode(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_ino : 0;
}

static _Noreturn void live(int leash, int (*inhabit)(void *), void *argument)
{
    char none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int outcome = netns_enter_own();
    if (outcome == 0 && inhabit)
        outcome = inhabit(argument);
    if (write(leash, &outcome, sizeof outcome) == sizeof outcome)
        while (read(leash, &none, 1) < 0 && errno == EINTR)
            ;
    _exit(0);
}

int neighbour_start(struct neighbour *neighbour, int (*inhabit)(void *argument), void *argument)
{
    int ends[2], outcome = -EPIPE;
    char path[64];
    *neighbour = (struct neighbour){.leash = -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    neighbour->leash = ends[0];
    neighbour->pid = fork();
    if (neighbour->pid == 0) {
        close(ends[0]);
        live(ends[1], inhabit, argument);
    }
    close(ends[1]);
    if (neighbour->pid < 0 || read(ends[0], &outcome, sizeof outcome) != sizeof outcome ||
        outcome != 0) {
        neighbour_end(neighbour);
        return outcome;
    }
    snprintf(path, sizeof path, "/proc/%d/net/sockstat", neighbour->pid);
    neighbour->inode = neighbour_find_inode(path);
    return 0;
}

void neighbour_kill(struct neighbour *neighbour)
{
    siginfo_t end;
    kill(neighbour->pid, SIGKILL);
    waitid(P_PID, (id_t)neighbour->pid, &end, WEXITED | WNOWAIT);
}

void neighbour_end(struct neighbour *neighbour)
{
    if (neighbour->leash >= 0)
        close(neighbour->leash);
    neighbour->leash = -1;
    if (neighbour->pid <= 0)
        return;
    kill(neighbour->pid, SIGKILL);
    waitpid(neighbour->pid, NULL, 0);
    neighbour->pid = 0;
}

int neighbour_make_run_netns(void)
{
    bool made = unshare(CLONE_NEWNS) == 0 &&
                mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                mount("none", "/run", "tmpfs", 0, NULL) == 0 && mkdir("/run/netns", 0755) == 0;
    return made ? 0 : -errno;
}

int neighbour_name(const struct neighbour *neighbour, const char *path)
{
    char source[64];
    snprintf(source, sizeof source, "/proc/%d/ns/net", neighbour->pid);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    close(fd);
    return mount(source, path, NULL, MS_BIND, NULL) == 0 ? 0 : -errno;
}
