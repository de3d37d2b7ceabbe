// SPDX-License-Identifier: Apache-2.0
#include "netns_events.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_link(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1U << (RTNLGRP_NSID - 1)};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Watch the directory of names unless it is watched: it appears with the first `ip netns add`.
 * Returns whether a watch was added. */
static bool watch_names(struct netns_events *events)
{
    if (events->watch >= 0 || events->files < 0)
        return false;
    events->watch = inotify_add_watch(events->files, events->names_root,
                                      IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM |
                                          IN_DELETE_SELF | IN_ONLYDIR);
    return events->watch >= 0;
}

void netns_events_open(struct netns_events *events, const char *names_root)
{
    *events = (struct netns_events){
        .names_root = names_root,
        .link = open_link(),
        .files = inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
        .watch = -1,
    };
    watch_names(events);
}

void netns_events_close(struct netns_events *events)
{
    if (events->link >= 0)
        close(events->link);
    if (events->files >= 0)
        close(events->files);
}

/* Read all messages; returns whether there were any. ENOBUFS means that messages were lost. */
static bool take_link(int fd)
{
    char message[4096];
    bool any = false;
    while (fd >= 0 && (recv(fd, message, sizeof message, 0) >= 0 || errno == ENOBUFS))
        any = true;
    return any;
}

/* Read all events; returns whether there were any. IN_IGNORED: the directory is gone, and with it
 * the watch. */
static bool take_files(struct netns_events *events)
{
    _Alignas(struct inotify_event) char buffer[4096];
    bool any = false;
    ssize_t length;
    while (events->files >= 0 && (length = read(events->files, buffer, sizeof buffer)) > 0) {
        const struct inotify_event *event;
        for (ssize_t i = 0; i < length; i += (ssize_t)(sizeof *event + event->len)) {
            event = (const struct inotify_event *)(buffer + i);
            if (event->mask & IN_IGNORED)
                events->watch = -1;
        }
        any = true;
    }
    return watch_names(events) || any;
}

bool netns_events_take(struct netns_events *events)
{
    bool link = take_link(events->link);
    return take_files(events) || link;
}
