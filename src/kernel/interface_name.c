// SPDX-License-Identifier: Apache-2.0
#include "interface_name.h"

#include <inttypes.h>
#include <stdio.h>

void interface_name_read(uint32_t index, char name[static IF_NAMESIZE])
{
    name[0] = '\0';
    if (index != 0 && !if_indextoname(index, name))
        snprintf(name, IF_NAMESIZE, "%" PRIu32, index);
}
