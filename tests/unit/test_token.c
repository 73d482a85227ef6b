/* SPDX-License-Identifier: BSD-3-Clause */
/* Tokens: their form and their randomness. */
#include "support.h"
#include "base/token.h"

#define TOKENS 1000

static void parse_reads_24_lower_case_digits(void **state)
{
	static const uint8_t bytes[SF_TOKEN_SIZE] = { 0x01, 0x23, 0x45, 0x67,
		0x89, 0xab, 0xcd, 0xef, 0x00, 0xff, 0x10, 0x0f };
	struct sf_token token;

	(void)state;
	assert_true(sf_token_parse("0123456789abcdef00ff100f", 24, &token));
	assert_memory_equal(token.bytes, bytes, SF_TOKEN_SIZE);
	/* `length` ends the token; no NUL is needed behind it. */
	assert_true(sf_token_parse("0123456789abcdef00ff100fg", 24, &token));
}

static void parse_refuses_any_other_text(void **state)
{
	static const char *const bad[] = { "", "0", "0123456789abcdef00ff100",
		"0123456789abcdef00ff100f0", "0123456789ABCDEF00FF100F",
		"0123456789abcdef00ff100g", "/123456789abcdef00ff100f",
		":123456789abcdef00ff100f", "`123456789abcdef00ff100f",
		" 123456789abcdef00ff100f", "0x23456789abcdef00ff100f" };
	struct sf_token before;
	struct sf_token token;

	(void)state;
	sf_token_generate(&before);
	token = before;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(sf_token_parse(bad[i], strlen(bad[i]), &token));
	assert_false(sf_token_parse("0123456789abcdef00ff\0000f", 24, &token));
	assert_memory_equal(&token, &before, sizeof(token));
}

static void format_writes_what_parse_reads(void **state)
{
	struct sf_token token;
	struct sf_token again;
	char digits[SF_TOKEN_DIGITS + 1];

	(void)state;
	sf_token_generate(&token);
	memset(digits, 'x', sizeof(digits));
	sf_token_format(&token, digits);
	assert_int_equal(strlen(digits), SF_TOKEN_DIGITS);
	assert_true(sf_token_parse(digits, SF_TOKEN_DIGITS, &again));
	assert_memory_equal(&token, &again, sizeof(token));
}

static void equal_compares_every_bit(void **state)
{
	struct sf_token token;

	(void)state;
	sf_token_generate(&token);
	assert_true(sf_token_equal(&token, &token));
	for (int bit = 0; bit < 8 * SF_TOKEN_SIZE; bit++) {
		struct sf_token other = token;

		other.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(sf_token_equal(&token, &other));
	}
}

/* A time, a process id or a counter would leave some byte almost constant. */
static void generate_varies_every_byte(void **state)
{
	static struct sf_token tokens[TOKENS];

	(void)state;
	for (int i = 0; i < TOKENS; i++) {
		sf_token_generate(&tokens[i]);
		for (int j = 0; j < i; j++)
			assert_false(sf_token_equal(&tokens[i], &tokens[j]));
	}
	for (int byte = 0; byte < SF_TOKEN_SIZE; byte++) {
		bool seen[256] = { false };
		int values = 0;

		for (int i = 0; i < TOKENS; i++)
			seen[tokens[i].bytes[byte]] = true;
		for (int value = 0; value < 256; value++)
			values += seen[value];
		assert_in_range(values, 200, 256);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_reads_24_lower_case_digits),
		cmocka_unit_test(parse_refuses_any_other_text),
		cmocka_unit_test(format_writes_what_parse_reads),
		cmocka_unit_test(equal_compares_every_bit),
		cmocka_unit_test(generate_varies_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
