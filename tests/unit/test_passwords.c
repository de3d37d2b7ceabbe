// SPDX-License-Identifier: Apache-2.0
/*
 * Password checks with a matcher that counts, can be held up, and costs what the test says. The
 * rest after a check is over at once, or lasts until it is interrupted, as the test says.
 */
#include "web/passwords.h"

#include "await.h"
#include "base/timed_condition.h"
#include "web/bcrypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gnutls/gnutls.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SECOND NANOSECONDS_PER_SECOND

/* A "hash" here is the right password with "hash-of-" before it. */
static struct web_user users[] = {
    {.name = "alice", .hash = "hash-of-wonderland"},
    {.name = "bob", .hash = "hash-of-builder"},
};

enum { COMPARISONS = 64, QUESTIONS = 64 };

static struct stage {
    struct passwords *passwords;
    struct web_user *users; /* the present ones */
    int wake_fd;
    struct clock clock;
    struct password_asker questions[QUESTIONS];
    enum password_verdict verdicts[QUESTIONS]; /* PASSWORD_PENDING: none yet */
    int answers;
    atomic_int_least64_t cpu, cost; /* of the checking thread, and of one comparison */
    atomic_int begun;               /* comparisons */
    atomic_int waits;               /* of the checking thread, to rest */
    atomic_int_least64_t rest;      /* the last of them, in nanoseconds */
    atomic_bool rests_last;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t released;
    bool held;                         /* a comparison that begins waits until this is false */
    char compared[COMPARISONS][2][96]; /* password and hash */
} stage;

/* In the place of the library's, like those below. */
void timed_condition_init(pthread_cond_t *condition)
{
    pthread_cond_init(condition, NULL);
}

bool timed_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t time)
{
    bool lasts = atomic_load(&stage.rests_last);
    atomic_store(&stage.rest, time - clock_now(&system_clock));
    atomic_fetch_add(&stage.waits, 1);
    if (lasts)
        pthread_cond_wait(condition, mutex);
    return lasts;
}

static int64_t read_thread_cpu(void *context)
{
    return atomic_load((atomic_int_least64_t *)context);
}

bool bcrypt_matches(const char *password, size_t length, const char *hash)
{
    pthread_mutex_lock(&stage.mutex);
    int number = atomic_load(&stage.begun);
    snprintf(stage.compared[number][0], 96, "%.*s", (int)length, password);
    snprintf(stage.compared[number][1], 96, "%s", hash);
    atomic_fetch_add(&stage.begun, 1);
    while (stage.held)
        pthread_cond_wait(&stage.released, &stage.mutex);
    pthread_mutex_unlock(&stage.mutex);
    atomic_fetch_add(&stage.cpu, atomic_load(&stage.cost));
    return strncmp(hash, "hash-of-", 8) == 0 && strcmp(hash + 8, stage.compared[number][0]) == 0;
}

static void note_verdicts(void)
{
    for (const struct password_asker *asker = passwords_answered(stage.passwords); asker;
         asker = asker->next) {
        size_t number = (size_t)(asker - stage.questions);
        assert_int_equal(stage.verdicts[number], PASSWORD_PENDING);
        stage.verdicts[number] = asker->verdict;
        stage.answers++;
    }
}

/* Nobody asks: no configuration is read. */
const char *bcrypt_fault(const char *hash)
{
    return hash;
}

/* By a copy: what is remembered of a user stands beside the name. */
static void replace_users(const struct web_user *new_users, size_t count)
{
    struct web_user *old = stage.users;
    stage.users = calloc(count + 1, sizeof *stage.users);
    assert_non_null(stage.users);
    if (count > 0)
        memcpy(stage.users, new_users, count * sizeof *stage.users);
    passwords_replace(stage.passwords, stage.users, count);
    free(old);
}

static void start_passwords(size_t places)
{
    stage.passwords = passwords_create(&stage.clock, stage.wake_fd, places);
    assert_non_null(stage.passwords);
    replace_users(users, 2);
}

static int raise_stage(void **state)
{
    (void)state;
    stage = (struct stage){.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                           .clock = {.thread_cpu = read_thread_cpu, .context = &stage.cpu}};
    pthread_mutex_init(&stage.mutex, NULL);
    pthread_cond_init(&stage.released, NULL);
    for (int i = 0; i < QUESTIONS; i++)
        stage.verdicts[i] = PASSWORD_PENDING;
    start_passwords(PASSWORD_CHECKS);
    return 0;
}

