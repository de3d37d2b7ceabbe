// SPDX-License-Identifier: Apache-2.0
/*
 * The layout of a tracepoint, and rings as the kernel would fill them, or never would.
 */
#include "kernel/event_ring.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_SIZE = 4096, RING_SIZE = 512, FIELDS_SIZE = 24 };

/* ---- layout ---- */

static const char *const fields[] = {
    "\tfield:__u16 family;\toffset:%zu;\tsize:2;\tsigned:0;\n",
    "\tfield:__u16 dport;\toffset:%zu;\tsize:2;\tsigned:0;\n",
    "\tfield:__u8 daddr[4];\toffset:%zu;\tsize:4;\tsigned:0;\n",
    "\tfield:__u8 daddr_v6[16];\toffset:%zu;\tsize:16;\tsigned:0;\n",
};

/* With these offsets; 0 leaves a field out. */
static bool parse(const size_t offsets[static 4], struct event_layout *layout)
{
    char text[512] = "";
    for (size_t i = 0; i < 4; i++) {
        if (offsets[i] != 0)
            snprintf(text + strlen(text), sizeof text - strlen(text), fields[i], offsets[i]);
    }
    return event_layout_parse(text, layout);
}

static void test_each_field_has_its_offset(void **state)
{
    (void)state;
    struct event_layout layout;
    assert_true(parse((const size_t[]){8, 26, 36, 56}, &layout));
    assert_int_equal(layout.family, 8);
    assert_int_equal(layout.remote_port, 26);
    assert_int_equal(layout.remote_ipv4, 36);
    assert_int_equal(layout.remote_ipv6, 56);
}

static void test_the_size_is_the_end_of_the_last(void **state)
{
    (void)state;
    static const size_t widths[] = {2, 2, 4, 16};
    for (size_t last = 0; last < 4; last++) {
        struct event_layout layout;
        size_t offsets[4] = {1, 2, 3, 4};
        offsets[last] = 100;
        assert_true(parse(offsets, &layout));
        assert_int_equal(layout.size, 100 + widths[last]);
    }
}

static void test_a_field_that_is_missing_or_too_far_is_no_layout(void **state)
{
    (void)state;
    static const size_t furthest[] = {254, 254, 252, 240};
    for (size_t i = 0; i < 4; i++) {
        struct event_layout layout;
        size_t offsets[4] = {8, 26, 36, 56};
        offsets[i] = 0;
        assert_false(parse(offsets, &layout));
        offsets[i] = furthest[i];
        assert_true(parse(offsets, &layout));
        offsets[i]++;
        assert_false(parse(offsets, &layout));
    }
}

/* ---- rings ---- */

static const struct event_layout ours = {
    .family = 0, .remote_port = 2, .remote_ipv4 = 4, .remote_ipv6 = 8, .size = FIELDS_SIZE};

struct sample {
    struct perf_event_header header;
    uint32_t process, thread, raw_size;
    struct __attribute__((packed)) {
        uint16_t family, port;
        uint8_t ipv4[4], ipv6[16];
        uint8_t padding[4];
        uint64_t cgroup;
    } raw;
};

struct fixture {
    struct event_form form;
    struct perf_event_mmap_page *ring;
    struct tcp_event_sample last;
    unsigned count;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->form = (struct event_form){
        .layout = ours, .page_size = PAGE_SIZE, .ring_size = RING_SIZE, .has_cgroups = true};
    f->ring = calloc(1, PAGE_SIZE + RING_SIZE);
    assert_non_null(f->ring);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    free(f->ring);
    free(f);
    return 0;
}

static void put(struct fixture *f, const void *record, size_t size)
{
    char *data = (char *)f->ring + PAGE_SIZE;
    for (size_t i = 0; i < size; i++)
        data[(f->ring->data_head + i) % RING_SIZE] = ((const char *)record)[i];
    f->ring->data_head += size;
}

static struct sample sample_of(uint32_t process)
{
    struct sample sample = {
        .header = {.type = PERF_RECORD_SAMPLE, .size = sizeof sample},
        .process = process,
        .raw_size = offsetof(struct sample, raw.cgroup) - offsetof(struct sample, raw),
        .raw = {.family = AF_INET, .port = 443, .ipv4 = {192, 0, 2, 1}, .cgroup = 77}};
    return sample;
}

static void take(void *context, const struct tcp_event_sample *sample)
{
    struct fixture *f = context;
    f->last = *sample;
    f->count++;
}

/* Read all that is there. Returns how many were lost. */
static uint64_t read_all(struct fixture *f)
{
    f->count = 0;
    uint64_t lost = event_ring_read(&f->form, f->ring, take, f);
    assert_int_equal(f->ring->data_tail, f->ring->data_head);
    return lost;
}

static void assert_remote(const struct tcp_event_sample *sample, enum ip_family family,
                          const char *text)
{
    struct ip_address address = {{0}};
    assert_int_equal(inet_pton(family == IP_FAMILY_IPV4 ? AF_INET : AF_INET6, text, &address), 1);
    assert_int_equal(sample->family, family);
    assert_memory_equal(&sample->remote_address, &address, sizeof address);
}

