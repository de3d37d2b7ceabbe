#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: openmetrics.py TEXT OPENMETRICS PROTOBUF
Check three pages of the same snapshot, one in each format, with parsers that share no code with the
exporter. The Prometheus client library parses both texts and checks the rules of OpenMetrics; the
functions below parse protobuf. All three must have the same families, types, labels and values, and
no series twice. In protobuf, counters and histograms have created timestamps."""
import math
import struct
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text


def fail(message):
    sys.exit("openmetrics.py: " + message)


def series_of(families):
    """{(name, labels): value}, with bounds of buckets as numbers; fails on a duplicate."""
    series = {}
    for family in families:
        for sample in family.samples:
            labels = dict(sample.labels)
            if "le" in labels:
                labels["le"] = float(labels["le"])
            key = (sample.name, tuple(sorted(labels.items())))
            if key in series:
                fail(f"twice: {key}")
            series[key] = float(sample.value)
    return series


def fields(message):
    """Yields the fields of a protobuf message as (number, value); only the wire types that we use."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(message):
        tag = varint()
        number, wire_type = tag >> 3, tag & 7
        if wire_type == 0:
            yield number, varint()
        elif wire_type == 1:
            yield number, struct.unpack("<d", message[at : at + 8])[0]
            at += 8
        elif wire_type == 2:
            length = varint()
            if at + length > len(message):
                fail("a field longer than its message")
            yield number, message[at : at + length]
            at += length
        else:
            fail(f"wire type {wire_type}")


def one(message, number, default=None):
    found = [value for n, value in fields(message) if n == number]
    if len(found) > 1:
        fail(f"field {number} more than once")
    return found[0] if found else default


def zigzag(value):
    return value >> 1 ^ -(value & 1)


def native_buckets(histogram):
    """{bucket number: count}"""
    deltas = [zigzag(value) for number, value in fields(histogram) if number == 13]
    buckets, at, count = {}, 0, 0
    for number, span in fields(histogram):
        if number != 12:
            continue
        at += zigzag(one(span, 1, 0))
        for _ in range(one(span, 2, 0)):
            count += deltas.pop(0)
            buckets[at] = count
            at += 1
    if deltas:
        fail("more deltas than buckets")
    return buckets


def histogram_series(name, labels, histogram):
    count, total = one(histogram, 1), one(histogram, 2)
    classic = {one(b, 2): one(b, 1) for n, b in fields(histogram) if n == 3}
    classic[math.inf] = count
    for bound, value in classic.items():
        yield (name + "_bucket", tuple(sorted({**labels, "le": bound}.items()))), float(value)
    yield (name + "_count", tuple(sorted(labels.items()))), float(count)
    yield (name + "_sum", tuple(sorted(labels.items()))), total

    # The native buckets hold the same observations: they must agree with the classic buckets at each
    # power of two exactly, and at each power of ten within one bucket.
    schema, zeros, native = zigzag(one(histogram, 5)), one(histogram, 7), native_buckets(histogram)
    if schema != 3 or one(histogram, 6) <= 0:
        fail(f"{name}: schema {schema}")
    if zeros + sum(native.values()) != count or any(value <= 0 for value in native.values()):
        fail(f"{name}: native buckets {native} and {zeros} zeros, but {count} in all")
    for bound, value in classic.items():
        below = zeros + sum(c for i, c in native.items() if 2 ** (i / 8) <= bound)
        touching = zeros + sum(c for i, c in native.items() if 2 ** ((i - 1) / 8) < bound)
        if not below <= value <= touching:
            fail(f"{name}: {value} up to {bound}, but natively {below} to {touching}")


def must_be_created(name, kind, message, start):
    """The exporter's counters and histograms start with it; the kernel's have an unknown start."""
    timestamp = one(message, {"counter": 3, "gauge": 3, "histogram": 15}[kind])
    began = one(timestamp, 1, 0) + one(timestamp, 2, 0) / 1e9 if timestamp else None
    known = kind == "histogram" or (kind == "counter" and not name.startswith("sockdiag_tcp_"))
    if (began is not None) != known or (known and abs(began - start) > 1e-6):
        fail(f"{name}: created {began}, started {start}")


def parse_protobuf(data, start):
    """{(name, labels): value} and {family: type}"""
    series, types, at = {}, {}, 0
    while at < len(data):
        length = shift = 0
        while True:
            byte = data[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        family = data[at : at + length]
        at += length
        name = one(family, 1).decode()
        if name in types:
            fail(f"family {name} twice")
        types[name] = ["counter", "gauge", "summary", "untyped", "histogram"][one(family, 3)]
        if not one(family, 2):
            fail(f"{name} has no HELP")
        for number, metric in fields(family):
            if number != 4:
                continue
            labels = {one(p, 1).decode(): one(p, 2).decode() for n, p in fields(metric) if n == 1}
            key = (name, tuple(sorted(labels.items())))
            kind = types[name]
            message = one(metric, {"counter": 3, "gauge": 2, "histogram": 7}[kind])
            must_be_created(name, kind, message, start)
            if kind == "histogram":
                found = dict(histogram_series(name, labels, message))
            else:
                found = {key: one(message, 1)}
            for key, value in found.items():
                if key in series:
                    fail(f"twice: {key}")
                series[key] = value
    return series, types


def must_agree(one_name, one_series, other_name, other_series):
    for key in one_series.keys() | other_series.keys():
        if one_series.get(key) != other_series.get(key):
            fail(f"{key}: {one_name} {one_series.get(key)}, {other_name} {other_series.get(key)}")


def main():
    text_page, openmetrics_page = (open(name, encoding="utf-8").read() for name in sys.argv[1:3])
    text_families = list(parse_text(text_page))
    families = list(parse_openmetrics(openmetrics_page))
    text, openmetrics = series_of(text_families), series_of(families)
    start = text[("process_start_time_seconds", ())]
    protobuf, protobuf_types = parse_protobuf(open(sys.argv[3], "rb").read(), start)
    must_agree("text", text, "OpenMetrics", openmetrics)
    must_agree("text", text, "protobuf", protobuf)

    text_types = {}
    for family in text_families:
        suffix = "_total" if family.type == "counter" else ""
        text_types[family.name + suffix] = family.type
    if text_types != protobuf_types:
        fail(f"types differ: {set(text_types.items()) ^ set(protobuf_types.items())}")
    units = {f.name: f.unit for f in families if f.unit}
    for family in families:
        last_word = family.name.rsplit("_", 1)[-1]
        expected = last_word if last_word in ("seconds", "bytes", "ratio") else ""
        if family.unit != expected:
            fail(f"{family.name}: unit {family.unit!r}")
        if not family.documentation:
            fail(f"{family.name} has no HELP")
    if not any(f.type == "info" for f in families):
        fail("no info")
    print(f"{len(text)} series in {len(families)} families, {len(units)} with a unit: "
          "text, OpenMetrics and protobuf agree")


main()