static void hold(bool held)
{
    pthread_mutex_lock(&stage.mutex);
    stage.held = held;
    pthread_cond_broadcast(&stage.released);
    pthread_mutex_unlock(&stage.mutex);
}

static int strike_stage(void **state)
{
    (void)state;
    hold(false);
    passwords_destroy(stage.passwords);
    free(stage.users);
    close(stage.wake_fd);
    pthread_cond_destroy(&stage.released);
    pthread_mutex_destroy(&stage.mutex);
    return 0;
}

/* Ask as `client`; the verdict goes under `number`. */
static enum password_verdict ask(int number, const char *user, const char *password,
                                 uint64_t client)
{
    char text[256], authorization[512];
    gnutls_datum_t encoded;
    int length = snprintf(text, sizeof text, "%s:%s", user, password);
    const gnutls_datum_t plain = {(unsigned char *)text, (unsigned)length};
    assert_int_equal(gnutls_base64_encode2(&plain, &encoded), 0);
    snprintf(authorization, sizeof authorization, "Basic %.*s", (int)encoded.size,
             (const char *)encoded.data);
    gnutls_free(encoded.data);
    return passwords_check(stage.passwords, authorization, client, &stage.questions[number]);
}

/* Deliver verdicts, as they are announced, until there were this many in all. */
static void await_answers(int count)
{
    struct pollfd announced = {.fd = stage.wake_fd, .events = POLLIN};
    while (stage.answers < count) {
        if (poll(&announced, 1, 30000) <= 0)
            fail_msg("%d instead of %d answers within the time", stage.answers, count);
        eventfd_read(stage.wake_fd, &(eventfd_t){0});
        note_verdicts();
    }
    note_verdicts();
    assert_int_equal(stage.answers, count);
}

static int has_begun(void *least)
{
    return atomic_load(&stage.begun) >= *(int *)least;
}

static int has_waited(void *least)
{
    return atomic_load(&stage.waits) >= *(int *)least;
}

static void await(await_condition *holds, int least)
{
    assert_int_equal(await_until(holds, &least), 0);
}

/* Ask, and wait for the verdict if it is not there at once. */
static enum password_verdict verdict_of(int number, const char *user, const char *password)
{
    enum password_verdict verdict = ask(number, user, password, 1);
    if (verdict != PASSWORD_PENDING)
        return verdict;
    await_answers(stage.answers + 1);
    return stage.verdicts[number];
}

/* Wrong password number `i`, valid until the next. */
static const char *guess(int i)
{
    static char password[32];
    snprintf(password, sizeof password, "guess %d", i);
    return password;
}

/* Checks of `count` clients, the first under way. */
static void occupy(int count)
{
    hold(true);
    for (int i = 0; i < count; i++)
        assert_int_equal(ask(i, "alice", guess(i), (uint64_t)i), PASSWORD_PENDING);
    await(has_begun, 1);
}

static void test_right_and_wrong(void **state)
{
    (void)state;
    assert_int_equal(verdict_of(0, "alice", "wonderland"), PASSWORD_RIGHT);
    assert_int_equal(verdict_of(1, "alice", "builder"), PASSWORD_WRONG);
    assert_int_equal(verdict_of(2, "bob", "builder"), PASSWORD_RIGHT);
    assert_int_equal(verdict_of(3, "bob", ""), PASSWORD_WRONG);
    assert_int_equal(verdict_of(4, "", ""), PASSWORD_WRONG);
    assert_int_equal(verdict_of(5, "Alice", "wonderland"), PASSWORD_WRONG);
    assert_int_equal(stage.begun, 6);
    replace_users(NULL, 0);
    assert_int_equal(verdict_of(6, "alice", "wonderland"), PASSWORD_WRONG);
}

static void test_without_a_password_it_is_wrong(void **state)
{
    (void)state;
    static const char *const headers[] = {NULL, "", "Basic", "Bearer YTpi", "Basic YWI="};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        assert_int_equal(passwords_check(stage.passwords, headers[i], 1, &stage.questions[0]),
                         PASSWORD_WRONG);
    assert_int_equal(stage.begun, 0);
}

static void test_a_right_password_is_remembered_whatever_others_guess(void **state)
{
    (void)state;
    enum { GUESSES = 40 };
    assert_int_equal(verdict_of(0, "alice", "wonderland"), PASSWORD_RIGHT);
    for (int i = 1; i <= GUESSES; i++)
        assert_int_equal(verdict_of(i, "alice", guess(i)), PASSWORD_WRONG);
    assert_int_equal(ask(QUESTIONS - 1, "alice", "wonderland", 1), PASSWORD_RIGHT);
    assert_int_equal(stage.begun, 1 + GUESSES);
}