static void test_a_sample_says_who_and_whither(void **state)
{
    struct fixture *f = *state;
    struct sample sample = sample_of(12);
    put(f, &sample, sizeof sample);
    assert_int_equal(read_all(f), 0);
    assert_int_equal(f->count, 1);
    assert_int_equal(f->last.process, 12);
    assert_int_equal(f->last.cgroup, 77);
    assert_int_equal(f->last.remote_port, 443);
    assert_remote(&f->last, IP_FAMILY_IPV4, "192.0.2.1");
    assert_int_equal(read_all(f), 0);
    assert_int_equal(f->count, 0);
}

static void test_addresses_of_ipv6_sockets(void **state)
{
    struct fixture *f = *state;
    struct sample sample = sample_of(1);
    sample.raw.family = AF_INET6;
    inet_pton(AF_INET6, "2001:db8::7", sample.raw.ipv6);
    put(f, &sample, sizeof sample);
    read_all(f);
    assert_remote(&f->last, IP_FAMILY_IPV6, "2001:db8::7");
    inet_pton(AF_INET6, "::ffff:198.51.100.3", sample.raw.ipv6);
    put(f, &sample, sizeof sample);
    read_all(f);
    assert_remote(&f->last, IP_FAMILY_IPV4, "198.51.100.3");
}

static void test_without_cgroups_the_record_is_shorter(void **state)
{
    struct fixture *f = *state;
    struct sample sample = sample_of(1);
    f->form.has_cgroups = false;
    sample.header.size = offsetof(struct sample, raw.cgroup);
    put(f, &sample, sample.header.size);
    read_all(f);
    assert_int_equal(f->count, 1);
    assert_int_equal(f->last.cgroup, 0);
}

static void test_records_go_on_at_the_beginning(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 1; i <= 20 * RING_SIZE / sizeof(struct sample); i++) {
        struct sample sample = sample_of(i);
        put(f, &sample, sizeof sample);
        read_all(f);
        assert_int_equal(f->count, 1);
        assert_int_equal(f->last.process, i);
        assert_int_equal(f->last.cgroup, 77);
    }
}

static void test_losses_are_added_up(void **state)
{
    struct fixture *f = *state;
    struct {
        struct perf_event_header header;
        uint64_t id, lost;
    } record = {.header = {.type = PERF_RECORD_LOST, .size = sizeof record}, .id = 5, .lost = 40};
    struct sample sample = sample_of(3);
    put(f, &record, sizeof record);
    put(f, &sample, sizeof sample);
    record.lost = 2;
    put(f, &record, sizeof record);
    record.header.size -= 8; /* without the number */
    put(f, &record, record.header.size);
    assert_int_equal(read_all(f), 42);
    assert_int_equal(f->count, 1);
}

/* What cannot be a sample is passed over, and what follows is read. */
static void assert_passed_over(struct fixture *f, const struct sample *record)
{
    struct sample good = sample_of(9);
    put(f, record, record->header.size);
    put(f, &good, sizeof good);
    assert_int_equal(read_all(f), 0);
    assert_int_equal(f->count, 1);
    assert_int_equal(f->last.process, 9);
}

static void test_other_records_are_passed_over(void **state)
{
    struct fixture *f = *state;
    struct sample record = sample_of(1);
    record.header.type = PERF_RECORD_THROTTLE;
    assert_passed_over(f, &record);
    record = sample_of(1);
    record.raw_size = FIELDS_SIZE - 1;
    assert_passed_over(f, &record);
    record = sample_of(1);
    record.raw_size++; /* there is no room for the cgroup */
    assert_passed_over(f, &record);
    record = sample_of(1);
    record.header.size = offsetof(struct sample, raw) + sizeof record.raw.cgroup - 1;
    record.raw_size = 0;
    assert_passed_over(f, &record);
}

static void test_a_record_as_short_as_can_be(void **state)
{
    struct fixture *f = *state;
    struct sample record = sample_of(1);
    record.raw_size = FIELDS_SIZE;
    record.header.size -= 4;
    put(f, &record, record.header.size);
    read_all(f);
    assert_int_equal(f->count, 1);
}

static void test_a_record_that_is_not_whole_ends_it(void **state)
{
    struct fixture *f = *state;
    struct sample record = sample_of(1), good = sample_of(2);
    static const uint16_t sizes[] = {0, sizeof(struct perf_event_header) - 1,
                                     2 * sizeof(struct sample) + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        record.header.size = sizes[i];
        put(f, &record, sizeof record);
        put(f, &good, sizeof good);
        assert_int_equal(read_all(f), 0);
        assert_int_equal(f->count, 0);
    }
}

#define with_ring(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_field_has_its_offset),
        cmocka_unit_test(test_the_size_is_the_end_of_the_last),
        cmocka_unit_test(test_a_field_that_is_missing_or_too_far_is_no_layout),
        with_ring(test_a_sample_says_who_and_whither),
        with_ring(test_addresses_of_ipv6_sockets),
        with_ring(test_without_cgroups_the_record_is_shorter),
        with_ring(test_records_go_on_at_the_beginning),
        with_ring(test_losses_are_added_up),
        with_ring(test_other_records_are_passed_over),
        with_ring(test_a_record_as_short_as_can_be),
        with_ring(test_a_record_that_is_not_whole_ends_it),
    };
    return cmocka_run_group_tests_name("event ring", tests, NULL, NULL);
}
