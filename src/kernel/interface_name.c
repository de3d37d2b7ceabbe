// SPDX-License-Identifier: Apache-2.0
#include "interface_name.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>

void interface_name_read(uint32_t index, char name[static INTERFACE_NAME_SIZE])
{
    name[0] = '\0';
    if (index != 0 && !if_indextoname(index, name))
        snprintf(name, INTERFACE_NAME_SIZE, "%" PRIu32, index);
}
