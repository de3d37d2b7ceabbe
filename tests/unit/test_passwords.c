// SPDX-License-Identifier: Apache-2.0
/*
 * Password checks with a matcher that counts, can be held up, and costs what the test says, on a
 * clock of the test. Nothing here is timed: what a flood may cost is in the number of comparisons.
 */
#include "web/passwords.h"

#include "await.h"
#include "web/bcrypt.h"
#include "web/password_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <crypt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND      NANOSECONDS_PER_SECOND
#define MILLISECOND (SECOND / 1000)

/* A "hash" here is the right password with "hash-of-" before it. */
static const struct web_user users[] = {
    {"alice", "hash-of-wonderland"},
    {"bob", "hash-of-builder"},
};

enum { COMPARISONS = 256, QUESTIONS = 256, PLACES = 1000 /* more than there are */ };

/* A stage with one `passwords` on it: everything below `mutex` is under it. */
struct stage {
    struct passwords *passwords;
    struct clock clock;
    atomic_int_least64_t now;  /* the monotonic clock; `cost` is added at each comparison */
    atomic_int_least64_t cpu;  /* the CPU clock of the checking thread */
    atomic_int_least64_t cost; /* CPU of one comparison */
    atomic_int looks;          /* how often the monotonic clock was read */
    pthread_mutex_t mutex;
    pthread_cond_t released;
    bool held; /* a comparison that begins waits until this is false */
    int begun, done;
    char compared[COMPARISONS][2][96]; /* password and hash of each comparison begun */
    int64_t begun_at[COMPARISONS];
    int verdicts[QUESTIONS]; /* by the number of the question; -1: none yet */
    bool told_twice;
    int answers;
    int order[QUESTIONS]; /* the questions, as they were answered */
};

/* What a callback gets: which question of which stage. */
struct question {
    struct stage *stage;
    int number;
};
static struct question questions[QUESTIONS];

static int64_t stage_monotonic(void *context)
{
    struct stage *stage = context;
    atomic_fetch_add(&stage->looks, 1);
    return atomic_load(&stage->now);
}

static int64_t stage_thread_cpu(void *context)
{
    struct stage *stage = context;
    return atomic_load(&stage->cpu);
}

static bool stage_matches(void *context, const char *password, const char *hash)
{
    struct stage *stage = context;
    pthread_mutex_lock(&stage->mutex);
    int number = stage->begun++;
    if (number < COMPARISONS) {
        snprintf(stage->compared[number][0], 96, "%s", password);
        snprintf(stage->compared[number][1], 96, "%s", hash);
        stage->begun_at[number] = atomic_load(&stage->now);
    }
    while (stage->held)
        pthread_cond_wait(&stage->released, &stage->mutex);
    stage->done++;
    pthread_mutex_unlock(&stage->mutex);
    atomic_fetch_add(&stage->cpu, atomic_load(&stage->cost));
    return strncmp(hash, "hash-of-", 8) == 0 && strcmp(hash + 8, password) == 0;
}

static void note_answer(void *context, enum password_verdict verdict)
{
    struct question *question = context;
    struct stage *stage = question->stage;
    pthread_mutex_lock(&stage->mutex);
    stage->told_twice |= stage->verdicts[question->number] != -1;
    stage->verdicts[question->number] = (int)verdict;
    stage->order[stage->answers++] = question->number;
    pthread_mutex_unlock(&stage->mutex);
}

static int raise_stage(void **state)
{
    struct stage *stage = calloc(1, sizeof *stage);
    if (!stage)
        return -1;
    stage->clock = (struct clock){
        .monotonic = stage_monotonic, .thread_cpu = stage_thread_cpu, .context = stage};
    pthread_mutex_init(&stage->mutex, NULL);
    pthread_cond_init(&stage->released, NULL);
    for (int i = 0; i < QUESTIONS; i++) {
        stage->verdicts[i] = -1;
        questions[i] = (struct question){stage, i};
    }
    stage->passwords = passwords_create(&stage->clock, PLACES, stage_matches, stage);
    if (!stage->passwords || !passwords_set_users(stage->passwords, users, 2))
        return -1;
    *state = stage;
    return 0;
}

static void hold(struct stage *stage, bool held)
{
    pthread_mutex_lock(&stage->mutex);
    stage->held = held;
    pthread_cond_broadcast(&stage->released);
    pthread_mutex_unlock(&stage->mutex);
}

static int strike_stage(void **state)
{
    struct stage *stage = *state;
    hold(stage, false);
    passwords_destroy(stage->passwords);
    bool told_twice = stage->told_twice;
    pthread_cond_destroy(&stage->released);
    pthread_mutex_destroy(&stage->mutex);
    free(stage);
    return told_twice ? -1 : 0;
}

/* The wrong password number `i`, valid until the next. */
static const char *numbered(int i)
{
    static char password[32];
    snprintf(password, sizeof password, "guess %d", i);
    return password;
}

/* Ask as the host 10.0.0.`host`; the answer goes under `number`. */
static enum password_verdict ask(struct stage *stage, int number, const char *user,
                                 const char *password, int host)
{
    struct sockaddr_in client = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(0x0a000000u + (uint32_t)host)};
    return passwords_check(stage->passwords, user, password, (struct sockaddr *)&client,
                           note_answer, &questions[number]);
}

static int locked(struct stage *stage, const int *value)
{
    pthread_mutex_lock(&stage->mutex);
    int copy = *value;
    pthread_mutex_unlock(&stage->mutex);
    return copy;
}

struct wanted {
    struct stage *stage;
    const int *value;
    int at_least;
};

static int has_reached(void *context)
{
    const struct wanted *wanted = context;
    return locked(wanted->stage, wanted->value) >= wanted->at_least;
}

static void await_value(struct stage *stage, const int *value, int at_least)
{
    struct wanted wanted = {stage, value, at_least};
    if (await_until(has_reached, &wanted) != 0)
        fail_msg("%d instead of %d within the time", locked(stage, value), at_least);
}

