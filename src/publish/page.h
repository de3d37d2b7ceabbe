// SPDX-License-Identifier: Apache-2.0
/*
 * A snapshot for requests: immutable, shared by all requests until the next one. Each body (one for
 * every format, plain and compressed) is made once, at its first request, and kept. Only the status
 * page, which shows the current time and ages, is made again for a request after a second.
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

/* A page of copies of `snapshot` and `self`; release it. `clock` must outlive it. NULL when there
 * is no memory. */
struct page *page_create(const struct snapshot *snapshot, const struct self_report *self,
                         const struct clock *clock);

/* Add or remove an owner: the last one frees it. From any thread; NULL may be released. */
const struct page *page_share(const struct page *page);
void page_release(const struct page *page);

/* Does it have the numbers of a count sample? */
bool page_is_ready(const struct page *page);

/* The end of its validity, in monotonic nanoseconds: the next page is due before. */
int64_t page_valid_until(const struct page *page);

/* The body in `format`, `compressed` with gzip or not; release it. It outlives the page. The first
 * caller makes it, and others wait. NULL when there is no memory; the next call tries again. */
struct body *page_body(const struct page *page, enum page_format format, bool compressed);

#endif
