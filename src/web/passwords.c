// SPDX-License-Identifier: Apache-2.0
#include "passwords.h"

#include "base/thread.h"
#include "base/timed_condition.h"
#include "basic_credentials.h"
#include "bcrypt.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

/* After a check, the thread rests for this many times its CPU time. */
enum { REST = 4 };

struct password_check {
    struct password_digest digest;
    struct basic_credentials credentials; /* its own */
    uint64_t client;
    struct password_asker *asker;
};

struct passwords {
    const struct clock *clock;
    int wake_fd;
    struct password_digest key;
    pthread_t thread;
    pthread_mutex_t mutex;  /* of all that follows */
    pthread_cond_t changed; /* a check was added, or `stopped` set */
    bool stopped;
    struct web_user *users;
    size_t user_count;
    size_t places; /* of `checks` */
    size_t count;
    struct password_check checks[PASSWORD_CHECKS]; /* the first is next, or under way */
    struct password_asker *answered;
};

static bool compute_digest(const struct password_digest *key, const char *bytes, size_t size,
                           struct password_digest *digest)
{
    return gnutls_hmac_fast(GNUTLS_MAC_SHA256, key->bytes, sizeof key->bytes, bytes, size,
                            digest->bytes) == GNUTLS_E_SUCCESS;
}

/* The user of this name, or NULL. Compares all names, so that a user's name takes as long as any
 * other. Called with the mutex held, as the next functions. */
static struct web_user *find_user(const struct passwords *passwords, const char *name)
{
    struct web_user *found = NULL;
    for (size_t i = 0; i < passwords->user_count; i++) {
        if (strcmp(passwords->users[i].name, name) == 0)
            found = &passwords->users[i];
    }
    return found;
}

static bool is_known_right(const struct web_user *user, const struct password_digest *digest)
{
    return user && gnutls_memcmp(user->right.bytes, digest->bytes, sizeof user->right.bytes) == 0;
}

/* The hash to compare with: that of `user`; for a name that no user has, that of some user, always
 * the same for the same name; "" without users. */
static const char *choose_hash(const struct passwords *passwords, const struct web_user *user,
                               const char *name)
{
    struct password_digest digest = {0};
    uint64_t number;
    compute_digest(&passwords->key, name, strlen(name), &digest);
    memcpy(&number, digest.bytes, sizeof number);
    if (!user && passwords->user_count > 0)
        user = &passwords->users[number % passwords->user_count];
    return user ? user->hash : "";
}

/* Move the asker of the first check to those that are answered, and remove the check. */
static void finish_check(struct passwords *passwords, enum password_verdict verdict)
{
    struct password_asker *asker = passwords->checks[0].asker;
    asker->verdict = verdict;
    asker->next = passwords->answered;
    passwords->answered = asker;
    basic_credentials_free(&passwords->checks[0].credentials);
    passwords->count--;
    memmove(&passwords->checks[0], &passwords->checks[1],
            passwords->count * sizeof passwords->checks[0]);
    eventfd_write(passwords->wake_fd, 1);
}

/* Make the first check, and release the mutex meanwhile: no other thread removes a check. Returns
 * the CPU time of the check in nanoseconds. */
static int64_t make_check(struct passwords *passwords)
{
    const struct clock *clock = passwords->clock;
    const struct password_check check = passwords->checks[0];
    struct web_user *user = find_user(passwords, check.credentials.user);
    if (is_known_right(user, &check.digest)) {
        finish_check(passwords, PASSWORD_RIGHT); /* found right since it was added */
        return 0;
    }
    char hash[BCRYPT_HASH_LENGTH + 1];
    snprintf(hash, sizeof hash, "%s", choose_hash(passwords, user, check.credentials.user));
    pthread_mutex_unlock(&passwords->mutex);

    int64_t start = clock->thread_cpu(clock->context);
    bool matches =
        bcrypt_matches(check.credentials.password, check.credentials.password_length, hash);
    int64_t spent = clock->thread_cpu(clock->context) - start;

    pthread_mutex_lock(&passwords->mutex);
    user = find_user(passwords, check.credentials.user);
    if (user && strcmp(user->hash, hash) != 0)
        return spent; /* the hash was replaced: check again */
    if (matches && user)
        user->right = check.digest;
    finish_check(passwords, matches && user ? PASSWORD_RIGHT : PASSWORD_WRONG);
    return spent;
}

static void rest(struct passwords *passwords, int64_t duration)
{
    int64_t until = clock_now(&system_clock) + duration;
    while (!passwords->stopped &&
           timed_condition_wait(&passwords->changed, &passwords->mutex, until))
        ;
}