static int has_looked(void *context)
{
    const struct wanted *wanted = context;
    return atomic_load(&wanted->stage->looks) >= wanted->at_least;
}

/* Ask what must wait, and let the thread decide that it does: it looks at the clock for that. */
static void ask_in_vain(struct stage *stage, int number, const char *password, int host)
{
    struct wanted wanted = {stage, NULL, atomic_load(&stage->looks) + 1};
    int before = locked(stage, &stage->begun);
    assert_int_equal(ask(stage, number, "alice", password, host), PASSWORD_PENDING);
    assert_int_equal(await_until(has_looked, &wanted), 0);
    assert_int_equal(locked(stage, &stage->begun), before);
}

/* Ask, and wait for the verdict if it is not there at once. */
static enum password_verdict verdict_of(struct stage *stage, int number, const char *user,
                                        const char *password)
{
    int answers = locked(stage, &stage->answers);
    enum password_verdict verdict = ask(stage, number, user, password, 1);
    if (verdict != PASSWORD_PENDING)
        return verdict;
    await_value(stage, &stage->answers, answers + 1);
    return (enum password_verdict)locked(stage, &stage->verdicts[number]);
}

static int comparisons(struct stage *stage)
{
    return locked(stage, &stage->begun);
}

static void test_right_and_wrong_are_told_apart(void **state)
{
    assert_int_equal(verdict_of(*state, 0, "alice", "wonderland"), PASSWORD_RIGHT);
    assert_int_equal(verdict_of(*state, 1, "alice", "builder"), PASSWORD_WRONG);
    assert_int_equal(verdict_of(*state, 2, "bob", "builder"), PASSWORD_RIGHT);
    assert_int_equal(verdict_of(*state, 3, "bob", ""), PASSWORD_WRONG);
    assert_int_equal(verdict_of(*state, 4, "", ""), PASSWORD_WRONG);
    assert_int_equal(verdict_of(*state, 5, "Alice", "wonderland"), PASSWORD_WRONG);
}

static void test_what_is_not_known_is_pending_at_first(void **state)
{
    struct stage *stage = *state;
    hold(stage, true);
    assert_int_equal(ask(stage, 0, "alice", "wonderland", 1), PASSWORD_PENDING);
    await_value(stage, &stage->begun, 1);
    assert_int_equal(locked(stage, &stage->answers), 0);
    hold(stage, false);
    await_value(stage, &stage->answers, 1);
}

static void test_a_verdict_is_remembered(void **state)
{
    for (int i = 0; i < 5; i++) {
        assert_int_equal(verdict_of(*state, 2 * i, "alice", "wonderland"), PASSWORD_RIGHT);
        assert_int_equal(verdict_of(*state, 2 * i + 1, "alice", "rabbit"), PASSWORD_WRONG);
    }
    assert_int_equal(comparisons(*state), 2);
}

static void test_wrong_ones_never_push_out_a_right_one(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(verdict_of(stage, 0, "alice", "wonderland"), PASSWORD_RIGHT);
    for (int i = 1; i < 200; i++) {
        assert_int_equal(verdict_of(stage, i, "alice", numbered(i)), PASSWORD_WRONG);
    }
    assert_int_equal(ask(stage, 200, "alice", "wonderland", 1), PASSWORD_RIGHT);
    assert_int_equal(comparisons(stage), 200);
}

static void test_the_last_wrong_ones_are_remembered(void **state)
{
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 64; i++) {
            assert_int_equal(verdict_of(*state, round * 64 + i, "bob", numbered(i)),
                             PASSWORD_WRONG);
        }
    }
    assert_int_equal(comparisons(*state), 64);
}

static void test_the_password_of_another_user_is_not_taken_for_the_same(void **state)
{
    static const struct web_user twins[] = {{"a", "hash-of-same"}, {"b", "hash-of-other"}};
    struct stage *stage = *state;
    assert_true(passwords_set_users(stage->passwords, twins, 2));
    assert_int_equal(verdict_of(stage, 0, "a", "same"), PASSWORD_RIGHT);
    assert_int_equal(verdict_of(stage, 1, "b", "same"), PASSWORD_WRONG);
    /* nor are name and password run together */
    assert_int_equal(verdict_of(stage, 2, "as", "ame"), PASSWORD_WRONG);
    assert_int_equal(verdict_of(stage, 3, "", "asame"), PASSWORD_WRONG);
    assert_int_equal(comparisons(stage), 4);
}

static void test_an_unknown_user_costs_what_a_known_one_does(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(verdict_of(stage, 0, "alice", "nonsense"), PASSWORD_WRONG);
    assert_int_equal(comparisons(stage), 1);
    assert_int_equal(verdict_of(stage, 1, "mallory", "nonsense"), PASSWORD_WRONG);
    assert_int_equal(comparisons(stage), 2);
    assert_memory_equal(stage->compared[1][1], "hash-of-", 8);
    /* and is remembered like one */
    assert_int_equal(ask(stage, 2, "mallory", "nonsense", 1), PASSWORD_WRONG);
    assert_int_equal(comparisons(stage), 2);
}

static void test_an_unknown_user_is_refused_whatever_the_password(void **state)
{
    /* One of these is the password of the hash that stands in. */
    assert_int_equal(verdict_of(*state, 0, "mallory", "wonderland"), PASSWORD_WRONG);
    assert_int_equal(verdict_of(*state, 1, "mallory", "builder"), PASSWORD_WRONG);
}

static void test_the_same_hash_stands_in_for_the_same_name(void **state)
{
    struct stage *stage = *state;
    bool stood_in[2] = {false, false};
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "name %d", i / 2);
        assert_int_equal(verdict_of(stage, i, name, numbered(i)), PASSWORD_WRONG);
        if (i % 2)
            assert_string_equal(stage->compared[i][1], stage->compared[i - 1][1]);
        stood_in[strcmp(stage->compared[i][1], users[0].hash) == 0] = true;
    }
    /* Twenty names on one of two hashes: by chance once in 2^19. */
    assert_true(stood_in[0] && stood_in[1]);
}

