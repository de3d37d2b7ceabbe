// SPDX-License-Identifier: Apache-2.0
/*
 * A snapshot as a page for the operator: HTML that loads nothing else, so that it works on a host
 * in trouble. A short script renews its numbers; without scripts the browser loads it again.
 */
#ifndef SOCKDIAG_STATUS_PAGE_H
#define SOCKDIAG_STATUS_PAGE_H

#include "base/buffer.h"
#include "sockdiag/self_report.h"
#include "sockdiag/snapshot.h"

#define STATUS_PAGE_CONTENT_TYPE "text/html; charset=utf-8"

/* The contents of the only <style> and the only <script>, which the Content-Security-Policy allows
 * by their hashes: unlike a nonce, a hash also suits a page that is made once for all clients. */
extern const char status_page_style[];
extern const char status_page_script[];

/* Append the page to `out`; its `failed` is set if memory runs out. `now`, in unix seconds, is the
 * shown time and the reference of ages. */
void status_page_render(struct buffer *out, const struct snapshot *snapshot,
                        const struct self_report *self, double now);

#endif
