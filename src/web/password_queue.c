// SPDX-License-Identifier: Apache-2.0
#include "password_queue.h"

#include <string.h>

static bool is_before(const struct password_check *one, const struct password_check *other)
{
    if (one->last_wrong != other->last_wrong)
        return one->last_wrong < other->last_wrong;
    if (one->is_second != other->is_second)
        return other->is_second;
    return one->arrival < other->arrival;
}

/* How many different questions `client` waits for, and whether `question` is one of them. */
static size_t count_questions(const struct password_queue *queue, uint64_t client,
                              const struct password_question *question, bool *asked)
{
    size_t count = 0;
    *asked = false;
    for (size_t i = 0; i < PASSWORD_QUEUE_SIZE; i++) {
        const struct password_check *check = &queue->checks[i];
        if (!check->waits || check->client != client)
            continue;
        count += !check->repeats;
        *asked |= memcmp(&check->question, question, sizeof *question) == 0;
    }
    return count;
}

/* A free place for `fresh`, or that of the check which is last, if it goes before that. Or NULL. */
static struct password_check *find_place(struct password_queue *queue,
                                         const struct password_check *fresh)
{
    struct password_check *last = NULL;
    for (size_t i = 0; i < queue->places; i++) {
        struct password_check *check = &queue->checks[i];
        if (!check->waits)
            return check;
        if (!check->under_way && (!last || is_before(last, check)))
            last = check;
    }
    return last && is_before(fresh, last) ? last : NULL;
}

struct password_check *password_queue_add(struct password_queue *queue, uint64_t client,
                                          const struct password_question *question,
                                          struct password_asker *displaced)
{
    bool asked;
    size_t questions = count_questions(queue, client, question, &asked);
    const struct password_check fresh = {
        .waits = true,
        .question = *question,
        .client = client,
        .repeats = asked,
        .last_wrong = password_clients_last_wrong(&queue->clients, client),
        .is_second = questions > 0 || asked,
        .arrival = queue->arrivals++,
    };
    *displaced = (struct password_asker){0};
    struct password_check *place = find_place(queue, &fresh);
    if (!place || (!asked && questions >= PASSWORD_CLIENT_SHARE))
        return NULL;
    *displaced = place->asker;
    password_queue_remove(place);
    *place = fresh;
    return place;
}

struct password_check *password_queue_next(struct password_queue *queue)
{
    struct password_check *next = NULL;
    for (size_t i = 0; i < PASSWORD_QUEUE_SIZE; i++) {
        struct password_check *check = &queue->checks[i];
        if (check->waits && (!next || is_before(check, next)))
            next = check;
    }
    return next;
}

void password_queue_note(struct password_queue *queue, uint64_t client, bool right)
{
    password_clients_note(&queue->clients, client, right);
    for (size_t i = 0; i < PASSWORD_QUEUE_SIZE; i++) {
        struct password_check *check = &queue->checks[i];
        if (check->waits)
            check->last_wrong = password_clients_last_wrong(&queue->clients, check->client);
        if (check->client == client)
            check->is_second = false;
    }
}

void password_queue_remove(struct password_check *check)
{
    explicit_bzero(check, sizeof *check);
}
