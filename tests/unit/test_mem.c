/* SPDX-License-Identifier: BSD-3-Clause */
/* Allocation gives memory or ends the process. */
#include "base/mem.h"
#include "support.h"

#include <stdint.h>

static int allocate_too_much(void *data, int number)
{
	(void)data;
	(void)number;
	free(sf_realloc(NULL, SIZE_MAX / 2, 3));
	return 0;
}

static void a_size_that_overflows_ends_the_process(void **state)
{
	struct support_output output;

	(void)state;
	support_capture(allocate_too_much, NULL, "", 0, &output);
	assert_int_equal(output.status, 1);
	assert_non_null(strstr(output.err, "does not fit"));
}

static void an_allocation_has_its_whole_size(void **state)
{
	char *text = sf_strdup("text");
	void *empty = sf_alloc(0);

	(void)state;
	assert_non_null(empty);
	free(empty);
	text = sf_realloc(text, 100, 2);
	assert_string_equal(text, "text");
	memset(text, 'x', 200);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_size_that_overflows_ends_the_process),
		cmocka_unit_test(an_allocation_has_its_whole_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
