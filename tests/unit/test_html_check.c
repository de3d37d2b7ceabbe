// SPDX-License-Identifier: Apache-2.0
/*
 * The reader of pages must refuse bad ones.
 */
#include "html_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PAGE(text) "<!DOCTYPE html>\n<html>" text "</html>\n"

static void test_the_checker_accepts_valid_pages(void **state)
{
    (void)state;
    static const char *const pages[] = {
        PAGE(""),
        PAGE("a &lt; b &amp; c"),
        PAGE("<p class=\"x\">a<wbr>b</p>"),
        PAGE("<svg><rect x=\"1\"/></svg>"),
        PAGE("<a href=\"x/y\">'x'</a>"),
        PAGE("<style>a>b{c:\"d\"}</style>"),
        PAGE("<script>'&' > \"\"</script>"),
    };
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (html_find_fault(pages[i]))
            fail_msg("%s: %s", pages[i], html_find_fault(pages[i]));
    }
}

static void test_the_checker_refuses_bad_pages(void **state)
{
    (void)state;
    static const char *const pages[] = {
        "<html></html>",
        "<!DOCTYPE html>\n<html>",
        PAGE("<p>"),
        PAGE("</p>"),
        PAGE("<p><b></p></b>"),
        PAGE("a & b"),
        PAGE("a &nbsp; b"),
        PAGE("a > b"),
        PAGE("a \" b"),
        PAGE("a \x01 b"),
        PAGE("<p class=x>a</p>"),
        PAGE("<p class=\"x>a</p>"),
        PAGE("<p class=\"<\">a</p>"),
        PAGE("<p class=\"a\" class=\"b\">a</p>"),
        PAGE("<p style=\"color:red\">a</p>"),
        PAGE("<p onclick=\"x\">a</p>"),
        PAGE("<a href=\"https://x\">a</a>"),
        PAGE("<a href=\"/x\">a</a>"),
        PAGE("<img>"),
        PAGE("<svg><rect></svg>"),
        PAGE("<!-- x -->"),
    };
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (!html_find_fault(pages[i]))
            fail_msg("accepted: %s", pages[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_checker_accepts_valid_pages),
        cmocka_unit_test(test_the_checker_refuses_bad_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
