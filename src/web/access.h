// SPDX-License-Identifier: Apache-2.0
/*
 * Who is let in: a web configuration in force, and what is known of the passwords of its users. It
 * belongs to the listeners that serve with its TLS settings, so a connection is judged by one
 * configuration from its handshake to its last request. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_ACCESS_H
#define SOCKDIAG_WEB_ACCESS_H

#include "base/clock.h"
#include "daemon_thread.h"
#include "passwords.h"
#include "web_config.h"

#include <microhttpd.h>
#include <stdbool.h>

struct access;

/* For listeners of `max_connections` each: a quarter of as many, but two in any case, are suspended
 * at most, of all listeners together. `config` (NULL: everyone is let in, and that stays so)
 * becomes its own; `clock` must outlive it. NULL, with `config` freed, when there is no memory or
 * no thread for passwords. */
struct access *access_create(const struct clock *clock, unsigned max_connections,
                             struct web_config *config);

/* After the listeners that it belongs to were stopped. NULL is allowed. */
void access_destroy(struct access *access);

/* Put `config`, which becomes its own and has the same TLS settings, in the place of the old one:
 * for the requests that come from now on. False, and the old one stays, when there is no memory.
 * Not where there is none. */
bool access_configure(struct access *access, struct web_config *config);

/* The present configuration, or NULL: for the thread that configures. */
const struct web_config *access_config(const struct access *access);

/* Check no more passwords, and let the requests go that wait for one: PASSWORD_BUSY. Before the
 * listeners are stopped. */
void access_close(struct access *access);

/* Add the headers that the configuration has for every answer, and, where it has none by their
 * name, those that tell a browser to trust the pages with nothing. */
void access_add_headers(struct access *access, struct MHD_Response *response);

/* One request that asks to be let in. */
struct admission {
    struct access *access;
    struct MHD_Connection *connection;
    struct daemon_thread *thread;  /* which serves it */
    enum password_verdict verdict; /* PASSWORD_PENDING until it is known */
};

/* Decide `verdict`, and return it. PASSWORD_PENDING: the connection is suspended, and the admission
 * is another thread's; once the verdict is there the connection is resumed. */
enum password_verdict access_admit(struct admission *admission);

#endif
