// SPDX-License-Identifier: Apache-2.0
/*
 * Does every HTTP server read the head of this request in the same way? libmicrohttpd accepts heads
 * that RFC 9112 forbids, and if a proxy in front reads one differently, a client can hide a request
 * within another (request smuggling).
 *
 * One such head is not seen: libmicrohttpd 0.9.75 takes a field line that begins with ":" for the
 * end of the head, and reports nothing of it.
 */
#ifndef SOCKDIAG_WEB_HTTP_HEAD_H
#define SOCKDIAG_WEB_HTTP_HEAD_H

#include <microhttpd.h>

enum { HTTP_HEAD_MAX = 16384 }; /* bytes, from the request line to the empty line */

/* The status that the request must be refused with, 400 or 431, or 0. `version` is as libmicrohttpd
 * gives it: "HTTP/1.1". For its first call of the handler for a request. */
unsigned http_head_check(struct MHD_Connection *connection, const char *version);

#endif
