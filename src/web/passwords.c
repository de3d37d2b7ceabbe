// SPDX-License-Identifier: Apache-2.0
#include "passwords.h"

#include "base/thread.h"
#include "base/timed_condition.h"
#include "password_queue.h"
#include "password_users.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

/* CPU time is earned at a fifth of the time that passes, and a second of it is saved at most: 20
 * checks at cost 10 at once, then four each second. */
static const int64_t cpu_saved_most = NANOSECONDS_PER_SECOND;
static const int64_t time_for_cpu = 5;

/* One check is under way and makes no room; another one may. */
static const size_t places_least = 2;

struct passwords {
    const struct clock *clock;
    password_matcher *matches;
    void *matches_context;
    pthread_t thread;
    pthread_mutex_t mutex;  /* over all that follows, but for the key of `users` */
    pthread_cond_t changed; /* a check was added, or `stop` set */
    bool stop;
    struct password_users users;
    uint64_t users_replaced; /* how often */
    struct password_queue queue;
    int64_t cpu_saved;    /* nanoseconds; below 0 after a check that took more than there was */
    int64_t cpu_saved_at; /* monotonic */
};

/* How long, in nanoseconds, until CPU time may be spent. */
static int64_t wait_for_cpu(struct passwords *passwords)
{
    int64_t now = clock_now(passwords->clock);
    /* Whole steps only, or what a short wait earns would be rounded away. */
    int64_t earned = (now - passwords->cpu_saved_at) / time_for_cpu;
    passwords->cpu_saved += earned;
    passwords->cpu_saved_at += earned * time_for_cpu;
    if (passwords->cpu_saved > cpu_saved_most)
        passwords->cpu_saved = cpu_saved_most;
    return passwords->cpu_saved > 0 ? 0 : (1 - passwords->cpu_saved) * time_for_cpu;
}

/* Wait for the next check that may be made. NULL when it is time to stop. */
static struct password_check *wait_for_check(struct passwords *passwords)
{
    while (!passwords->stop) {
        struct password_check *check = password_queue_next(&passwords->queue);
        int64_t wait = check ? wait_for_cpu(passwords) : 0;
        if (!check)
            pthread_cond_wait(&passwords->changed, &passwords->mutex);
        else if (wait > 0)
            timed_condition_wait(&passwords->changed, &passwords->mutex,
                                 clock_now(&system_clock) + wait);
        else
            return check;
    }
    return NULL;
}

/* Remove the checks that ask `question`, or all when it is NULL, tell them, and keep in mind whose
 * was right or wrong. The mutex is released meanwhile: a callback may take its time. */
static void answer(struct passwords *passwords, const struct password_question *question,
                   enum password_verdict verdict)
{
    struct password_asker told[PASSWORD_QUEUE_SIZE];
    size_t count = 0;
    for (size_t i = 0; i < PASSWORD_QUEUE_SIZE; i++) {
        struct password_check *check = &passwords->queue.checks[i];
        if (!check->waits ||
            (question && memcmp(&check->question, question, sizeof *question) != 0))
            continue;
        if (verdict != PASSWORD_BUSY)
            password_queue_note(&passwords->queue, check->client, verdict == PASSWORD_RIGHT);
        told[count++] = check->asker;
        password_queue_remove(check);
    }
    pthread_mutex_unlock(&passwords->mutex);
    for (size_t i = 0; i < count; i++)
        told[i].callback(told[i].context, verdict);
    pthread_mutex_lock(&passwords->mutex);
}

/* Compare without the mutex: `check` stays where it is, and as it is, for only this thread removes
 * one that is under way. Unknown names and passwords too long take as long as others. */
