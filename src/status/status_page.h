// SPDX-License-Identifier: Apache-2.0
/*
 * A snapshot as a page for a person: one screen of HTML without scripts or anything to be loaded
 * from elsewhere, so that it can be read on a broken host at three in the morning.
 */
#ifndef SOCKDIAG_STATUS_PAGE_H
#define SOCKDIAG_STATUS_PAGE_H

#include "base/buffer.h"
#include "sockdiag/self_report.h"
#include "sockdiag/snapshot.h"

#define STATUS_PAGE_CONTENT_TYPE "text/html; charset=utf-8"

/* The content of the page's one <style> element: whoever serves it allows just this one by its hash
 * (Content-Security-Policy). */
extern const char status_page_style[];

/* Append the page to `out`, whose `failed` tells of missing memory. `now`, in unix seconds, is the
 * time that it tells, and from which it reckons ages. */
void status_page_render(struct buffer *out, const struct snapshot *snapshot,
                        const struct self_report *self, double now);

#endif