static void *check_passwords(void *argument)
{
    struct passwords *passwords = argument;
    pthread_mutex_lock(&passwords->mutex);
    while (!passwords->stopped) {
        if (passwords->count > 0)
            rest(passwords, REST * make_check(passwords));
        else
            pthread_cond_wait(&passwords->changed, &passwords->mutex);
    }
    while (passwords->count > 0)
        finish_check(passwords, PASSWORD_BUSY);
    pthread_mutex_unlock(&passwords->mutex);
    return NULL;
}

static void free_passwords(struct passwords *passwords)
{
    pthread_cond_destroy(&passwords->changed);
    pthread_mutex_destroy(&passwords->mutex);
    explicit_bzero(passwords, sizeof *passwords);
    free(passwords);
}

struct passwords *passwords_create(const struct clock *clock, int wake_fd, size_t places)
{
    struct passwords *passwords = calloc(1, sizeof *passwords);
    if (!passwords)
        return NULL;
    passwords->clock = clock;
    passwords->wake_fd = wake_fd;
    passwords->places = places < PASSWORD_CHECKS ? places : PASSWORD_CHECKS;
    pthread_mutex_init(&passwords->mutex, NULL);
    timed_condition_init(&passwords->changed);
    if (gnutls_rnd(GNUTLS_RND_KEY, passwords->key.bytes, sizeof passwords->key.bytes) ==
            GNUTLS_E_SUCCESS &&
        thread_start(&passwords->thread, "passwords", check_passwords, passwords) == 0) {
        return passwords;
    }
    free_passwords(passwords);
    return NULL;
}

void passwords_stop(struct passwords *passwords)
{
    pthread_mutex_lock(&passwords->mutex);
    bool stopped = passwords->stopped;
    passwords->stopped = true;
    pthread_cond_signal(&passwords->changed);
    pthread_mutex_unlock(&passwords->mutex);
    if (!stopped)
        pthread_join(passwords->thread, NULL);
}

void passwords_destroy(struct passwords *passwords)
{
    if (!passwords)
        return;
    passwords_stop(passwords);
    free_passwords(passwords);
}

void passwords_replace(struct passwords *passwords, struct web_user *users, size_t count)
{
    pthread_mutex_lock(&passwords->mutex);
    for (size_t i = 0; i < count; i++) {
        const struct web_user *old = find_user(passwords, users[i].name);
        if (old && strcmp(old->hash, users[i].hash) == 0)
            users[i].right = old->right;
    }
    passwords->users = users;
    passwords->user_count = count;
    pthread_mutex_unlock(&passwords->mutex);
}

/* A place for a check of `client`, or NULL when it has one already, or all are taken. */
static struct password_check *add_check(struct passwords *passwords, uint64_t client)
{
    for (size_t i = 0; i < passwords->count; i++) {
        if (passwords->checks[i].client == client)
            return NULL;
    }
    return passwords->count < passwords->places ? &passwords->checks[passwords->count++] : NULL;
}

/* The verdict on `credentials`, which are taken over if it is PASSWORD_PENDING. */
static enum password_verdict check_credentials(struct passwords *passwords,
                                               struct basic_credentials *credentials,
                                               uint64_t client, struct password_asker *asker)
{
    struct password_digest digest;
    if (!compute_digest(&passwords->key, credentials->user, credentials->size, &digest))
        return PASSWORD_BUSY;
    if (is_known_right(find_user(passwords, credentials->user), &digest))
        return PASSWORD_RIGHT;
    struct password_check *check = passwords->stopped ? NULL : add_check(passwords, client);
    if (!check)
        return PASSWORD_BUSY;
    *check = (struct password_check){digest, *credentials, client, asker};
    *credentials = (struct basic_credentials){0};
    pthread_cond_signal(&passwords->changed);
    return PASSWORD_PENDING;
}

enum password_verdict passwords_check(struct passwords *passwords, const char *authorization,
                                      uint64_t client, struct password_asker *asker)
{
    struct basic_credentials credentials;
    const int code = basic_credentials_decode(&credentials, authorization);
    if (code != GNUTLS_E_SUCCESS)
        return code == GNUTLS_E_MEMORY_ERROR ? PASSWORD_BUSY : PASSWORD_WRONG;
    pthread_mutex_lock(&passwords->mutex);
    enum password_verdict verdict = check_credentials(passwords, &credentials, client, asker);
    pthread_mutex_unlock(&passwords->mutex);
    basic_credentials_free(&credentials);
    return verdict;
}

struct password_asker *passwords_answered(struct passwords *passwords)
{
    pthread_mutex_lock(&passwords->mutex);
    struct password_asker *answered = passwords->answered;
    passwords->answered = NULL;
    pthread_mutex_unlock(&passwords->mutex);
    return answered;
}
