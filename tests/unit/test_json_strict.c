/* SPDX-License-Identifier: BSD-3-Clause */
/* The strict reader before the JSON library: what it escapes and refuses. */
#include "api/json_strict.h"
#include "support.h"

/* Reads a copy of its exact size, so that the sanitizers see an overrun. */
static char *escape_copy(const char *text, size_t size)
{
	char *copy = malloc(size ? size : 1);
	size_t out_size;
	char *out;

	assert_non_null(copy);
	memcpy(copy, text, size);
	out = sf_json_strict_escape(copy, size, &out_size);
	free(copy);
	if (!out)
		return NULL;
	copy = strndup(out, out_size);
	free(out);
	return copy;
}

static void characters_beyond_ascii_are_escaped(void **state)
{
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{ "", "" },
		{ "{\"a\":[1,true,null]}", "{\"a\":[1,true,null]}" },
		{ "\"\xc3\xa9\"", "\"\\u00e9\"" },
		{ "\"\xe2\x82\xac\"", "\"\\u20ac\"" },
		{ "\"\xf0\x9f\x98\x80\"", "\"\\ud83d\\ude00\"" },
		{ "\"\xf4\x8f\xbf\xbf\"", "\"\\udbff\\udfff\"" },
		{ "\"\\\\\xc3\xa9\"", "\"\\\\\\u00e9\"" },
		{ "\"\\\"N\"", "\"\\\"N\"" },
		{ "\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\"" },
		{ "\"\\\\ud800\"", "\"\\\\ud800\"" },
		/* The JSON library refuses these. */
		{ "{]", "{]" },
		{ "\"\\x\"", "\"\\x\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *out = escape_copy(cases[i].text, strlen(cases[i].text));

		assert_non_null(out);
		assert_string_equal(out, cases[i].escaped);
		free(out);
	}
}

static void malformed_text_is_refused(void **state)
{
	static const char *const bad[] = { /* not UTF-8 */
		"\xff", "\"\x80\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
		"\"\xf4\x90\x80\x80\"", "\"\xe2\x82",
		/* control characters in a string */
		"\"\x1f\"", "\"a\nb\"", "\"\\\t\"",
		/* numbers that JSON does not have */
		"NaN", "[-Infinity]", "{\"a\":NaN}",
		/* half of a surrogate pair, and a pair in the wrong order */
		"\"\\ud800\"", "\"\\udc00\"", "\"\\uD83Dx\"",
		"\"\\ud83d\\u0041\"", "\"\\ude00\\ud83d\"", "\"\\ud83d\\ud8",
		/* an escaped character beyond ASCII */
		"\"\\\xc3\xa9\""
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (escape_copy(bad[i], strlen(bad[i])))
			fail_msg("not refused: %s", bad[i]);
	assert_null(escape_copy("\"\0\"", 3));
	assert_null(escape_copy("{}\0", 3));
}

static void control_characters_between_values_are_left_alone(void **state)
{
	char *out = escape_copy("[\n\t1\r]", 6);

	(void)state;
	assert_string_equal(out, "[\n\t1\r]");
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_beyond_ascii_are_escaped),
		cmocka_unit_test(malformed_text_is_refused),
		cmocka_unit_test(
			control_characters_between_values_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