static void test_name_and_password_belong_together(void **state)
{
    (void)state;
    static struct web_user twins[] = {{.name = "a", .hash = "hash-of-same"},
                                      {.name = "b", .hash = "hash-of-other"}};
    replace_users(twins, 2);
    assert_int_equal(verdict_of(0, "a", "same"), PASSWORD_RIGHT);
    assert_int_equal(verdict_of(1, "b", "same"), PASSWORD_WRONG);
    assert_int_equal(verdict_of(2, "as", "ame"), PASSWORD_WRONG);
    assert_int_equal(verdict_of(3, "", "asame"), PASSWORD_WRONG);
    assert_int_equal(stage.begun, 4);
}

static void test_an_unknown_user_is_compared_with_the_same_hash_each_time(void **state)
{
    (void)state;
    bool stood_in[2] = {false, false};
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "name %d", i / 2);
        /* One of these is the password of the hash that stands in. */
        assert_int_equal(verdict_of(i, name, i % 2 ? "wonderland" : "builder"), PASSWORD_WRONG);
        if (i % 2)
            assert_string_equal(stage.compared[i][1], stage.compared[i - 1][1]);
        stood_in[strcmp(stage.compared[i][1], users[0].hash) == 0] = true;
    }
    assert_int_equal(stage.begun, 40);
    /* Twenty names on one of two hashes: by chance once in 2^19. */
    assert_true(stood_in[0] && stood_in[1]);
}

static void test_new_users(void **state)
{
    (void)state;
    static struct web_user later[] = {{.name = "bob", .hash = "hash-of-builder"},
                                      {.name = "alice", .hash = "hash-of-mirror"}};
    assert_int_equal(verdict_of(0, "alice", "wonderland"), PASSWORD_RIGHT);
    assert_int_equal(verdict_of(1, "bob", "builder"), PASSWORD_RIGHT);
    replace_users(later, 2);
    assert_int_equal(ask(2, "bob", "builder", 1), PASSWORD_RIGHT);
    assert_int_equal(verdict_of(3, "alice", "wonderland"), PASSWORD_WRONG);
    assert_int_equal(verdict_of(4, "alice", "mirror"), PASSWORD_RIGHT);
    replace_users(later, 1);
    assert_int_equal(verdict_of(5, "alice", "mirror"), PASSWORD_WRONG);
    replace_users(users, 2);
    assert_int_equal(verdict_of(6, "alice", "wonderland"), PASSWORD_RIGHT);
}

static void test_new_users_count_for_a_check_under_way(void **state)
{
    (void)state;
    static struct web_user later[] = {{.name = "alice", .hash = "hash-of-mirror"}};
    hold(true);
    assert_int_equal(ask(0, "alice", "wonderland", 1), PASSWORD_PENDING);
    assert_int_equal(ask(1, "alice", "mirror", 2), PASSWORD_PENDING);
    await(has_begun, 1);
    replace_users(later, 1);
    hold(false);
    await_answers(2);
    assert_int_equal(stage.verdicts[0], PASSWORD_WRONG);
    assert_int_equal(stage.verdicts[1], PASSWORD_RIGHT);
    assert_int_equal(stage.begun, 3);
    assert_string_equal(stage.compared[1][0], "wonderland");
    assert_string_equal(stage.compared[1][1], "hash-of-mirror");
}

static void test_checks_are_made_in_the_order_of_the_questions(void **state)
{
    (void)state;
    occupy(5);
    hold(false);
    await_answers(5);
    for (int i = 0; i < 5; i++)
        assert_string_equal(stage.compared[i][0], guess(i));
}

static void test_each_client_has_one_place(void **state)
{
    (void)state;
    occupy(2);
    assert_int_equal(ask(10, "bob", "builder", 0), PASSWORD_BUSY); /* its check is under way */
    assert_int_equal(ask(11, "bob", "builder", 1), PASSWORD_BUSY);
    assert_int_equal(ask(12, "bob", "builder", 2), PASSWORD_PENDING);
    hold(false);
    await_answers(3);
    assert_int_equal(stage.verdicts[10], PASSWORD_PENDING); /* busy is final */
    assert_int_equal(ask(13, "bob", "mirror", 1), PASSWORD_PENDING);
    await_answers(4);
}

