/* SPDX-License-Identifier: BSD-3-Clause */
/* UTF-8: RFC 3629, sections 3, 4 and 10. */
#include "support.h"
#include "base/utf8.h"

/*
 * Takes one code point from a copy that has exactly the size of `text`, and
 * stores the size of the code point in `taken`.
 */
static int32_t take_point(const char *text, size_t *taken)
{
	size_t size = strlen(text);
	unsigned char *copy = malloc(size);
	const unsigned char *at = copy;
	int32_t point;

	assert_non_null(copy);
	memcpy(copy, text, size);
	point = sf_utf8_take(&at, copy + size);
	*taken = (size_t)(at - copy);
	free(copy);
	return point;
}

static void code_points_of_every_length_are_read(void **state)
{
	static const struct {
		const char *text;
		int32_t point;
		size_t size;
	} cases[] = {
		{ "\x01", 0x01, 1 },
		{ "\x7f", 0x7f, 1 },
		{ "\xc2\x80", 0x80, 2 },
		{ "\xdf\xbf", 0x7ff, 2 },
		{ "\xe0\xa0\x80", 0x800, 3 },
		{ "\xed\x9f\xbf", 0xd7ff, 3 },
		{ "\xee\x80\x80", 0xe000, 3 },
		{ "\xef\xbf\xbf", 0xffff, 3 },
		{ "\xf0\x90\x80\x80", 0x10000, 4 },
		{ "\xf4\x8f\xbf\xbf", 0x10ffff, 4 },
		{ "\xc3\xa9\xc3", 0xe9, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t taken;

		assert_int_equal(
			take_point(cases[i].text, &taken), cases[i].point);
		assert_int_equal(taken, cases[i].size);
	}
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
	static const char *const bad[] = { "\x80", "\xbf", "\xc0\x80",
		"\xc1\xbf", "\xc2", "\xc2 ", "\xc2\xc2", "\xe0\x9f\xbf",
		"\xe2\x82", "\xe2\x82 ", "\xed\xa0\x80", "\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xfe", "\xff" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		size_t taken;

		if (take_point(bad[i], &taken) != -1)
			fail_msg("accepted: case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_points_of_every_length_are_read),
		cmocka_unit_test(bytes_that_are_not_utf8_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
