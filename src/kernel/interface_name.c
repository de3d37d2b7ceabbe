// SPDX-License-Identifier: Apache-2.0
#include "interface_name.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Any process that may create an interface, in a container for example, chooses its name. The
 * kernel accepts all bytes except white space, '/' and ':' (dev_valid_name(), net/core/dev.c). One
 * label that is not UTF-8 would make the whole exposition invalid. */
static bool is_printable(const char *name)
{
    for (; *name; name++) {
        if (*name < '!' || *name > '~')
            return false;
    }
    return true;
}

void interface_name_read(uint32_t index, char name[static INTERFACE_NAME_SIZE])
{
    name[0] = '\0';
    if (index == 0)
        return;
    /* Not if_indextoname(): without a free descriptor, glibc 2.31 tries other address families
     * there, for which the exporter's filter kills the process. */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    interface_name_read_through(fd, index, name);
    if (fd >= 0)
        close(fd);
}

void interface_name_read_through(int fd, uint32_t index, char name[static INTERFACE_NAME_SIZE])
{
    struct ifreq request = {.ifr_ifindex = (int)index};
    name[0] = '\0';
    if (index == 0)
        return;
    if (ioctl(fd, SIOCGIFNAME, &request) == 0 && is_printable(request.ifr_name))
        snprintf(name, INTERFACE_NAME_SIZE, "%s", request.ifr_name);
    else
        snprintf(name, INTERFACE_NAME_SIZE, "%" PRIu32, index);
}
