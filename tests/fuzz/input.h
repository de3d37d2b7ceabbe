// SPDX-License-Identifier: Apache-2.0
/*
 * The input of a target as a source of values. After its end all of them are 0.
 */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include "kernel/procfs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What is left of it. */
struct input {
    const uint8_t *data;
    size_t size;
};

static inline void take(struct input *input, void *to, size_t size)
{
    size_t taken = size < input->size ? size : input->size;
    memset(to, 0, size);
    memcpy(to, input->data, taken);
    input->data += taken;
    input->size -= taken;
}

static inline uint8_t take_byte(struct input *input)
{
    uint8_t byte;
    take(input, &byte, 1);
    return byte;
}

static inline bool take_bool(struct input *input)
{
    return take_byte(input) & 1;
}

/* From 0 to `most`, which is at most 255. */
static inline size_t take_count(struct input *input, size_t most)
{
    return take_byte(input) % (most + 1);
}

/* Small, large, or none: PROCFS_UNLIMITED or PROCFS_ABSENT. */
static inline uint64_t take_number(struct input *input)
{
    uint64_t number = take_byte(input);
    if (number < 0xf0)
        return number;
    if (number >= 0xfe)
        return number == 0xfe ? PROCFS_UNLIMITED : PROCFS_ABSENT;
    take(input, &number, number < 0xf8 ? 4 : 8);
    return number;
}

static inline uint64_t take_known_number(struct input *input)
{
    uint64_t number = take_number(input);
    return procfs_is_number(number) ? number : 0;
}

static inline void take_known_numbers(struct input *input, uint64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        numbers[i] = take_known_number(input);
}

static inline void take_numbers(struct input *input, void *numbers, size_t size)
{
    for (size_t i = 0; i < size / sizeof(uint64_t); i++)
        ((uint64_t *)numbers)[i] = take_number(input);
}

static inline double take_share(struct input *input)
{
    return take_byte(input) / 255.0;
}

static inline double take_seconds(struct input *input)
{
    uint32_t seconds = (uint32_t)take_number(input);
    return seconds + take_byte(input) / 256.0;
}

#endif