static void make_check(struct passwords *passwords, struct password_check *check)
{
    const struct clock *clock = passwords->clock;
    char hash[BCRYPT_HASH_LENGTH + 1];
    bool possible = password_users_hash(&passwords->users, &check->question, hash);
    possible &= !check->too_long;
    uint64_t users_replaced = passwords->users_replaced;
    check->under_way = true;
    pthread_mutex_unlock(&passwords->mutex);

    int64_t start = clock->thread_cpu(clock->context);
    bool matches = passwords->matches(passwords->matches_context, check->password, hash);
    int64_t spent = clock->thread_cpu(clock->context) - start;

    pthread_mutex_lock(&passwords->mutex);
    check->under_way = false;
    passwords->cpu_saved -= spent;
    if (users_replaced != passwords->users_replaced)
        return; /* compared with a hash of yesterday: it is still in the queue */
    bool right = matches && possible;
    struct password_question question = check->question;
    password_users_remember(&passwords->users, &question, right);
    answer(passwords, &question, right ? PASSWORD_RIGHT : PASSWORD_WRONG);
}

static void *run(void *argument)
{
    struct passwords *passwords = argument;
    pthread_mutex_lock(&passwords->mutex);
    for (struct password_check *check; (check = wait_for_check(passwords));)
        make_check(passwords, check);
    pthread_mutex_unlock(&passwords->mutex);
    return NULL;
}

static void free_all(struct passwords *passwords)
{
    pthread_cond_destroy(&passwords->changed);
    pthread_mutex_destroy(&passwords->mutex);
    password_users_stop(&passwords->users);
    free(passwords);
}

struct passwords *passwords_create(const struct clock *clock, size_t places,
                                   password_matcher *matches, void *matches_context)
{
    struct passwords *passwords = calloc(1, sizeof *passwords);
    if (!passwords)
        return NULL;
    passwords->clock = clock;
    passwords->matches = matches;
    passwords->matches_context = matches_context;
    passwords->queue.places = MIN(MAX(places, places_least), PASSWORD_QUEUE_SIZE);
    passwords->cpu_saved = cpu_saved_most;
    passwords->cpu_saved_at = clock_now(clock);
    pthread_mutex_init(&passwords->mutex, NULL);
    timed_condition_init(&passwords->changed);
    int error = password_users_start(&passwords->users) ? 0 : EAGAIN;
    if (!error)
        error = thread_start(&passwords->thread, "passwords", run, passwords);
    if (error) {
        free_all(passwords);
        errno = error;
        return NULL;
    }
    return passwords;
}

void passwords_destroy(struct passwords *passwords)
{
    if (!passwords)
        return;
    pthread_mutex_lock(&passwords->mutex);
    passwords->stop = true;
    pthread_cond_signal(&passwords->changed);
    pthread_mutex_unlock(&passwords->mutex);
    pthread_join(passwords->thread, NULL);

    pthread_mutex_lock(&passwords->mutex);
    answer(passwords, NULL, PASSWORD_BUSY);
    pthread_mutex_unlock(&passwords->mutex);
    free_all(passwords);
}

bool passwords_set_users(struct passwords *passwords, const struct web_user *users, size_t count)
{
    pthread_mutex_lock(&passwords->mutex);
    bool replaced = password_users_replace(&passwords->users, users, count);
    passwords->users_replaced += replaced;
    pthread_mutex_unlock(&passwords->mutex);
    return replaced;
}

enum password_verdict passwords_check(struct passwords *passwords, const char *user,
                                      const char *password, const struct sockaddr *client,
                                      password_callback *callback, void *context)
{
    struct password_question question;
    if (!password_users_ask(&passwords->users, user, password, &question))
        return PASSWORD_BUSY;
    struct password_asker displaced = {0};
    pthread_mutex_lock(&passwords->mutex);
    enum password_verdict verdict = password_users_recall(&passwords->users, &question);
    struct password_check *check =
        verdict == PASSWORD_PENDING
            ? password_queue_add(&passwords->queue, password_client(client), &question, &displaced)
            : NULL;
    if (check) {
        check->too_long = strlen(password) > BCRYPT_PASSWORD_MAX;
        memcpy(check->password, password, strnlen(password, BCRYPT_PASSWORD_MAX));
        check->asker = (struct password_asker){callback, context};
        pthread_cond_signal(&passwords->changed);
    } else if (verdict == PASSWORD_PENDING) {
        verdict = PASSWORD_BUSY;
    }
    pthread_mutex_unlock(&passwords->mutex);
    if (displaced.callback)
        displaced.callback(displaced.context, PASSWORD_BUSY);
    return verdict;
}