static void test_without_users_all_is_wrong(void **state)
{
    struct stage *stage = *state;
    assert_true(passwords_set_users(stage->passwords, NULL, 0));
    assert_int_equal(verdict_of(stage, 0, "alice", "wonderland"), PASSWORD_WRONG);
}

static void test_long_names_and_passwords(void **state)
{
    static char longest[16384];
    memset(longest, 'x', sizeof longest - 1);
    assert_int_equal(verdict_of(*state, 0, longest, longest), PASSWORD_WRONG);
    assert_int_equal(verdict_of(*state, 1, "alice", longest), PASSWORD_WRONG);
    assert_int_equal(verdict_of(*state, 2, longest, "wonderland"), PASSWORD_WRONG);
    assert_int_equal(comparisons(*state), 3);
}

static void test_a_password_too_long_costs_what_another_does(void **state)
{
    struct stage *stage = *state;
    char password[BCRYPT_PASSWORD_MAX + 2] = "";
    memset(password, 'x', BCRYPT_PASSWORD_MAX + 1);
    assert_int_equal(verdict_of(stage, 0, "alice", password), PASSWORD_WRONG);
    assert_int_equal(comparisons(stage), 1);
    assert_int_equal(strlen(stage->compared[0][0]), BCRYPT_PASSWORD_MAX);
}

static void test_a_new_hash_drops_what_was_right(void **state)
{
    static const struct web_user later[] = {{"alice", "hash-of-mirror"},
                                            {"bob", "hash-of-builder"}};
    struct stage *stage = *state;
    assert_int_equal(verdict_of(stage, 0, "alice", "wonderland"), PASSWORD_RIGHT);
    assert_int_equal(verdict_of(stage, 1, "bob", "builder"), PASSWORD_RIGHT);
    assert_true(passwords_set_users(stage->passwords, later, 2));
    assert_int_equal(ask(stage, 2, "bob", "builder", 1), PASSWORD_RIGHT); /* at once */
    assert_int_equal(verdict_of(stage, 3, "alice", "wonderland"), PASSWORD_WRONG);
    assert_int_equal(verdict_of(stage, 4, "alice", "mirror"), PASSWORD_RIGHT);
    assert_int_equal(comparisons(stage), 4);
}

static void test_a_user_who_is_gone_is_unknown(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(verdict_of(stage, 0, "alice", "wonderland"), PASSWORD_RIGHT);
    assert_true(passwords_set_users(stage->passwords, &users[1], 1));
    assert_int_equal(verdict_of(stage, 1, "alice", "wonderland"), PASSWORD_WRONG);
    assert_true(passwords_set_users(stage->passwords, users, 2));
    assert_int_equal(verdict_of(stage, 2, "alice", "wonderland"), PASSWORD_RIGHT);
}

static void test_what_was_wrong_may_be_right_with_new_users(void **state)
{
    static const struct web_user later = {"alice", "hash-of-mirror"};
    struct stage *stage = *state;
    assert_int_equal(verdict_of(stage, 0, "alice", "mirror"), PASSWORD_WRONG);
    assert_true(passwords_set_users(stage->passwords, &later, 1));
    assert_int_equal(verdict_of(stage, 1, "alice", "mirror"), PASSWORD_RIGHT);
}

static void test_new_users_count_for_a_check_under_way(void **state)
{
    static const struct web_user later = {"alice", "hash-of-mirror"};
    struct stage *stage = *state;
    hold(stage, true);
    assert_int_equal(ask(stage, 0, "alice", "wonderland", 1), PASSWORD_PENDING);
    assert_int_equal(ask(stage, 1, "alice", "mirror", 2), PASSWORD_PENDING);
    await_value(stage, &stage->begun, 1);
    assert_true(passwords_set_users(stage->passwords, &later, 1));
    hold(stage, false);
    await_value(stage, &stage->answers, 2);
    assert_int_equal(locked(stage, &stage->verdicts[0]), PASSWORD_WRONG);
    assert_int_equal(locked(stage, &stage->verdicts[1]), PASSWORD_RIGHT);
    assert_int_equal(comparisons(stage), 3);
}

static void test_the_same_question_is_computed_once(void **state)
{
    struct stage *stage = *state;
    hold(stage, true);
    for (int i = 0; i < 20; i++)
        assert_int_equal(ask(stage, i, "alice", "wonderland", i), PASSWORD_PENDING);
    hold(stage, false);
    await_value(stage, &stage->answers, 20);
    for (int i = 0; i < 20; i++)
        assert_int_equal(locked(stage, &stage->verdicts[i]), PASSWORD_RIGHT);
    assert_int_equal(comparisons(stage), 1);
}

static void test_a_client_has_two_checks_pending_at_most(void **state)
{
    struct stage *stage = *state;
    hold(stage, true);
    assert_int_equal(ask(stage, 0, "alice", "1", 1), PASSWORD_PENDING);
    assert_int_equal(ask(stage, 1, "alice", "2", 1), PASSWORD_PENDING);
    assert_int_equal(ask(stage, 2, "alice", "3", 1), PASSWORD_BUSY);
    assert_int_equal(ask(stage, 3, "alice", "4", 2), PASSWORD_PENDING);
    hold(stage, false);
    await_value(stage, &stage->answers, 3);
    assert_int_equal(locked(stage, &stage->verdicts[2]), -1); /* busy is final: no callback */
    assert_int_equal(verdict_of(stage, 4, "alice", "3"), PASSWORD_WRONG);
}

