// SPDX-License-Identifier: Apache-2.0
/*
 * Delimited protobuf: for each family its length, then one message
 * io.prometheus.client.MetricFamily (prometheus/client_model, io/prometheus/client/metrics.proto).
 *
 * The length of a nested message precedes it. One byte is reserved for the length, and the message
 * moves if its length needs more.
 */
#include "metric_encoding.h"

#include <math.h>
#include <string.h>

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LENGTH = 2 };

/* The numbers of the fields, by message. */
enum { FAMILY_NAME = 1, FAMILY_HELP = 2, FAMILY_TYPE = 3, FAMILY_METRIC = 4, FAMILY_UNIT = 5 };
enum { METRIC_LABEL = 1, METRIC_OF_GAUGE = 2, METRIC_OF_COUNTER = 3, METRIC_OF_HISTOGRAM = 7 };
enum { LABEL_NAME = 1, LABEL_VALUE = 2 };
enum { NUMBER_VALUE = 1, COUNTER_CREATED = 3 }; /* NUMBER_VALUE: of a Gauge and of a Counter */
enum {
    HISTOGRAM_COUNT = 1,
    HISTOGRAM_SUM = 2,
    HISTOGRAM_BUCKET = 3,
    HISTOGRAM_SCHEMA = 5,
    HISTOGRAM_ZERO_THRESHOLD = 6,
    HISTOGRAM_ZERO_COUNT = 7,
    HISTOGRAM_POSITIVE_SPAN = 12,
    HISTOGRAM_POSITIVE_DELTA = 13,
    HISTOGRAM_CREATED = 15
};
enum { BUCKET_CUMULATIVE_COUNT = 1, BUCKET_UPPER_BOUND = 2 };
enum { SPAN_OFFSET = 1, SPAN_LENGTH = 2 };
enum { TIMESTAMP_SECONDS = 1, TIMESTAMP_NANOS = 2 };

/* All values up to this one count as zero: Prometheus' own default, 2^-128. It also marks a
 * histogram without observations as a native one. */
static const double zero_threshold = 0x1p-128;

static size_t make_varint(uint8_t bytes[static 10], uint64_t value)
{
    size_t length = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[length++] = (uint8_t)(value | 0x80);
    bytes[length++] = (uint8_t)value;
    return length;
}

static void put_varint(struct buffer *out, uint64_t value)
{
    uint8_t bytes[10];
    buffer_append(out, bytes, make_varint(bytes, value));
}

static void put_tag(struct buffer *out, unsigned field, enum wire_type type)
{
    put_varint(out, field << 3 | type);
}

static void put_unsigned(struct buffer *out, unsigned field, uint64_t value)
{
    put_tag(out, field, WIRE_VARINT);
    put_varint(out, value);
}

/* As sint32 or sint64 (zigzag encoding): small numbers of either sign are short. */
static void put_signed(struct buffer *out, unsigned field, int64_t value)
{
    uint64_t doubled = (uint64_t)value << 1;
    put_unsigned(out, field, value < 0 ? ~doubled : doubled);
}

/* Little-endian on every machine. */
static void put_double(struct buffer *out, unsigned field, double value)
{
    uint64_t bits;
    uint8_t bytes[sizeof bits];
    memcpy(&bits, &value, sizeof bits);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(bits >> (8 * i));
    put_tag(out, field, WIRE_FIXED64);
    buffer_append(out, bytes, sizeof bytes);
}

static void put_string(struct buffer *out, unsigned field, const char *string)
{
    put_tag(out, field, WIRE_LENGTH);
    put_varint(out, strlen(string));
    buffer_append_string(out, string);
}

/* Begin a message inside the current one. Returns its start, for end_message(). */
static size_t begin_message(struct buffer *out, unsigned field)
{
    put_tag(out, field, WIRE_LENGTH);
    buffer_append(out, "", 1);
    return out->length;
}

static void end_message(struct buffer *out, size_t start)
{
    if (out->failed)
        return;
    uint8_t bytes[10];
    size_t length = out->length - start, wanted = make_varint(bytes, length);
    buffer_append(out, bytes, wanted - 1); /* grow by this much: the message moves */
    if (out->failed)
        return;
    memmove(out->data + start - 1 + wanted, out->data + start, length);
    memcpy(out->data + start - 1, bytes, wanted);
}

/* `time` is in unix seconds. */
static void put_timestamp(struct buffer *out, unsigned field, double time)
{
    double seconds = floor(time);
    size_t timestamp = begin_message(out, field);
    put_unsigned(out, TIMESTAMP_SECONDS, (uint64_t)seconds);
    put_unsigned(out, TIMESTAMP_NANOS, (uint64_t)((time - seconds) * 1e9));
    end_message(out, timestamp);
}

