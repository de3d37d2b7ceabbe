// SPDX-License-Identifier: Apache-2.0
/*
 * Pieces of HTML: text, links, rows, and the paths and bars of charts.
 */
#include "status/html_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

/* Compare the text of a buffer and free it. */
static void assert_written(struct buffer *out, const char *expected)
{
    buffer_append(out, "", 1);
    assert_string_equal(out->data, expected);
    buffer_free(out);
}

static void assert_text(const char *text, const char *expected)
{
    struct buffer out = {0};
    buffer_append_string(&out, "=");
    html_write_text(&out, text);
    assert_written(&out, expected);
}

static void test_text_cannot_become_markup(void **state)
{
    (void)state;
    assert_text("", "=");
    assert_text("plain ü", "=plain ü");
    assert_text("<b a='1' c=\"2\">&amp;", "=&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;amp;");
    assert_text("<<", "=&lt;&lt;");
    assert_text("a\nb\x01\x7f", "=a\ufffd"
                                "b\ufffd\ufffd");
}

static void test_links_are_relative(void **state)
{
    (void)state;
    struct buffer out = {0};
    html_write_link(&out, "/probe/v1/metrics");
    assert_written(&out, "<a href=\"probe/v1/metrics\">/probe/v1/metrics</a>");
    html_write_link(&out, "/\"<");
    assert_written(&out, "<a href=\"&quot;&lt;\">/&quot;&lt;</a>");
}

static void test_figures_have_a_name_and_a_level(void **state)
{
    (void)state;
    struct buffer out = {0};
    html_write_figure(&out, "Warning", "peak", "7");
    assert_written(&out, "<div class=\"Warning\"><dt>peak</dt><dd>7</dd></div>");
    html_write_part(&out, "IPv6", "7", "9");
    assert_written(&out, "<div><dt>IPv6</dt><dd>7 of 9</dd></div>");
}

static void test_a_table_may_break_addresses_after_colons(void **state)
{
    (void)state;
    struct buffer out = {0};
    html_open_table(&out, "t", "Name", "A");
    html_write_row(&out, "c", "[::1]:80", "192.0.2.1", "::");
    html_write_row(&out, "c", "<b>", "&");
    html_close_table(&out);
    assert_written(&out, "<table class=\"t\"><thead><tr><th scope=\"col\">Name</th>"
                         "<th scope=\"col\">A</th></tr></thead>\n<tbody>\n"
                         "<tr class=\"c\"><th scope=\"row\">[:<wbr>:<wbr>1]:<wbr>80</th>"
                         "<td>192.0.2.1</td><td>:<wbr>:<wbr></td></tr>\n"
                         "<tr class=\"c\"><th scope=\"row\">&lt;b&gt;</th><td>&amp;</td></tr>\n"
                         "</tbody></table>\n");
}

static const int64_t slot = HISTORY_SLOT_LENGTH;

struct drawing {
    struct history history;
    uint64_t whole;
    struct buffer out;
};

/* Draw the history and return the picture, valid until the next call. */
static const char *draw(struct drawing *drawing, double interval)
{
    buffer_clear(&drawing->out);
    html_write_chart(&drawing->out,
                     &(struct chart){"Things", &drawing->history, interval, drawing->whole});
    buffer_append(&drawing->out, "", 1);
    assert_false(drawing->out.failed);
    return drawing->out.data;
}

static void assert_drawn(const char *picture, const char *part)
{
    if (!strstr(picture, part))
        fail_msg("no %s in %s", part, picture);
}

static void test_the_newest_slot_is_at_the_right(void **state)
{
    (void)state;
    struct drawing drawing = {0};
    history_observe(&drawing.history, 1000 * slot, 50);
    history_observe(&drawing.history, 1001 * slot, 200);
    history_observe(&drawing.history, 1002 * slot, 100);
    const char *picture = draw(&drawing, 1);
    assert_drawn(picture, "class=\"line\" d=\"M177 750h0L178 0L179 500\"");
    assert_drawn(picture, "class=\"area\" d=\"M177 1000V750L178 0L179 500V1000z\"");
    assert_drawn(picture, "<div class=\"y\"><span>200</span><span>0</span></div>");
    assert_drawn(picture, "the maximum is 200. 3 of 180 intervals are known.");
    buffer_free(&drawing.out);
}

static void test_the_oldest_slot_is_at_the_left(void **state)
{
    (void)state;
    struct drawing drawing = {0};
    for (int64_t i = 0; i < HISTORY_SLOTS; i++)
        history_observe(&drawing.history, i * slot, 7);
    const char *picture = draw(&drawing, 1);
    assert_drawn(picture, "class=\"line\" d=\"M0 0h0L1 0L2 0");
    assert_drawn(picture, "L178 0L179 0\"");
    assert_drawn(picture, "180 of 180 intervals are known.");
    buffer_free(&drawing.out);
}