static void test_the_queue_is_bounded(void **state)
{
    struct stage *stage = *state;
    hold(stage, true);
    for (int i = 0; i < PASSWORD_QUEUE_SIZE; i++) {
        assert_int_equal(ask(stage, i, "alice", numbered(i), i), PASSWORD_PENDING);
    }
    assert_int_equal(ask(stage, 100, "bob", "builder", 100), PASSWORD_BUSY);
    hold(stage, false);
    await_value(stage, &stage->answers, PASSWORD_QUEUE_SIZE);
    assert_int_equal(verdict_of(stage, 101, "bob", "builder"), PASSWORD_RIGHT);
}

static void test_places_may_be_fewer(void **state)
{
    static const struct {
        size_t places;
        int wait;
    } cases[] = {{8, 8}, {2, 2}, {1, 2}, {0, 2}};
    struct stage *stage = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hold(stage, false);
        passwords_destroy(stage->passwords);
        stage->passwords = passwords_create(&stage->clock, cases[i].places, stage_matches, stage);
        assert_non_null(stage->passwords);
        hold(stage, true);
        int first = (int)i * 20;
        for (int j = 0; j < cases[i].wait; j++)
            assert_int_equal(ask(stage, first + j, "alice", numbered(j), j), PASSWORD_PENDING);
        assert_int_equal(ask(stage, first + 19, "bob", "builder", 100), PASSWORD_BUSY);
    }
}

static void test_what_is_known_needs_no_place_in_the_queue(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(verdict_of(stage, 50, "bob", "builder"), PASSWORD_RIGHT);
    hold(stage, true);
    for (int i = 0; i < PASSWORD_QUEUE_SIZE; i++) {
        assert_int_equal(ask(stage, i, "alice", numbered(i), i), PASSWORD_PENDING);
    }
    assert_int_equal(ask(stage, 51, "bob", "builder", 1), PASSWORD_RIGHT);
}

static void test_clients_take_turns(void **state)
{
    struct stage *stage = *state;
    hold(stage, true);
    /* Host 1 asks twice before the others come once. */
    ask(stage, 0, "alice", "0", 1);
    await_value(stage, &stage->begun, 1);
    ask(stage, 1, "alice", "1", 1);
    ask(stage, 2, "alice", "2", 2);
    ask(stage, 3, "alice", "3", 3);
    ask(stage, 4, "alice", "4", 2);
    hold(stage, false);
    await_value(stage, &stage->answers, 5);
    static const int order[] = {0, 2, 3, 1, 4};
    for (int i = 0; i < 5; i++)
        assert_int_equal(stage->order[i], order[i]);
}

/* What `hosts` ask is found wrong. */
static void find_out(struct stage *stage, int first, int hosts)
{
    for (int i = first; i < first + hosts; i++) {
        assert_int_equal(ask(stage, i, "alice", numbered(i), i - first), PASSWORD_PENDING);
        await_value(stage, &stage->answers, i + 1);
    }
}

static void test_who_was_wrong_waits_behind_others(void **state)
{
    struct stage *stage = *state;
    find_out(stage, 0, 20);
    hold(stage, true);
    ask(stage, 20, "alice", numbered(20), 0);
    await_value(stage, &stage->begun, 21);
    for (int i = 21; i < 30; i++)
        ask(stage, i, "alice", numbered(i), i - 20);
    ask(stage, 30, "alice", "wonderland", 100);
    hold(stage, false);
    await_value(stage, &stage->answers, 31);
    assert_int_equal(stage->order[20], 20);
    assert_int_equal(stage->order[21], 30);
    assert_int_equal(locked(stage, &stage->verdicts[30]), PASSWORD_RIGHT);
}

static void test_all_who_asked_what_is_wrong_wait_behind_others(void **state)
{
    struct stage *stage = *state;
    hold(stage, true);
    for (int i = 0; i < 3; i++)
        ask(stage, i, "alice", "rabbit", i);
    hold(stage, false);
    await_value(stage, &stage->answers, 3);
    assert_int_equal(comparisons(stage), 1);
    hold(stage, true);
    ask(stage, 3, "alice", numbered(3), 50);
    await_value(stage, &stage->begun, 2);
    for (int i = 4; i < 7; i++)
        ask(stage, i, "alice", numbered(i), i - 4);
    ask(stage, 7, "alice", numbered(7), 51);
    hold(stage, false);
    await_value(stage, &stage->answers, 8);
    assert_int_equal(stage->order[4], 7);
}

static void test_in_a_full_queue_the_last_makes_room(void **state)
{
    enum { FULL = PASSWORD_QUEUE_SIZE };
    struct stage *stage = *state;
    find_out(stage, 0, FULL);
    hold(stage, true);
    for (int i = 0; i < FULL; i++) {
        ask(stage, FULL + i, "alice", numbered(FULL + i), i);
        await_value(stage, &stage->begun, FULL + 1);
    }
    assert_int_equal(ask(stage, 99, "bob", "builder", 100), PASSWORD_PENDING);
    /* Who was found out last is told before anything else happens. */
    assert_int_equal(locked(stage, &stage->answers), FULL + 1);
    assert_int_equal(locked(stage, &stage->verdicts[2 * FULL - 1]), PASSWORD_BUSY);
    hold(stage, false);
    await_value(stage, &stage->answers, FULL + 3);
    assert_int_equal(stage->order[FULL + 1], FULL);
    assert_int_equal(stage->order[FULL + 2], 99);
    assert_int_equal(locked(stage, &stage->verdicts[99]), PASSWORD_RIGHT);
}

static void test_a_check_under_way_makes_no_room(void **state)
{
    struct stage *stage = *state;
    find_out(stage, 0, 1);
    hold(stage, true);
    ask(stage, 1, "alice", numbered(1), 0);
    await_value(stage, &stage->begun, 2);
    for (int i = 2; i < 1 + PASSWORD_QUEUE_SIZE; i++)
        assert_int_equal(ask(stage, i, "alice", numbered(i), i), PASSWORD_PENDING);
    assert_int_equal(ask(stage, 100, "bob", "builder", 100), PASSWORD_BUSY);
    hold(stage, false);
    await_value(stage, &stage->answers, 1 + PASSWORD_QUEUE_SIZE);
    assert_int_equal(locked(stage, &stage->verdicts[1]), PASSWORD_WRONG);
}

