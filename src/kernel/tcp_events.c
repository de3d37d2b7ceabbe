// SPDX-License-Identifier: Apache-2.0
#include "tcp_events.h"

#include "event_ring.h"
#include "proc_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* States as in include/net/tcp_states.h: 1 ESTABLISHED, 2 SYN_SENT, 3 SYN_RECV, 4 FIN_WAIT1, 7
 * CLOSE. When connect() finds no port, the socket has no local port; when it is refused, the socket
 * has one. An MPTCP socket makes the same changes once more, with a protocol number of its own. */
static const char *const filters[TCP_EVENTS] = {
    [TCP_EVENT_PORT_FAILURE] = "oldstate==2 && newstate==7 && sport==0 && protocol==6",
    [TCP_EVENT_CLOSED_FIRST] = "newstate==4 && (oldstate==1 || oldstate==3) && protocol==6",
};

/* The mount point of tracefs, and its place on hosts that mount only debugfs. */
static const char *const tracefs_roots[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

enum { RING_SIZE = 16384, CPUS_MOST = 4096 };

/* The event on one CPU. The kernel stops an event that has too many samples until its next tick
 * (kernel.perf_event_max_sample_rate). So a descriptor that samples each event does not count all
 * of them, and another one counts. */
struct cpu_events {
    unsigned number;
    bool detached; /* the CPU was offline, and the kernel has detached the event */
    int counter;   /* the same as `sampler` unless each event is sampled */
    int sampler;
    struct perf_event_mmap_page *ring; /* of `sampler` */
};

struct tcp_events {
    struct event_form form;
    uint64_t period;
    unsigned count; /* of `cpus` */
    struct cpu_events cpus[];
};

const char *tcp_event_name(enum tcp_event event)
{
    static const char *const names[] = {
        [TCP_EVENT_PORT_FAILURE] = "connect_port_failure",
        [TCP_EVENT_CLOSED_FIRST] = "closed_first",
    };
    return names[event];
}

/* ---- tracefs ---- */

static bool complain(char *error, size_t size, int error_number, const char *what)
{
    snprintf(error, size, "%s: %s", what, strerror(error_number));
    return false;
}

/* Read a file of the tracepoint into `text`, NUL-terminated. 0 or -errno. */
static int read_event_file(const char *name, char *text, size_t size)
{
    int error = -ENOENT;
    for (size_t i = 0; i < sizeof tracefs_roots / sizeof tracefs_roots[0]; i++) {
        char path[64];
        struct fault fault;
        snprintf(path, sizeof path, "events/sock/inet_sock_set_state/%s", name);
        if (proc_file_read_text(text, size, tracefs_roots[i], path, &fault))
            return 0;
        if (error == -ENOENT)
            error = -fault.error_number;
    }
    return error;
}

/* Find the id of the tracepoint, and the layout of its data. */
static bool find_tracepoint(uint64_t *id, struct event_layout *layout, char *error, size_t size)
{
    char text[8192];
    int result = read_event_file("id", text, sizeof text);
    if (result == -EACCES)
        return complain(error, size, EACCES, "only root and CAP_DAC_READ_SEARCH can read tracefs");
    if (result < 0)
        return complain(error, size, -result,
                        "no tracepoint sock:inet_sock_set_state in /sys/kernel/tracing: the kernel "
                        "is older than 4.16, or tracefs is not mounted");
    *id = strtoull(text, NULL, 10);
    result = read_event_file("format", text, sizeof text);
    if (result < 0 || !event_layout_parse(text, layout))
        return complain(error, size, result < 0 ? -result : EPROTO,
                        "cannot read the format of sock:inet_sock_set_state");
    return true;
}

/* ---- perf ---- */

static bool explain_perf(char *error, size_t size, int error_number)
{
    if (error_number == EINVAL)
        return complain(error, size, error_number,
                        "the kernel does not support this kind of perf_event_open()");
    if (error_number == EACCES || error_number == EPERM)
        return complain(error, size, error_number,
                        "perf_event_open() needs CAP_PERFMON outside of any user namespace, "
                        "kernel.perf_event_paranoid at most 2, and a kernel without lockdown");
    return complain(error, size, error_number, "perf_event_open()");
}

/* Open the event on a CPU, disabled. It samples one of `period` events; 0: it only counts. Returns
 * a descriptor or -errno. */
static int open_event(const struct tcp_events *events, uint64_t id, enum tcp_event event,
                      unsigned cpu, uint64_t period)
{
    uint64_t cgroup = events->form.has_cgroups ? PERF_SAMPLE_CGROUP : 0;
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_TRACEPOINT,
        .size = sizeof attributes,
        .config = id,
        .sample_period = period,
        .sample_type = period ? PERF_SAMPLE_TID | PERF_SAMPLE_RAW | cgroup : 0,
        .disabled = 1,
    };
    int fd = (int)syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filters[event]) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

static void close_cpu(const struct tcp_events *events, const struct cpu_events *cpu)
{
    if (cpu->ring != MAP_FAILED)
        munmap(cpu->ring, events->form.ring_size + events->form.page_size);
    if (cpu->counter >= 0 && cpu->counter != cpu->sampler)
        close(cpu->counter);
    close(cpu->sampler);
}

/* Open the event on a CPU. 0, or -errno with nothing left open: -ENODEV if the CPU is offline,
 * -EINVAL if the host cannot have it. */