static void test_a_silence_is_a_gap(void **state)
{
    (void)state;
    struct drawing drawing = {0};
    history_observe(&drawing.history, 1000 * slot, 100);
    history_observe(&drawing.history, 1002 * slot, 50);
    const char *picture = draw(&drawing, 1);
    assert_drawn(picture, "class=\"line\" d=\"M177 0h0M179 500h0\"");
    assert_drawn(picture, "class=\"area\" d=\"M177 1000V0V1000zM179 1000V500V1000z\"");
    assert_drawn(picture, "<span>100</span>");
    buffer_free(&drawing.out);
}

static void test_points_at_the_distance_of_samples_are_joined(void **state)
{
    (void)state;
    struct drawing drawing = {0};
    history_observe(&drawing.history, 1000 * slot, 100);
    history_observe(&drawing.history, 1003 * slot, 100);
    assert_drawn(draw(&drawing, 9.9), "\"M176 0h0M179 0h0\"");
    assert_drawn(draw(&drawing, 10), "\"M176 0h0L179 0\"");
    assert_drawn(draw(&drawing, 1e300), "\"M176 0h0L179 0\"");
    buffer_free(&drawing.out);
}

static void test_zeros_are_a_line_at_the_bottom(void **state)
{
    (void)state;
    struct drawing drawing = {0};
    history_observe(&drawing.history, 0, 0);
    history_observe(&drawing.history, slot, 0);
    const char *picture = draw(&drawing, 1);
    assert_drawn(picture, "\"M178 1000h0L179 1000\"");
    assert_drawn(picture, "<span>1</span><span>0</span>"); /* never an axis from 0 to 0 */
    buffer_free(&drawing.out);
}

static void test_shares_have_an_axis_up_to_the_whole(void **state)
{
    (void)state;
    struct drawing drawing = {.whole = 10000};
    history_observe(&drawing.history, 1000 * slot, 2500);
    history_observe(&drawing.history, 1001 * slot, 7400);
    const char *picture = draw(&drawing, 1);
    assert_drawn(picture, "class=\"line\" d=\"M178 750h0L179 260\"");
    assert_drawn(picture, "<div class=\"y\"><span>100\u202f%</span><span>0</span></div>");
    assert_drawn(picture, "the maximum is 74\u202f%. 2 of 180 intervals are known.");
    buffer_free(&drawing.out);
}

static void test_an_empty_history_has_axes_only(void **state)
{
    (void)state;
    struct drawing drawing = {0};
    const char *picture = draw(&drawing, 1);
    assert_drawn(picture, "class=\"line\" d=\"\"");
    assert_drawn(picture, "class=\"area\" d=\"\"");
    assert_drawn(picture, "0 of 180 intervals are known");
    assert_drawn(picture, "<span>15 min</span>");
    buffer_free(&drawing.out);
}

static void test_the_largest_values_stay_inside(void **state)
{
    (void)state;
    struct drawing drawing = {0};
    history_observe(&drawing.history, 0, UINT64_MAX);
    history_observe(&drawing.history, slot, 0);
    history_observe(&drawing.history, 2 * slot, UINT64_MAX);
    assert_drawn(draw(&drawing, 1), "\"M177 0h0L178 1000L179 0\"");
    buffer_free(&drawing.out);
}

static void assert_meter(double share, bool knee, const char *part)
{
    struct buffer out = {0};
    html_write_meter(&out, "things", share, knee);
    buffer_append(&out, "", 1);
    assert_drawn(out.data, part);
    assert_int_equal(strstr(out.data, "knee") != NULL, knee);
    buffer_free(&out);
}

static void test_a_meter_is_as_full_as_its_share(void **state)
{
    (void)state;
    assert_meter(0, false, "class=\"fill\" width=\"0.00%\"");
    assert_meter(0.123, true, "class=\"fill\" width=\"12.30%\"");
    assert_meter(1, true, "class=\"fill\" width=\"100.00%\"");
    assert_meter(7, false, "class=\"fill\" width=\"100.00%\"");
    assert_meter(-1, false, "class=\"fill\" width=\"0.00%\"");
    assert_meter(0.5, true, "class=\"knee\" x=\"50%\"");
    assert_meter(0.5, false, "<title>things: 50\u202f%</title>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_cannot_become_markup),
        cmocka_unit_test(test_links_are_relative),
        cmocka_unit_test(test_figures_have_a_name_and_a_level),
        cmocka_unit_test(test_a_table_may_break_addresses_after_colons),
        cmocka_unit_test(test_the_newest_slot_is_at_the_right),
        cmocka_unit_test(test_the_oldest_slot_is_at_the_left),
        cmocka_unit_test(test_a_silence_is_a_gap),
        cmocka_unit_test(test_points_at_the_distance_of_samples_are_joined),
        cmocka_unit_test(test_zeros_are_a_line_at_the_bottom),
        cmocka_unit_test(test_shares_have_an_axis_up_to_the_whole),
        cmocka_unit_test(test_an_empty_history_has_axes_only),
        cmocka_unit_test(test_the_largest_values_stay_inside),
        cmocka_unit_test(test_a_meter_is_as_full_as_its_share),
    };
    return cmocka_run_group_tests_name("html writer", tests, NULL, NULL);
}