static void begin_family(struct metric_writer *writer)
{
    /* enum MetricType */
    static const uint8_t types[] = {[METRIC_COUNTER] = 0,
                                    [METRIC_FOREIGN_COUNTER] = 0,
                                    [METRIC_GAUGE] = 1,
                                    [METRIC_INFO] = 1,
                                    [METRIC_HISTOGRAM] = 4};
    const struct metric *family = &writer->family;
    struct buffer *message = &writer->message;
    buffer_clear(message);
    put_tag(message, FAMILY_NAME, WIRE_LENGTH);
    put_varint(message, strlen(family->name) + strlen(metric_suffix(family)));
    buffer_append_string(message, family->name);
    buffer_append_string(message, metric_suffix(family));
    put_string(message, FAMILY_HELP, family->help);
    put_unsigned(message, FAMILY_TYPE, types[family->type]);
    if (metric_unit(family))
        put_string(message, FAMILY_UNIT, metric_unit(family));
}

static void end_family(struct metric_writer *writer)
{
    put_varint(writer->out, writer->message.length);
    buffer_append(writer->out, writer->message.data, writer->message.length);
    writer->out->failed |= writer->message.failed;
}

static void put_labels(struct buffer *out, const struct label *labels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t label = begin_message(out, METRIC_LABEL);
        put_string(out, LABEL_NAME, labels[i].name);
        put_string(out, LABEL_VALUE, labels[i].value);
        end_message(out, label);
    }
}

static void write_sample(struct metric_writer *writer, const struct label *labels, size_t count,
                         const struct metric_value *value)
{
    struct buffer *out = &writer->message;
    enum metric_type type = writer->family.type;
    bool is_counter = type == METRIC_COUNTER || type == METRIC_FOREIGN_COUNTER;
    size_t metric = begin_message(out, FAMILY_METRIC);
    put_labels(out, labels, count);
    size_t number = begin_message(out, is_counter ? METRIC_OF_COUNTER : METRIC_OF_GAUGE);
    put_double(out, NUMBER_VALUE, value->real);
    if (type == METRIC_COUNTER)
        put_timestamp(out, COUNTER_CREATED, writer->start_time);
    end_message(out, number);
    end_message(out, metric);
}

static void put_classic_buckets(struct buffer *out, const struct histogram *histogram)
{
    uint64_t cumulative = 0;
    for (size_t i = 0; i < histogram->bound_count; i++) { /* +Inf is implied */
        cumulative += histogram->buckets[i];
        size_t bucket = begin_message(out, HISTOGRAM_BUCKET);
        put_unsigned(out, BUCKET_CUMULATIVE_COUNT, cumulative);
        put_double(out, BUCKET_UPPER_BOUND, histogram->bounds[i]);
        end_message(out, bucket);
    }
}

/* Write a span for each run of native buckets that are not empty: the number of buckets skipped
 * since the last span (for the first: since bucket 0), and the length of the run. */
static void put_spans(struct buffer *out, const struct histogram *histogram)
{
    const uint64_t *buckets = histogram->native_buckets;
    int skipped = histogram->native_lowest;
    for (int i = 0; i < HISTOGRAM_NATIVE_BUCKETS;) {
        int length = 0;
        while (i + length < HISTOGRAM_NATIVE_BUCKETS && buckets[i + length] > 0)
            length++;
        if (length == 0) {
            skipped++;
            i++;
            continue;
        }
        size_t span = begin_message(out, HISTOGRAM_POSITIVE_SPAN);
        put_signed(out, SPAN_OFFSET, skipped);
        put_unsigned(out, SPAN_LENGTH, (uint64_t)length);
        end_message(out, span);
        skipped = 0;
        i += length;
    }
}

/* Write the count of each bucket in these spans, minus the count of the one before it. */
static void put_deltas(struct buffer *out, const struct histogram *histogram)
{
    int64_t before = 0;
    for (int i = 0; i < HISTOGRAM_NATIVE_BUCKETS; i++) {
        int64_t bucket = (int64_t)histogram->native_buckets[i];
        if (bucket == 0)
            continue;
        put_signed(out, HISTOGRAM_POSITIVE_DELTA, bucket - before);
        before = bucket;
    }
}

static void write_histogram(struct metric_writer *writer, const struct label *labels, size_t count,
                            const struct histogram *histogram)
{
    struct buffer *out = &writer->message;
    size_t metric = begin_message(out, FAMILY_METRIC);
    put_labels(out, labels, count);
    size_t message = begin_message(out, METRIC_OF_HISTOGRAM);
    put_unsigned(out, HISTOGRAM_COUNT, histogram->count);
    put_double(out, HISTOGRAM_SUM, histogram->sum);
    put_classic_buckets(out, histogram);
    put_signed(out, HISTOGRAM_SCHEMA, HISTOGRAM_NATIVE_SCHEMA);
    put_double(out, HISTOGRAM_ZERO_THRESHOLD, zero_threshold);
    put_unsigned(out, HISTOGRAM_ZERO_COUNT, histogram->zeros);
    put_spans(out, histogram);
    put_deltas(out, histogram);
    put_timestamp(out, HISTOGRAM_CREATED, writer->start_time);
    end_message(out, message);
    end_message(out, metric);
}

const struct metric_encoding protobuf_encoding = {
    .begin_family = begin_family,
    .end_family = end_family,
    .sample = write_sample,
    .histogram = write_histogram,
    .end = "",
};
