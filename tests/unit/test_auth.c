/* SPDX-License-Identifier: BSD-3-Clause */
/* Who asks: the two tokens of a request. */
#include "api/auth.h"
#include "support.h"

#define USER "0123456789abcdef00ff100f"
#define CHAT "fedcba98765432100123abcd"

/* The settings' names for the headers count, whatever they are. */
static enum sf_err read_tokens(const char *user, const char *chat_token,
	struct sf_participant *out, struct sf_detail *detail)
{
	struct sf_config config = { .user_token_variable = "HTTP_U",
		.chat_token_variable = "HTTP_C" };
	char first[64];
	char second[64];
	char *variables[] = { first, second, NULL };
	struct sf_request request = { .variables = variables };

	(void)snprintf(first, sizeof(first), "%s", user);
	(void)snprintf(second, sizeof(second), "%s", chat_token);
	return sf_auth_read(&request, &config, out, detail);
}

static void both_tokens_are_read(void **state)
{
	struct sf_participant who;
	struct sf_detail detail;
	char digits[SF_TOKEN_DIGITS + 1];

	(void)state;
	assert_int_equal(
		read_tokens("HTTP_U=" USER, "HTTP_C=" CHAT, &who, &detail),
		SF_OK);
	sf_token_format(&who.user, digits);
	assert_string_equal(digits, USER);
	sf_token_format(&who.chat, digits);
	assert_string_equal(digits, CHAT);
}

static void what_is_missing_or_no_token_is_named(void **state)
{
	static const struct {
		const char *user, *chat_token, *named;
	} cases[] = {
		{ "OTHER=" USER, "HTTP_C=" CHAT, "user token" },
		{ "HTTP_U=", "HTTP_C=" CHAT, "user token" },
		{ "HTTP_U=" USER "0", "HTTP_C=" CHAT, "user token" },
		{ "HTTP_U=" USER, "OTHER=" CHAT, "chat token" },
		{ "HTTP_U=" USER, "HTTP_C= " CHAT, "chat token" },
		{ "HTTP_U=" USER, "HTTP_C=FEDCba98765432100123abcd",
			"chat token" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sf_participant who;
		struct sf_detail detail;

		assert_int_equal(read_tokens(cases[i].user, cases[i].chat_token,
					 &who, &detail),
			SF_ERR_UNAUTHORIZED);
		assert_non_null(strstr(detail.text, cases[i].named));
		assert_null(strstr(detail.text, "0123456789"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_tokens_are_read),
		cmocka_unit_test(what_is_missing_or_no_token_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