/* After a change of users it is not under way any more: its turn is yet to come again. */
static void test_a_check_to_be_made_again_makes_room(void **state)
{
    struct stage *stage = *state;
    find_out(stage, 0, 1);
    atomic_store(&stage->cost, 10 * SECOND);
    hold(stage, true);
    ask(stage, 1, "alice", numbered(1), 0);
    await_value(stage, &stage->begun, 2);
    assert_true(passwords_set_users(stage->passwords, users, 2));
    hold(stage, false);
    await_value(stage, &stage->done, 2);
    ask_in_vain(stage, 2, numbered(2), 2);
    for (int i = 3; i < 1 + PASSWORD_QUEUE_SIZE; i++)
        assert_int_equal(ask(stage, i, "alice", numbered(i), i), PASSWORD_PENDING);
    assert_int_equal(ask(stage, 100, "bob", "builder", 100), PASSWORD_PENDING);
    assert_int_equal(locked(stage, &stage->verdicts[1]), PASSWORD_BUSY);
}

static void test_a_second_check_makes_room_for_a_first(void **state)
{
    struct stage *stage = *state;
    hold(stage, true);
    ask(stage, 0, "alice", numbered(0), 1);
    await_value(stage, &stage->begun, 1);
    for (int i = 1; i < PASSWORD_QUEUE_SIZE; i++)
        assert_int_equal(ask(stage, i, "alice", numbered(i), 1 + i / 2), PASSWORD_PENDING);
    assert_int_equal(ask(stage, 99, "bob", "builder", 100), PASSWORD_PENDING);
    assert_int_equal(locked(stage, &stage->verdicts[PASSWORD_QUEUE_SIZE - 1]), PASSWORD_BUSY);
    /* but not for another second one */
    assert_int_equal(ask(stage, 100, "alice", "rabbit", 100), PASSWORD_BUSY);
}

/* After a restart, say: nothing is known, and all who scrape from one address ask at once. */
static void test_one_comparison_answers_all_who_ask_the_same(void **state)
{
    struct stage *stage = *state;
    enum { SCRAPERS = 8 };
    hold(stage, true);
    for (int i = 0; i < SCRAPERS; i++)
        assert_int_equal(ask(stage, i, "bob", "builder", 1), PASSWORD_PENDING);
    assert_int_equal(ask(stage, SCRAPERS, "alice", numbered(0), 1), PASSWORD_PENDING);
    assert_int_equal(ask(stage, SCRAPERS + 1, "alice", numbered(1), 1), PASSWORD_BUSY);
    hold(stage, false);
    await_value(stage, &stage->answers, SCRAPERS + 1);
    for (int i = 0; i < SCRAPERS; i++)
        assert_int_equal(locked(stage, &stage->verdicts[i]), PASSWORD_RIGHT);
    assert_int_equal(locked(stage, &stage->begun), 2);
}

/* Who repeats a question takes places that nobody else wants. */
static void test_a_repeated_question_makes_room_for_a_first(void **state)
{
    struct stage *stage = *state;
    hold(stage, true);
    for (int i = 0; i < PASSWORD_QUEUE_SIZE; i++)
        assert_int_equal(ask(stage, i, "alice", "rabbit", 1), PASSWORD_PENDING);
    assert_int_equal(ask(stage, 99, "alice", "rabbit", 1), PASSWORD_BUSY);
    assert_int_equal(ask(stage, 100, "bob", "builder", 2), PASSWORD_PENDING);
    assert_int_equal(locked(stage, &stage->verdicts[PASSWORD_QUEUE_SIZE - 1]), PASSWORD_BUSY);
}

static bool add(struct password_queue *queue, uint64_t client)
{
    static uint32_t number; /* another question each time */
    struct password_question question = {0};
    struct password_asker displaced;
    number++;
    memcpy(question.name.bytes, &number, sizeof number);
    return password_queue_add(queue, client, &question, &displaced);
}

/* The next check is made. Returns whose it was. */
static uint64_t serve(struct password_queue *queue, bool right)
{
    struct password_check *check = password_queue_next(queue);
    assert_non_null(check);
    uint64_t client = check->client;
    password_queue_note(queue, client, right);
    password_queue_remove(check);
    return client;
}

/* `hosts` ask all the time and are wrong. When they were served so often, a newcomer, who was wrong
 * once if `mistaken`, asks until it has a place and its turn comes. Returns how many are served
 * meanwhile, or -1 when that does not end. */
static int wait_in_flood(int hosts, bool mistaken, int served_before)
{
    struct password_queue queue = {.places = PASSWORD_QUEUE_SIZE};
    const uint64_t newcomer = 1u << 20;
    if (mistaken) {
        add(&queue, newcomer);
        serve(&queue, false);
    }
    bool waits = false;
    for (int served = 0; served < 1000; served++) {
        for (uint64_t host = 0; host < 2 * (uint64_t)hosts; host++)
            add(&queue, host / 2);
        if (served >= served_before && !waits)
            waits = add(&queue, newcomer);
        if (serve(&queue, false) == newcomer)
            return served - served_before;
    }
    return -1;
}

static void test_a_newcomer_waits_once_for_each_who_floods(void **state)
{
    (void)state;
    /* From the beginning of the flood: some have a place before it. */
    assert_in_range(wait_in_flood(20, false, 0), 0, 20);
    assert_in_range(wait_in_flood(31, false, 0), 0, 31);
    assert_in_range(wait_in_flood(200, false, 0), 0, 200);
    /* When all were found out. */
    assert_int_equal(wait_in_flood(20, false, 20), 0);
    assert_int_equal(wait_in_flood(200, false, 200), 0);
}

