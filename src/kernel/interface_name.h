// SPDX-License-Identifier: Apache-2.0
#ifndef SOCKDIAG_INTERFACE_NAME_H
#define SOCKDIAG_INTERFACE_NAME_H

#include "sockdiag/socket_record.h"

#include <stdint.h>

/* Read the name of the network interface with this index: "" for index 0, and the number for an
 * interface that is gone, or whose name is not printable ASCII. */
void interface_name_read(uint32_t index, char name[static INTERFACE_NAME_SIZE]);

/* The same in the network namespace that the socket `fd` was made in. */
void interface_name_read_through(int fd, uint32_t index, char name[static INTERFACE_NAME_SIZE]);

#endif
