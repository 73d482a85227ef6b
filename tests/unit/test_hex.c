/* SPDX-License-Identifier: BSD-3-Clause */
/* Hex digits and percent-encoding. */
#include "base/hex.h"
#include "support.h"

static void digits_of_either_case_are_read(void **state)
{
	(void)state;
	assert_int_equal(sf_hex_parse("0", 1), 0);
	assert_int_equal(sf_hex_parse("aF9", 2), 0xaf);
	assert_int_equal(sf_hex_parse("1234567", 7), 0x1234567);
}

static void another_character_is_refused(void **state)
{
	static const char *const bad[] = { "", "1", "g0", "0g", " 1", "-1",
		"@0", "`0", "1\xc3" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(sf_hex_parse(bad[i], 2), -1);
}

static void an_escaped_text_is_read_character_by_character(void **state)
{
	const char *text = "a%41+%e2%00";

	(void)state;
	assert_int_equal(sf_hex_unescape(&text), 'a');
	assert_int_equal(sf_hex_unescape(&text), 'A');
	assert_int_equal(sf_hex_unescape(&text), '+');
	assert_int_equal(sf_hex_unescape(&text), 0xe2);
	assert_int_equal(sf_hex_unescape(&text), 0);
	assert_string_equal(text, "");
}

static void a_broken_escape_is_refused(void **state)
{
	static const char *const bad[] = { "%", "%4", "%4g", "%%41" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const char *text = bad[i];

		assert_int_equal(sf_hex_unescape(&text), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_of_either_case_are_read),
		cmocka_unit_test(another_character_is_refused),
		cmocka_unit_test(
			an_escaped_text_is_read_character_by_character),
		cmocka_unit_test(a_broken_escape_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