static void test_there_are_32_places_at_most(void **state)
{
    (void)state;
    static const struct {
        size_t wanted;
        int places;
    } cases[] = {{1000, PASSWORD_CHECKS}, {8, 8}, {2, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        strike_stage(NULL);
        raise_stage(NULL);
        passwords_destroy(stage.passwords);
        start_passwords(cases[i].wanted);
        assert_int_equal(verdict_of(50, "bob", "builder"), PASSWORD_RIGHT);
        occupy(cases[i].places);
        assert_int_equal(ask(51, "alice", "wonderland", 100), PASSWORD_BUSY);
        assert_int_equal(ask(52, "bob", "builder", 0), PASSWORD_RIGHT); /* needs no place */
        hold(false);
        await_answers(1 + cases[i].places);
        assert_int_equal(verdict_of(53, "alice", "wonderland"), PASSWORD_RIGHT);
    }
}

static void test_one_comparison_answers_all_with_the_right_password(void **state)
{
    (void)state;
    hold(true);
    for (int i = 0; i < 8; i++)
        assert_int_equal(ask(i, "bob", "builder", (uint64_t)i), PASSWORD_PENDING);
    hold(false);
    await_answers(8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(stage.verdicts[i], PASSWORD_RIGHT);
    assert_int_equal(stage.begun, 1);
}

static void test_after_a_check_comes_a_rest_of_four_times_its_cost(void **state)
{
    (void)state;
    atomic_store(&stage.cost, 1000 * SECOND);
    atomic_store(&stage.rests_last, true);
    assert_int_equal(verdict_of(0, "alice", "rabbit"), PASSWORD_WRONG);
    await(has_waited, 1);
    /* A question wakes the thread, but does not end the rest. */
    for (int i = 1; i < 4; i++) {
        assert_in_range(stage.rest, 3900 * SECOND, 4000 * SECOND);
        assert_int_equal(ask(i, "alice", "wonderland", (uint64_t)i), PASSWORD_PENDING);
        await(has_waited, 1 + i);
        assert_int_equal(stage.begun, 1);
    }
    atomic_store(&stage.rests_last, false);
    assert_int_equal(ask(4, "alice", "wonderland", 4), PASSWORD_PENDING);
    await_answers(5);
    assert_int_equal(stage.begun, 2);
}

static void test_a_stop_ends_the_rest_and_answers_what_waits(void **state)
{
    (void)state;
    atomic_store(&stage.rests_last, true);
    assert_int_equal(verdict_of(0, "bob", "builder"), PASSWORD_RIGHT);
    for (int i = 1; i < 4; i++)
        assert_int_equal(ask(i, "alice", "wonderland", (uint64_t)i), PASSWORD_PENDING);
    passwords_stop(stage.passwords);
    await_answers(4);
    for (int i = 1; i < 4; i++)
        assert_int_equal(stage.verdicts[i], PASSWORD_BUSY);
    assert_int_equal(ask(4, "alice", "wonderland", 1), PASSWORD_BUSY);
    assert_int_equal(ask(5, "bob", "builder", 1), PASSWORD_RIGHT);
    assert_int_equal(stage.begun, 1);
    passwords_stop(stage.passwords);
}

static void *stop_checks(void *context)
{
    (void)context;
    passwords_stop(stage.passwords);
    return NULL;
}

static void test_a_check_under_way_at_a_stop_is_answered(void **state)
{
    (void)state;
    pthread_t thread;
    hold(true);
    assert_int_equal(ask(0, "alice", "wonderland", 1), PASSWORD_PENDING);
    await(has_begun, 1);
    assert_int_equal(pthread_create(&thread, NULL, stop_checks, NULL), 0);
    hold(false);
    pthread_join(thread, NULL);
    await_answers(1);
    assert_int_equal(stage.verdicts[0], PASSWORD_RIGHT);
}

#define staged(test) cmocka_unit_test_setup_teardown(test, raise_stage, strike_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        staged(test_right_and_wrong),
        staged(test_without_a_password_it_is_wrong),
        staged(test_a_right_password_is_remembered_whatever_others_guess),
        staged(test_name_and_password_belong_together),
        staged(test_an_unknown_user_is_compared_with_the_same_hash_each_time),
        staged(test_new_users),
        staged(test_new_users_count_for_a_check_under_way),
        staged(test_checks_are_made_in_the_order_of_the_questions),
        staged(test_each_client_has_one_place),
        staged(test_there_are_32_places_at_most),
        staged(test_one_comparison_answers_all_with_the_right_password),
        staged(test_after_a_check_comes_a_rest_of_four_times_its_cost),
        staged(test_a_stop_ends_the_rest_and_answers_what_waits),
        staged(test_a_check_under_way_at_a_stop_is_answered),
    };
    return cmocka_run_group_tests_name("passwords", tests, NULL, NULL);
}
