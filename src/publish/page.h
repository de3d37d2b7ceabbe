// SPDX-License-Identifier: Apache-2.0
/*
 * A snapshot to be served: immutable, shared by everybody who asks before the next one. Each body
 * (one for every format, plain and compressed) is made when it is first asked for, once, and kept.
 * Only the status page, which tells the present time and ages, is made anew when it is asked for
 * after a second.
 */
#ifndef SOCKDIAG_PAGE_H
#define SOCKDIAG_PAGE_H

#include "base/clock.h"
#include "body.h"
#include "sockdiag/exposition.h"

#include <stdbool.h>
#include <stdint.h>

enum page_format { PAGE_TEXT, PAGE_OPENMETRICS, PAGE_PROTOBUF, PAGE_STATUS, PAGE_FORMATS };

struct page;

/* A page of copies of `snapshot` and `self`, to be released; `clock` must outlive it. NULL when
 * there is no memory. */
struct page *page_create(const struct snapshot *snapshot, const struct self_report *self,
                         const struct clock *clock);

/* One more owner, and one less: the last one frees it. From any thread; NULL may be released. */
const struct page *page_share(const struct page *page);
void page_release(const struct page *page);

/* Does it hold the numbers of a count sample? */
bool page_is_ready(const struct page *page);

/* Until when it is believed, in monotonic nanoseconds: by then the next should have come. */
int64_t page_valid_until(const struct page *page);

/* The body in `format`, `compressed` with gzip or not, to be released; it outlives the page.
 * Whoever asks first makes it, and others wait for that. NULL when there is no memory; the next one
 * to ask tries again. */
struct body *page_body(const struct page *page, enum page_format format, bool compressed);

#endif
