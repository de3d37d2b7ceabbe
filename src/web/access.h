// SPDX-License-Identifier: Apache-2.0
/*
 * Who is let in, and with which headers they are answered: a web configuration in force, and what
 * is known of its users' passwords.
 */
#ifndef SOCKDIAG_WEB_ACCESS_H
#define SOCKDIAG_WEB_ACCESS_H

#include "base/clock.h"
#include "passwords.h"
#include "web_config.h"

#include <microhttpd.h>
#include <stdbool.h>

struct access;

/* `config` (NULL: everyone is let in, and that stays so) becomes its own. A quarter of the
 * `max_connections` may wait for a password. For `wake_fd` see passwords_create(). NULL, with
 * `config` freed, when there is no memory or no thread for passwords. */
struct access *access_create(const struct clock *clock, int wake_fd, unsigned max_connections,
                             struct web_config *config);

/* No request may wait. NULL is allowed. */
void access_destroy(struct access *access);

/* Put `config`, which becomes its own, in the place of the configuration before, for the requests
 * that come from now on. Requires one before. */
void access_configure(struct access *access, struct web_config *config);

/* Is the request let in? With PASSWORD_PENDING, `asker` is answered by access_deliver(); with any
 * other verdict it is not kept. */
enum password_verdict access_check(struct access *access, struct MHD_Connection *connection,
                                   uint64_t client, struct password_asker *asker);

/* Answer the requests whose verdict has come. */
void access_deliver(struct access *access);

/* Check no more passwords: the requests that wait get PASSWORD_BUSY with the next
 * access_deliver(). */
void access_close(struct access *access);

/* Add the headers that the configuration has for every answer, and, where it has none by their
 * name, those that tell a browser to trust the pages with nothing. */
void access_add_headers(const struct access *access, struct MHD_Response *response);

#endif