static void test_who_was_wrong_once_waits_once_for_each_who_floods(void **state)
{
    (void)state;
    assert_in_range(wait_in_flood(20, true, 0), 0, 20);
    assert_int_equal(wait_in_flood(20, true, 20), 0);
    assert_int_equal(wait_in_flood(200, true, 200), 0);
}

static void test_a_right_password_takes_a_client_off_the_record(void **state)
{
    (void)state;
    struct password_queue queue = {.places = PASSWORD_QUEUE_SIZE};
    add(&queue, 1);
    serve(&queue, false);
    add(&queue, 1);
    add(&queue, 2);
    assert_int_equal(serve(&queue, false), 2);
    assert_int_equal(serve(&queue, true), 1);
    add(&queue, 1);
    add(&queue, 3);
    assert_int_equal(serve(&queue, false), 1);
}

static void test_what_a_client_has_in_the_queue_goes_behind_others(void **state)
{
    (void)state;
    struct password_queue queue = {.places = PASSWORD_QUEUE_SIZE};
    add(&queue, 1);
    add(&queue, 1);
    assert_int_equal(serve(&queue, false), 1);
    add(&queue, 2);
    assert_int_equal(serve(&queue, false), 2);
    assert_int_equal(serve(&queue, false), 1);
}

static void test_a_second_check_is_first_when_that_was_made(void **state)
{
    (void)state;
    struct password_queue queue = {.places = PASSWORD_QUEUE_SIZE};
    add(&queue, 1);
    add(&queue, 1);
    assert_int_equal(serve(&queue, true), 1);
    add(&queue, 2);
    assert_int_equal(serve(&queue, true), 1);
}

static void test_ever_new_clients_do_not_keep_a_check_waiting_for_ever(void **state)
{
    (void)state;
    struct password_queue queue = {.places = PASSWORD_QUEUE_SIZE};
    add(&queue, 1);
    serve(&queue, false);
    add(&queue, 1);
    uint64_t other = 2;
    for (; other < 5000; other++) {
        add(&queue, other);
        if (serve(&queue, false) == 1)
            break;
    }
    assert_int_equal(other, PASSWORD_CLIENTS_REMEMBERED + 2);
}

static void test_the_clients_longest_on_record_are_forgotten(void **state)
{
    (void)state;
    struct password_clients clients = {0};
    for (uint64_t client = 0; client < PASSWORD_CLIENTS_REMEMBERED; client++)
        password_clients_note(&clients, client, false);
    password_clients_note(&clients, 0, false); /* now the second is the oldest */
    password_clients_note(&clients, 5, true);  /* and one is free */
    password_clients_note(&clients, 5000, false);
    assert_int_equal(password_clients_last_wrong(&clients, 1), 2);
    password_clients_note(&clients, 5001, false);
    assert_int_equal(password_clients_last_wrong(&clients, 1), 0);
    assert_int_equal(password_clients_last_wrong(&clients, 5), 0);
    assert_int_equal(password_clients_last_wrong(&clients, 2), 3);
    assert_int_equal(password_clients_last_wrong(&clients, 0), PASSWORD_CLIENTS_REMEMBERED + 1);
}

/* Which client an address is to the queue. */
static uint64_t client_of(const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(1)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(2)};
    if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
        return password_client((struct sockaddr *)&in);
    assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
    return password_client((struct sockaddr *)&in6);
}

static void test_who_is_one_client(void **state)
{
    (void)state;
    assert_int_equal(client_of("192.0.2.1"), client_of("::ffff:192.0.2.1"));
    assert_int_not_equal(client_of("192.0.2.1"), client_of("192.0.2.2"));
    assert_int_not_equal(client_of("::ffff:192.0.2.1"), client_of("::ffff:192.0.2.2"));
    assert_int_equal(client_of("2001:db8:0:1::1"), client_of("2001:db8:0:1:ffff::2"));
    assert_int_not_equal(client_of("2001:db8:0:1::1"), client_of("2001:db8:0:2::1"));
}

static void test_a_flood_gets_a_burst_and_then_a_fifth_of_a_cpu(void **state)
{
    struct stage *stage = *state;
    atomic_store(&stage->cost, 50 * MILLISECOND);
    /* Time stands still: what was saved is enough for twenty. */
    for (int i = 0; i < 20; i++)
        assert_int_equal(verdict_of(stage, i, "alice", numbered(i)), PASSWORD_WRONG);
    ask_in_vain(stage, 20, numbered(20), 20);

    /* From here each needs a quarter of a second; the question after it wakes the thread. */
    for (int i = 21; i < 30; i++) {
        atomic_fetch_add(&stage->now, 250 * MILLISECOND);
        assert_int_equal(ask(stage, i, "alice", numbered(i), i), PASSWORD_PENDING);
        await_value(stage, &stage->answers, i);
    }
    assert_int_equal(comparisons(stage), 29);
    for (int i = 20; i < 29; i++)
        assert_true(stage->begun_at[i] >= (i - 19) * 250 * MILLISECOND);
}

static void test_no_more_than_the_burst_is_saved(void **state)
{
    struct stage *stage = *state;
    atomic_store(&stage->now, 86400 * SECOND);
    atomic_store(&stage->cost, 600 * MILLISECOND);
    assert_int_equal(verdict_of(stage, 0, "alice", "0"), PASSWORD_WRONG);
    assert_int_equal(verdict_of(stage, 1, "alice", "1"), PASSWORD_WRONG);
    ask_in_vain(stage, 2, "2", 1);
}

static void test_what_is_known_costs_nothing_of_it(void **state)
{
    struct stage *stage = *state;
    atomic_store(&stage->cost, 10 * SECOND);
    assert_int_equal(verdict_of(stage, 0, "alice", "wonderland"), PASSWORD_RIGHT);
    ask_in_vain(stage, 1, "nonsense", 1);
    assert_int_equal(ask(stage, 2, "alice", "wonderland", 1), PASSWORD_RIGHT);
}

