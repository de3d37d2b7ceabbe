// SPDX-License-Identifier: Apache-2.0
/*
 * Notifications to systemd: sd_notify(3) without libsystemd. The protocol is one datagram to the
 * socket named in $NOTIFY_SOCKET.
 */
#ifndef SOCKDIAG_SERVICE_NOTIFY_H
#define SOCKDIAG_SERVICE_NOTIFY_H

#include <stdbool.h>

/* Send `message`, such as "READY=1", without waiting. False on failure, for example when the queue
 * of the socket is full. True also without a $NOTIFY_SOCKET. */
bool service_notify(const char *message);

#endif
