// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes as the records of a ring of perf, and any text as the format of the
 * tracepoint. Wherever in the ring the records begin, they are read alike; only whole ones count.
 *
 * Covers: src/kernel/event_ring.c
 */
#include "kernel/event_ring.h"

#include "input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE_SIZE = 4096, RING_SIZE = 4096, SAMPLES_MOST = RING_SIZE / 8 };

/* As of 6.1. */
static const char format[] = "\tfield:__u16 sport;\toffset:24;\tsize:2;\tsigned:0;\n"
                             "\tfield:__u16 dport;\toffset:26;\tsize:2;\tsigned:0;\n"
                             "\tfield:__u16 family;\toffset:28;\tsize:2;\tsigned:0;\n"
                             "\tfield:__u8 daddr[4];\toffset:36;\tsize:4;\tsigned:0;\n"
                             "\tfield:__u8 daddr_v6[16];\toffset:56;\tsize:16;\tsigned:0;\n";

struct seen {
    struct tcp_event_sample samples[SAMPLES_MOST];
    size_t count;
    uint64_t lost;
};

static void consume(void *context, const struct tcp_event_sample *sample)
{
    struct seen *seen = context;
    if (seen->count == SAMPLES_MOST || sample->family >= IP_FAMILIES)
        abort();
    seen->samples[seen->count++] = *sample;
}

/* What the whole records tell. */
static struct seen expect(const struct event_form *form, const struct input *records)
{
    struct seen expected = {.count = 0};
    struct perf_event_header header;
    size_t cgroup = form->has_cgroups ? 8 : 0;
    for (struct input rest = *records; rest.size >= sizeof header;) {
        uint64_t lost;
        uint32_t raw;
        memcpy(&header, rest.data, sizeof header);
        size_t size = header.size < 256 ? header.size : 256; /* more is not looked at */
        if (header.size < sizeof header || header.size > rest.size)
            break;
        if (header.type == PERF_RECORD_LOST && size >= 24) {
            memcpy(&lost, rest.data + 16, sizeof lost);
            expected.lost += lost;
        } else if (header.type == PERF_RECORD_SAMPLE && size >= 20 + cgroup) {
            memcpy(&raw, rest.data + 16, sizeof raw);
            expected.count += raw >= form->layout.size && raw <= size - 20 - cgroup;
        }
        rest.data += header.size;
        rest.size -= header.size;
    }
    return expected;
}

/* Read the records from a ring in which they begin at `position`. */
static void read_at(const struct event_form *form, uint64_t position, const struct input *records,
                    struct seen *seen)
{
    /* exactly this size, so that the sanitizer knows its end */
    char *memory = calloc(1, PAGE_SIZE + RING_SIZE);
    struct perf_event_mmap_page *ring = (struct perf_event_mmap_page *)memory;
    if (!memory)
        abort();
    for (size_t i = 0; i < records->size; i++)
        memory[PAGE_SIZE + (position + i) % RING_SIZE] = (char)records->data[i];
    ring->data_tail = position;
    ring->data_head = position + records->size;
    seen->count = 0;
    seen->lost = event_ring_read(form, ring, consume, seen);
    if (ring->data_tail != ring->data_head)
        abort();
    free(memory);
}

static void check_same(const struct seen *a, const struct seen *b)
{
    if (a->count != b->count || a->lost != b->lost)
        abort();
    for (size_t i = 0; i < a->count; i++) {
        const struct tcp_event_sample *one = &a->samples[i], *other = &b->samples[i];
        if (one->process != other->process || one->cgroup != other->cgroup ||
            one->family != other->family || one->remote_port != other->remote_port ||
            memcmp(&one->remote_address, &other->remote_address, sizeof one->remote_address) != 0)
            abort();
    }
}

static void parse_any_layout(const struct input *input)
{
    struct event_layout layout;
    char *text = strndup((const char *)input->data, input->size);
    if (!text)
        abort();
    if (event_layout_parse(text, &layout) &&
        (layout.family + 2 > layout.size || layout.remote_port + 2 > layout.size ||
         layout.remote_ipv4 + 4 > layout.size || layout.remote_ipv6 + 16 > layout.size))
        abort();
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct seen seen, moved, expected;
    struct input input = {data, size};
    struct event_form form = {.page_size = PAGE_SIZE, .ring_size = RING_SIZE};
    parse_any_layout(&input);
    uint16_t position;
    take(&input, &position, sizeof position);
    form.has_cgroups = take_bool(&input);
    if (!event_layout_parse(format, &form.layout))
        abort();
    if (input.size > RING_SIZE)
        input.size = RING_SIZE;
    read_at(&form, 0, &input, &seen);
    read_at(&form, position, &input, &moved);
    check_same(&seen, &moved);
    expected = expect(&form, &input);
    if (seen.lost != expected.lost || seen.count != expected.count)
        abort();
    return 0;
}