static void test_those_who_wait_at_the_end_are_told_so(void **state)
{
    struct stage *stage = *state;
    atomic_store(&stage->cost, 10 * SECOND);
    assert_int_equal(verdict_of(stage, 0, "alice", "0"), PASSWORD_WRONG);
    for (int i = 1; i < 6; i++)
        assert_int_equal(ask(stage, i, "alice", "no", i), PASSWORD_PENDING);
    passwords_destroy(stage->passwords);
    stage->passwords = NULL;
    assert_int_equal(locked(stage, &stage->answers), 6);
    for (int i = 1; i < 6; i++)
        assert_int_equal(locked(stage, &stage->verdicts[i]), PASSWORD_BUSY);
}

static void *destroy(void *argument)
{
    struct stage *stage = argument;
    passwords_destroy(stage->passwords);
    return NULL;
}

static void test_a_check_under_way_at_the_end_is_answered(void **state)
{
    struct stage *stage = *state;
    hold(stage, true);
    assert_int_equal(ask(stage, 0, "alice", "wonderland", 1), PASSWORD_PENDING);
    assert_int_equal(ask(stage, 1, "bob", "builder", 2), PASSWORD_PENDING);
    await_value(stage, &stage->begun, 1);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, destroy, stage), 0);
    hold(stage, false);
    pthread_join(thread, NULL);
    stage->passwords = NULL;
    assert_int_equal(locked(stage, &stage->answers), 2);
    assert_int_equal(locked(stage, &stage->verdicts[0]), PASSWORD_RIGHT);
    int second = locked(stage, &stage->verdicts[1]); /* destroy() may have come first or not */
    assert_true(second == PASSWORD_BUSY || second == PASSWORD_RIGHT);
}

enum { ASKERS = 4, ASKED_OF_EACH = 50 };

struct asker {
    struct stage *stage;
    int number;
    int pending;
};

static void *ask_often(void *argument)
{
    struct asker *asker = argument;
    for (int i = 0; i < ASKED_OF_EACH; i++) {
        char password[32];
        snprintf(password, sizeof password, "%d", i % 10);
        int number = asker->number * ASKED_OF_EACH + i;
        enum password_verdict verdict =
            ask(asker->stage, number, i % 2 ? "alice" : "mallory", password, asker->number);
        asker->pending += verdict == PASSWORD_PENDING;
        if (i % 10 == 5)
            passwords_set_users(asker->stage->passwords, users, 2);
    }
    return NULL;
}

static void test_many_threads_ask_while_users_change(void **state)
{
    struct stage *stage = *state;
    pthread_t threads[ASKERS];
    struct asker askers[ASKERS];
    int pending = 0;
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){stage, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &askers[i]), 0);
    }
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(threads[i], NULL);
        pending += askers[i].pending;
    }
    await_value(stage, &stage->answers, pending);
    assert_int_equal(locked(stage, &stage->answers), pending);
    for (int i = 0; i < ASKERS * ASKED_OF_EACH; i++)
        assert_int_not_equal(locked(stage, &stage->verdicts[i]), PASSWORD_RIGHT);
}

/* A real hash of `password`. */
static void hash_password(const char *prefix, const char *password,
                          char hash[static CRYPT_OUTPUT_SIZE])
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    struct crypt_data *data = calloc(1, sizeof *data);
    assert_non_null(data);
    assert_non_null(crypt_gensalt_rn(prefix, 4, "0123456789abcdef", 16, setting, sizeof setting));
    assert_non_null(crypt_r(password, setting, data));
    snprintf(hash, CRYPT_OUTPUT_SIZE, "%s", data->output);
    free(data);
}

static void test_bcrypt_hashes_of_every_kind_match(void **state)
{
    (void)state;
    static const char *const prefixes[] = {"$2a$", "$2b$", "$2y$"};
    for (size_t i = 0; i < 3; i++) {
        char hash[CRYPT_OUTPUT_SIZE];
        hash_password(prefixes[i],
                      "Gr\xc3\xbc\xc3\x9f"
                      "e",
                      hash);
        assert_null(bcrypt_fault(hash));
        assert_true(bcrypt_matches(NULL,
                                   "Gr\xc3\xbc\xc3\x9f"
                                   "e",
                                   hash));
        assert_false(bcrypt_matches(NULL, "Gruesse", hash));
        assert_false(bcrypt_matches(NULL, "", hash));
    }
}

static void test_bcrypt_looks_at_72_bytes_of_any_length(void **state)
{
    (void)state;
    static char password[16384];
    char hash[CRYPT_OUTPUT_SIZE];
    memset(password, 'x', 72);
    hash_password("$2b$", password, hash);
    assert_true(bcrypt_matches(NULL, password, hash));
    memset(password, 'x', sizeof password - 1);
    assert_true(bcrypt_matches(NULL, password, hash));
    password[71] = 'y';
    assert_false(bcrypt_matches(NULL, password, hash));
}

static void test_bcrypt_does_not_match_what_is_no_hash(void **state)
{
    (void)state;
    assert_false(bcrypt_matches(NULL, "", ""));
    assert_false(bcrypt_matches(NULL, "*0", "*0"));
    assert_false(bcrypt_matches(NULL, "password", "password"));
    assert_false(bcrypt_matches(NULL, "password", "$2y$04$"));
}

