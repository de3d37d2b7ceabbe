// SPDX-License-Identifier: Apache-2.0
#include "await.h"

#include <errno.h>
#include <stdint.h>
#include <time.h>

#define DEADLINE_MS 5000

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int await_until(await_condition *holds, void *context)
{
    const struct timespec step = {.tv_nsec = 1000000};
    const int64_t deadline = now_ms() + DEADLINE_MS;

    for (;;) {
        int result = holds(context);
        if (result < 0)
            return result;
        if (result > 0)
            return 0;
        if (now_ms() >= deadline)
            return -ETIMEDOUT;
        nanosleep(&step, NULL);
    }
}
