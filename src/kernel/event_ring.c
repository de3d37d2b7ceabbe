// SPDX-License-Identifier: Apache-2.0
#include "event_ring.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* The most bytes of a record that are read. A sample has about 100. */
enum { RECORD_SIZE = 256 };

/* Find the offset of a field of `width` bytes, and raise `size` to its end. The line of a field:
 * "field:__u16 dport;\toffset:26;\tsize:2;". */
static bool find_offset(const char *format, const char *field, size_t width, size_t *offset,
                        size_t *size)
{
    const char *line = strstr(format, field);
    if (!line || sscanf(line + strlen(field), " offset:%zu;", offset) != 1 ||
        *offset > RECORD_SIZE - width)
        return false;
    *size = *offset + width > *size ? *offset + width : *size;
    return true;
}

bool event_layout_parse(const char *format, struct event_layout *layout)
{
    layout->size = 0;
    return find_offset(format, " family;", 2, &layout->family, &layout->size) &&
           find_offset(format, " dport;", 2, &layout->remote_port, &layout->size) &&
           find_offset(format, " daddr[4];", 4, &layout->remote_ipv4, &layout->size) &&
           find_offset(format, " daddr_v6[16];", 16, &layout->remote_ipv6, &layout->size);
}

/* A sample in the ring: the fields of PERF_SAMPLE_TID, PERF_SAMPLE_RAW and, if there are cgroups,
 * PERF_SAMPLE_CGROUP, in this order (perf_event_open(2)). */
struct sample_record {
    struct perf_event_header header;
    uint32_t process, thread;
    uint32_t raw_size;
    char raw[]; /* raw_size bytes, then the cgroup */
};

struct lost_record {
    struct perf_event_header header;
    uint64_t id, lost;
};

/* Copy bytes of the ring, which may continue at its start. */
static void copy_bytes(const struct event_form *form, const struct perf_event_mmap_page *ring,
                       uint64_t position, void *to, size_t size)
{
    const char *data = (const char *)ring + form->page_size;
    size_t start = (size_t)(position % form->ring_size);
    size_t first = size < form->ring_size - start ? size : form->ring_size - start;
    memcpy(to, data + start, first);
    memcpy((char *)to + first, data, size - first);
}

static void read_remote(const struct event_layout *layout, const char *raw,
                        struct tcp_event_sample *sample)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    uint16_t family;
    struct ip_address ipv6;
    memcpy(&family, raw + layout->family, sizeof family);
    memcpy(&sample->remote_port, raw + layout->remote_port, sizeof sample->remote_port);
    memcpy(&ipv6, raw + layout->remote_ipv6, sizeof ipv6);
    if (family == AF_INET6 && memcmp(&ipv6, mapped, sizeof mapped) != 0) {
        sample->family = IP_FAMILY_IPV6;
        sample->remote_address = ipv6;
        return;
    }
    sample->family = IP_FAMILY_IPV4;
    memcpy(&sample->remote_address.word[0],
           raw + (family == AF_INET6 ? layout->remote_ipv6 + 12 : layout->remote_ipv4), 4);
}

/* Parse a sample record of `size` bytes. False if a field is missing. */
static bool parse_sample(const struct event_form *form, const struct sample_record *record,
                         size_t size, struct tcp_event_sample *sample)
{
    size_t rest = sizeof *record + (form->has_cgroups ? sizeof sample->cgroup : 0);
    if (size < rest || record->raw_size > size - rest || record->raw_size < form->layout.size)
        return false;
    *sample = (struct tcp_event_sample){.process = record->process};
    if (form->has_cgroups)
        memcpy(&sample->cgroup, record->raw + record->raw_size, sizeof sample->cgroup);
    read_remote(&form->layout, record->raw, sample);
    return true;
}

uint64_t event_ring_read(const struct event_form *form, struct perf_event_mmap_page *ring,
                         tcp_event_consumer *consume, void *context)
{
    uint64_t lost = 0;
    /* The order of include/uapi/linux/perf_event.h: read the head, then the data, then write the
     * tail. */
    uint64_t head = __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE);
    uint64_t tail = ring->data_tail;
    while (tail < head) {
        _Alignas(struct lost_record) char bytes[RECORD_SIZE];
        struct perf_event_header header;
        struct tcp_event_sample sample;
        copy_bytes(form, ring, tail, &header, sizeof header);
        if (header.size < sizeof header || header.size > head - tail)
            break; /* cannot happen: the kernel writes whole records */
        size_t size = header.size < sizeof bytes ? header.size : sizeof bytes;
        copy_bytes(form, ring, tail, bytes, size);
        if (header.type == PERF_RECORD_LOST && size >= sizeof(struct lost_record))
            lost += ((const struct lost_record *)bytes)->lost;
        else if (header.type == PERF_RECORD_SAMPLE &&
                 parse_sample(form, (const struct sample_record *)bytes, size, &sample))
            consume(context, &sample);
        tail += header.size;
    }
    __atomic_store_n(&ring->data_tail, head, __ATOMIC_RELEASE);
    return lost;
}
