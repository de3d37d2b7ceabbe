// SPDX-License-Identifier: Apache-2.0
#include "skip.h"

#include "netns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_SKIPPED = 77 };

int enter_namespace_or_skip(void)
{
    int error = netns_enter_own();
    if (!error)
        error = netns_add_void();
    if (!error)
        return 0;
    fprintf(stderr, "SKIPPED, cannot make a network namespace with a veth pair: %s\n",
            strerror(-error));
    return getenv("REQUIRE_NAMESPACES") ? EXIT_FAILURE : EXIT_SKIPPED;
}
