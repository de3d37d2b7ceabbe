// SPDX-License-Identifier: Apache-2.0
/*
 * To be preloaded: the clock of the day is ahead of the machine's by as many seconds as the file
 * $CLOCK_OFFSET says, which can change at any time. Nobody can set the machine's own in a test.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static const volatile int64_t *ahead;

static void __attribute__((constructor)) map_offset(void)
{
    const char *path = getenv("CLOCK_OFFSET");
    int fd = path ? open(path, O_RDONLY) : -1;
    void *mapped = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
    if (fd < 0 || mapped == MAP_FAILED)
        abort();
    ahead = mapped;
}

int clock_gettime(clockid_t clock_id, struct timespec *tp)
{
    static int (*next)(clockid_t, struct timespec *);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    int result = next(clock_id, tp);
    if (result == 0 && clock_id == CLOCK_REALTIME && ahead)
        tp->tv_sec += *ahead;
    return result;
}

time_t time(time_t *timer)
{
    struct timespec day = {0};
    clock_gettime(CLOCK_REALTIME, &day);
    if (timer)
        *timer = day.tv_sec;
    return day.tv_sec;
}
