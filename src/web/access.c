// SPDX-License-Identifier: Apache-2.0
#include "access.h"

#include "basic_credentials.h"
#include "bcrypt.h"
#include "security_headers.h"

#include <pthread.h>
#include <stdlib.h>

struct access {
    struct security_headers security;
    pthread_rwlock_t lock; /* of the next, and of the users of `passwords` */
    struct web_config *config;
    struct passwords *passwords; /* NULL without a configuration, and once closed */

    /* Held from before a password is asked for until the connection is suspended, and while one is
     * resumed: so none is resumed that is not suspended yet. Recursive, for to ask may resume
     * another, whose place it takes. */
    pthread_mutex_t suspension;
    bool closing;
};

static void init_recursive(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(mutex, &recursive);
    pthread_mutexattr_destroy(&recursive);
}

struct access *access_create(const struct clock *clock, unsigned max_connections,
                             struct web_config *config)
{
    struct access *access = calloc(1, sizeof *access);
    if (!access) {
        web_config_free(config);
        return NULL;
    }
    access->config = config;
    pthread_rwlock_init(&access->lock, NULL);
    init_recursive(&access->suspension);
    if (config)
        access->passwords = passwords_create(clock, max_connections / 4, bcrypt_matches, NULL);
    if (!security_headers_init(&access->security) || (config && !access->passwords) ||
        (config && !passwords_set_users(access->passwords, config->users, config->user_count))) {
        access_destroy(access);
        return NULL;
    }
    return access;
}

void access_destroy(struct access *access)
{
    if (!access)
        return;
    passwords_destroy(access->passwords);
    web_config_free(access->config);
    pthread_mutex_destroy(&access->suspension);
    pthread_rwlock_destroy(&access->lock);
    free(access);
}

bool access_configure(struct access *access, struct web_config *config)
{
    pthread_rwlock_wrlock(&access->lock);
    struct web_config *old = access->config;
    bool good = passwords_set_users(access->passwords, config->users, config->user_count);
    if (good)
        access->config = config;
    pthread_rwlock_unlock(&access->lock);
    web_config_free(good ? old : config);
    return good;
}

const struct web_config *access_config(const struct access *access)
{
    return access->config;
}

void access_close(struct access *access)
{
    pthread_mutex_lock(&access->suspension);
    access->closing = true;
    pthread_mutex_unlock(&access->suspension);
    passwords_destroy(access->passwords); /* resumes who waits */
    access->passwords = NULL;
}

void access_add_headers(struct access *access, struct MHD_Response *response)
{
    pthread_rwlock_rdlock(&access->lock);
    security_headers_add(&access->security, access->config, response);
    pthread_rwlock_unlock(&access->lock);
}

/* Called in the thread of the passwords, or in one that asks for a check: the request goes on. */
static void resume(void *context, enum password_verdict verdict)
{
    struct admission *admission = context;
    pthread_mutex_t *suspension = &admission->access->suspension; /* outlives the admission */
    pthread_mutex_lock(suspension);
    admission->verdict = verdict;
    daemon_thread_resume(admission->thread, admission->connection);
    pthread_mutex_unlock(suspension);
}

/* Ask about a name and a password. PASSWORD_PENDING: the connection is suspended. */
static enum password_verdict check_password(struct admission *admission,
                                            const struct basic_credentials *credentials)
{
    struct access *access = admission->access;
    const struct sockaddr *client =
        MHD_get_connection_info(admission->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
            ->client_addr;
    pthread_mutex_lock(&access->suspension);
    enum password_verdict verdict = PASSWORD_BUSY;
    if (!access->closing)
        verdict = passwords_check(access->passwords, credentials->user, credentials->password,
                                  client, resume, admission);
    if (verdict == PASSWORD_PENDING)
        MHD_suspend_connection(admission->connection);
    pthread_mutex_unlock(&access->suspension);
    return verdict;
}

static bool needs_password(struct access *access)
{
    pthread_rwlock_rdlock(&access->lock);
    bool needed = access->config && access->config->user_count > 0;
    pthread_rwlock_unlock(&access->lock);
    return needed;
}

enum password_verdict access_admit(struct admission *admission)
{
    if (!needs_password(admission->access))
        return admission->verdict = PASSWORD_RIGHT;
    const char *authorization = MHD_lookup_connection_value(admission->connection, MHD_HEADER_KIND,
                                                            MHD_HTTP_HEADER_AUTHORIZATION);
    struct basic_credentials credentials;
    enum password_verdict verdict = PASSWORD_WRONG;
    if (authorization && basic_credentials_decode(&credentials, authorization)) {
        verdict = check_password(admission, &credentials);
        basic_credentials_free(&credentials);
    }
    if (verdict != PASSWORD_PENDING) /* or it is already the other thread's to write to */
        admission->verdict = verdict;
    return verdict;
}
