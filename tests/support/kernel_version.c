// SPDX-License-Identifier: Apache-2.0
#include "kernel_version.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

bool kernel_is_at_least(unsigned major, unsigned minor)
{
    struct utsname system;
    unsigned running_major, running_minor;

    return uname(&system) == 0 &&
           sscanf(system.release, "%u.%u", &running_major, &running_minor) == 2 &&
           (running_major > major || (running_major == major && running_minor >= minor));
}

bool kernel_has_ipv6(void)
{
    return access("/proc/net/if_inet6", F_OK) == 0;
}
