// SPDX-License-Identifier: Apache-2.0
/*
 * What a service tells systemd: sd_notify(3) without libsystemd. The protocol is one datagram to
 * the socket named in $NOTIFY_SOCKET. Where nobody listens, the calls do nothing.
 */
#ifndef SOCKDIAG_SERVICE_NOTIFY_H
#define SOCKDIAG_SERVICE_NOTIFY_H

/* Send `message`, such as "READY=1" or "WATCHDOG=1". A lost message is not an error: systemd acts
 * on its absence. */
void service_notify(const char *message);

#endif
