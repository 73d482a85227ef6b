/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of a refusal. */
#include "base/err.h"
#include "support.h"

static void set_fills_and_returns_the_error(void **state)
{
	struct sf_detail detail;

	(void)state;
	assert_int_equal(
		sf_detail_set(&detail, SF_ERR_CLOSED, "%s[%d]", "messages", 3),
		SF_ERR_CLOSED);
	assert_string_equal(detail.text, "messages[3]");
}

static void set_cuts_a_text_that_does_not_fit(void **state)
{
	struct sf_detail detail;

	(void)state;
	assert_int_equal(sf_detail_set(&detail, SF_ERR_INVALID, "%0500d", 0),
		SF_ERR_INVALID);
	assert_int_equal(strlen(detail.text), sizeof(detail.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_fills_and_returns_the_error),
		cmocka_unit_test(set_cuts_a_text_that_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
