// SPDX-License-Identifier: Apache-2.0
#include "interface_name.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

void interface_name_read(uint32_t index, char name[static INTERFACE_NAME_SIZE])
{
    name[0] = '\0';
    if (index != 0 && !if_indextoname(index, name))
        snprintf(name, INTERFACE_NAME_SIZE, "%" PRIu32, index);
}

void interface_name_read_through(int fd, uint32_t index, char name[static INTERFACE_NAME_SIZE])
{
    struct ifreq request = {.ifr_ifindex = (int)index};
    name[0] = '\0';
    if (index == 0)
        return;
    if (ioctl(fd, SIOCGIFNAME, &request) == 0)
        memcpy(name, request.ifr_name, INTERFACE_NAME_SIZE);
    else
        snprintf(name, INTERFACE_NAME_SIZE, "%" PRIu32, index);
}
