// SPDX-License-Identifier: Apache-2.0
#include "await.h"

#include "base/clock.h"

#include <errno.h>
#include <time.h>

static const int64_t patience = 30 * NANOSECONDS_PER_SECOND;

int await_until(await_condition *holds, void *context)
{
    const struct timespec step = {.tv_nsec = 1000000};
    const int64_t deadline = clock_now(&system_clock) + patience;

    for (;;) {
        int result = holds(context);
        if (result < 0)
            return result;
        if (result > 0)
            return 0;
        if (clock_now(&system_clock) >= deadline)
            return -ETIMEDOUT;
        nanosleep(&step, NULL);
    }
}