static void test_which_hashes_are_taken(void **state)
{
    (void)state;
#define TAIL "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ./012"
    static const struct {
        const char *hash;
        const char *fault; /* a part of it */
    } cases[] = {
        {"$2a$04$" TAIL, NULL},
        {"$2b$10$" TAIL, NULL},
        {"$2y$14$" TAIL, NULL},
        {"$2y$03$" TAIL, "cost"},
        {"$2y$15$" TAIL, "cost"},
        {"$2y$31$" TAIL, "cost"},
        {"$2y$99$" TAIL, "cost"},
        {"$2x$10$" TAIL, "bcrypt"},
        {"$2$10$" TAIL, "bcrypt"},
        {"$1$10$" TAIL "a", "bcrypt"},
        {"$2y$1x$" TAIL, "bcrypt"},
        {"$2y$10$" TAIL "x", "bcrypt"},
        {"$2y$10$", "bcrypt"},
        {"", "bcrypt"},
        {"wonderland", "bcrypt"},
        {"$2y$10$!" TAIL, "bcrypt"},
        {"$2\0$10$" TAIL, "bcrypt"},
        {"$2y-10$" TAIL, "bcrypt"},
        {"$2y$10$ bcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ./012", "bcrypt"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *fault = bcrypt_fault(cases[i].hash);
        if (!fault != !cases[i].fault || (fault && !strstr(fault, cases[i].fault)))
            fail_msg("%s: %s", cases[i].hash, fault ? fault : "taken");
    }
}

static void test_bcrypt_in_the_thread(void **state)
{
    struct stage *stage = *state;
    char hash[CRYPT_OUTPUT_SIZE];
    hash_password("$2y$", "wonderland", hash);
    struct web_user user = {"alice", hash};
    passwords_destroy(stage->passwords);
    stage->passwords = passwords_create(&system_clock, PLACES, bcrypt_matches, NULL);
    assert_non_null(stage->passwords);
    assert_true(passwords_set_users(stage->passwords, &user, 1));
    assert_int_equal(verdict_of(stage, 0, "alice", "wonderland"), PASSWORD_RIGHT);
    assert_int_equal(verdict_of(stage, 1, "alice", "rabbit"), PASSWORD_WRONG);
    char longer[BCRYPT_PASSWORD_MAX + 2];
    memset(longer, 'x', sizeof longer);
    longer[BCRYPT_PASSWORD_MAX] = '\0';
    hash_password("$2y$", longer, hash);
    assert_true(passwords_set_users(stage->passwords, &user, 1));
    assert_int_equal(verdict_of(stage, 2, "alice", longer), PASSWORD_RIGHT);
    longer[BCRYPT_PASSWORD_MAX] = 'x';
    longer[BCRYPT_PASSWORD_MAX + 1] = '\0';
    assert_int_equal(verdict_of(stage, 3, "alice", longer), PASSWORD_WRONG);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, raise_stage, strike_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_right_and_wrong_are_told_apart),
        STAGED(test_what_is_not_known_is_pending_at_first),
        STAGED(test_a_verdict_is_remembered),
        STAGED(test_wrong_ones_never_push_out_a_right_one),
        STAGED(test_the_last_wrong_ones_are_remembered),
        STAGED(test_the_password_of_another_user_is_not_taken_for_the_same),
        STAGED(test_an_unknown_user_costs_what_a_known_one_does),
        STAGED(test_an_unknown_user_is_refused_whatever_the_password),
        STAGED(test_the_same_hash_stands_in_for_the_same_name),
        STAGED(test_without_users_all_is_wrong),
        STAGED(test_long_names_and_passwords),
        STAGED(test_a_password_too_long_costs_what_another_does),
        STAGED(test_a_new_hash_drops_what_was_right),
        STAGED(test_a_user_who_is_gone_is_unknown),
        STAGED(test_what_was_wrong_may_be_right_with_new_users),
        STAGED(test_new_users_count_for_a_check_under_way),
        STAGED(test_the_same_question_is_computed_once),
        STAGED(test_a_client_has_two_checks_pending_at_most),
        STAGED(test_the_queue_is_bounded),
        STAGED(test_places_may_be_fewer),
        STAGED(test_what_is_known_needs_no_place_in_the_queue),
        STAGED(test_clients_take_turns),
        STAGED(test_who_was_wrong_waits_behind_others),
        STAGED(test_all_who_asked_what_is_wrong_wait_behind_others),
        STAGED(test_in_a_full_queue_the_last_makes_room),
        STAGED(test_a_check_under_way_makes_no_room),
        STAGED(test_a_check_to_be_made_again_makes_room),
        STAGED(test_a_second_check_makes_room_for_a_first),
        STAGED(test_a_repeated_question_makes_room_for_a_first),
        STAGED(test_one_comparison_answers_all_who_ask_the_same),
        cmocka_unit_test(test_a_newcomer_waits_once_for_each_who_floods),
        cmocka_unit_test(test_who_was_wrong_once_waits_once_for_each_who_floods),
        cmocka_unit_test(test_a_right_password_takes_a_client_off_the_record),
        cmocka_unit_test(test_what_a_client_has_in_the_queue_goes_behind_others),
        cmocka_unit_test(test_a_second_check_is_first_when_that_was_made),
        cmocka_unit_test(test_ever_new_clients_do_not_keep_a_check_waiting_for_ever),
        cmocka_unit_test(test_the_clients_longest_on_record_are_forgotten),
        cmocka_unit_test(test_who_is_one_client),
        STAGED(test_a_flood_gets_a_burst_and_then_a_fifth_of_a_cpu),
        STAGED(test_no_more_than_the_burst_is_saved),
        STAGED(test_what_is_known_costs_nothing_of_it),
        STAGED(test_those_who_wait_at_the_end_are_told_so),
        STAGED(test_a_check_under_way_at_the_end_is_answered),
        STAGED(test_many_threads_ask_while_users_change),
        cmocka_unit_test(test_bcrypt_hashes_of_every_kind_match),
        cmocka_unit_test(test_bcrypt_looks_at_72_bytes_of_any_length),
        cmocka_unit_test(test_bcrypt_does_not_match_what_is_no_hash),
        cmocka_unit_test(test_which_hashes_are_taken),
        STAGED(test_bcrypt_in_the_thread),
    };
    return cmocka_run_group_tests_name("passwords", tests, NULL, NULL);
}
