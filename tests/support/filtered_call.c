// SPDX-License-Identifier: Apache-2.0
#include "filtered_call.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Load the filter, act, and end by a bare system call: the _exit() of a sanitizer makes others. */
static _Noreturn void act_filtered(int (*load_filter)(void), void (*act)(const void *),
                                   const void *argument)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || load_filter() != 0)
        raise(SIGKILL);
    errno = 0;
    act(argument);
    syscall(SYS_exit_group, errno == ENOSYS ? CALL_NOT_THERE : CALL_MADE);
    abort();
}

int filtered_call_outcome(int (*load_filter)(void), void (*act)(const void *), const void *argument)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        act_filtered(load_filter, act, argument);
    if (waitpid(pid, &status, 0) != pid)
        return -SIGKILL;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void filtered_call_make(const void *call)
{
    const struct filtered_call *c = call;
    syscall(c->number, c->arguments[0], c->arguments[1], c->arguments[2], c->arguments[3]);
}

bool filtered_call_is_exempt(long number)
{
#ifdef __x86_64__
    return number == 335 || number == 336; /* uretprobe, uprobe */
#else
    (void)number;
    return false;
#endif
}