static int open_cpu(struct tcp_events *events, uint64_t id, enum tcp_event event, unsigned number)
{
    struct cpu_events *cpu = &events->cpus[events->count];
    cpu->number = number;
    cpu->sampler = open_event(events, id, event, number, events->period);
    if (cpu->sampler < 0)
        return cpu->sampler;
    cpu->counter = events->period > 1 ? cpu->sampler : open_event(events, id, event, number, 0);
    cpu->ring = mmap(NULL, events->form.ring_size + events->form.page_size, PROT_READ | PROT_WRITE,
                     MAP_SHARED, cpu->sampler, 0);
    int error = cpu->ring == MAP_FAILED ? -errno : cpu->counter < 0 ? cpu->counter : 0;
    if (error) {
        close_cpu(events, cpu);
        return error;
    }
    events->count++;
    ioctl(cpu->counter, PERF_EVENT_IOC_ENABLE, 0);
    ioctl(cpu->sampler, PERF_EVENT_IOC_ENABLE, 0);
    return 0;
}

/* Do samples have the cgroup of the v2 hierarchy? They report the cgroup in the hierarchy of the
 * perf_event controller (perf_prepare_sample(), kernel/events/core.c). Its number in /proc/cgroups
 * is 0 if it is v2 (cgroups(7)). */
static bool knows_cgroups(void)
{
    char text[4096];
    struct fault ignored;
    if (!proc_file_read_text(text, sizeof text, "/proc", "cgroups", &ignored))
        return false;
    const char *line = strstr(text, "\nperf_event\t");
    return line && strtoul(line + strlen("\nperf_event\t"), NULL, 10) == 0;
}

/* Open the event on every CPU that is online. Returns -EINVAL after the last CPU, or the error of
 * one that failed. */
static int open_all(struct tcp_events *events, uint64_t id, enum tcp_event event)
{
    int result = -ENODEV;
    for (unsigned cpu = 0; cpu < CPUS_MOST && (result == 0 || result == -ENODEV); cpu++)
        result = open_cpu(events, id, event, cpu);
    return result == 0 || result == -ENODEV ? -EINVAL : result;
}

struct tcp_events *tcp_events_open(enum tcp_event event, uint64_t period, char *error,
                                   size_t error_size)
{
    uint64_t id;
    struct event_layout layout;
    if (!find_tracepoint(&id, &layout, error, error_size))
        return NULL;
    struct tcp_events *events = calloc(1, sizeof *events + CPUS_MOST * sizeof events->cpus[0]);
    if (!events) {
        complain(error, error_size, ENOMEM, "cannot count TCP events");
        return NULL;
    }
    events->form.layout = layout;
    events->period = period;
    events->form.page_size = (size_t)sysconf(_SC_PAGESIZE);
    events->form.ring_size =
        events->form.page_size > RING_SIZE ? events->form.page_size : RING_SIZE;
    events->form.has_cgroups = knows_cgroups();
    int result = open_all(events, id, event);
    if (result == -EINVAL && events->count == 0 && events->form.has_cgroups) {
        events->form.has_cgroups = false; /* Linux before 5.7 has no PERF_SAMPLE_CGROUP */
        result = open_all(events, id, event);
    }
    if (events->count > 0 && result == -EINVAL)
        return events;
    explain_perf(error, error_size, -result);
    tcp_events_close(events);
    return NULL;
}

void tcp_events_close(struct tcp_events *events)
{
    if (!events)
        return;
    for (unsigned i = 0; i < events->count; i++)
        close_cpu(events, &events->cpus[i]);
    free(events);
}

uint64_t tcp_events_period(const struct tcp_events *events)
{
    return events->period;
}

uint64_t tcp_events_count(const struct tcp_events *events)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < events->count; i++) {
        uint64_t count = 0;
        if (read(events->cpus[i].counter, &count, sizeof count) == sizeof count)
            sum += count;
    }
    return sum;
}

/* Set the bit of each CPU of a list such as "0-3,8". */
static void parse_cpus(const char *list, uint64_t bits[static CPUS_MOST / 64])
{
    while (*list >= '0' && *list <= '9') {
        char *end;
        unsigned long first = strtoul(list, &end, 10), last = first;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        for (unsigned long cpu = first; cpu <= last && cpu < CPUS_MOST; cpu++)
            bits[cpu / 64] |= UINT64_C(1) << cpu % 64;
        list = *end == ',' ? end + 1 : end;
    }
}

unsigned tcp_events_uncounted_cpus(struct tcp_events *events)
{
    char list[4096] = "";
    uint64_t online[CPUS_MOST / 64] = {0};
    unsigned uncounted = 0;
    struct fault ignored;
    if (!proc_file_read_text(list, sizeof list, "/sys/devices/system/cpu", "online", &ignored))
        return 0;
    parse_cpus(list, online);
    for (unsigned i = 0; i < events->count; i++) {
        uint64_t *bits = &online[events->cpus[i].number / 64];
        uint64_t bit = UINT64_C(1) << events->cpus[i].number % 64;
        events->cpus[i].detached |= !(*bits & bit);
        if (!events->cpus[i].detached)
            *bits &= ~bit;
    }
    for (size_t i = 0; i < sizeof online / sizeof online[0]; i++)
        uncounted += (unsigned)__builtin_popcountll(online[i]);
    return uncounted;
}

/* ---- samples ---- */

uint64_t tcp_events_read(struct tcp_events *events, tcp_event_consumer *consume, void *context)
{
    uint64_t lost = 0;
    for (unsigned i = 0; i < events->count; i++)
        lost += event_ring_read(&events->form, events->cpus[i].ring, consume, context);
    return lost;
}
