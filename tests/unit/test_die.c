/* SPDX-License-Identifier: BSD-3-Clause */
/* sf_die() logs, runs its hook once and ends the process. */
#include "base/die.h"
#include "support.h"

#include <unistd.h>

static void say_farewell(void)
{
	(void)!write(STDOUT_FILENO, "farewell", 8);
}

static void die_again(void)
{
	say_farewell();
	sf_die("twice");
}

static int die_with_hook(void *data, int number)
{
	void (*hook)(void) = *(void (**)(void))data;

	(void)number;
	sf_die_set_hook(hook);
	sf_die("cause %d", 7);
}

static void die_logs_runs_the_hook_and_exits(void **state)
{
	void (*hook)(void) = say_farewell;
	struct support_output output;

	(void)state;
	support_capture(die_with_hook, &hook, "", 0, &output);
	assert_int_equal(output.status, 1);
	assert_string_equal(output.err, "sfchat: cause 7\n");
	assert_string_equal(output.out, "farewell");
}

static void die_in_the_hook_ends_too(void **state)
{
	void (*hook)(void) = die_again;
	struct support_output output;

	(void)state;
	support_capture(die_with_hook, &hook, "", 0, &output);
	assert_int_equal(output.status, 1);
	assert_string_equal(output.err, "sfchat: cause 7\nsfchat: twice\n");
	assert_string_equal(output.out, "farewell");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(die_logs_runs_the_hook_and_exits),
		cmocka_unit_test(die_in_the_hook_ends_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
