/* SPDX-License-Identifier: BSD-3-Clause */
/* How commands begin, and how they end when they cannot. */
#include "jobs/command.h"
#include "support.h"

#include <stdbool.h>

static const struct sf_command command = { "name", "usage: name\n" };

struct start {
	const char *argument;
	const char *variable; /* "NAME=value" */
	bool needs_redis;
	const char *refusal;
};

static int run(void *data, int number)
{
	const struct start *start = data;
	struct sf_config config;
	char argument[32];
	char *arguments[] = { (char[]){ "name" }, argument, NULL };

	(void)number;
	(void)snprintf(argument, sizeof(argument), "%s", start->argument);
	if (putenv((char *)(uintptr_t)start->variable) != 0)
		return 99;
	sf_command_start(&command, 2, arguments, &config);
	if (start->needs_redis)
		sf_command_need_redis(&command, &config);
	if (start->refusal)
		sf_command_refuse(&command, start->refusal);
	(void)fflush(stdout);
	return 42;
}

static struct support_output start_with(struct start start)
{
	struct support_output output;

	support_capture(run, &start, "", 0, &output);
	return output;
}

static void help_is_printed(void **state)
{
	struct support_output output = start_with(
		(struct start){ "--help", "SFCHAT_POLL_SLEEP=x", true, "no" });

	(void)state;
	assert_int_equal(output.status, SF_EXIT_DONE);
	assert_string_equal(output.out, "usage: name\n");
	assert_string_equal(output.err, "");
}

static void a_good_start_goes_on(void **state)
{
	struct support_output output =
		start_with((struct start){ "x", "SFCHAT_REDIS=", false, NULL });

	(void)state;
	assert_int_equal(output.status, 42);
	output = start_with((struct start){
		"x", "SFCHAT_REDIS=unix:/tmp/socket", true, NULL });
	assert_int_equal(output.status, 42);
	assert_string_equal(output.err, "");
}

static void what_is_wrong_is_one_line(void **state)
{
	static const struct {
		struct start start;
		const char *line;
	} cases[] = {
		{ { "x", "SFCHAT_POLL_SLEEP=x", false, NULL },
			"name: SFCHAT_POLL_SLEEP: " },
		{ { "x", "SFCHAT_REDIS=", true, NULL },
			"name: SFCHAT_REDIS: needed" },
		{ { "x", "SFCHAT_REDIS=", false, "unknown argument" },
			"name: unknown argument; see name --help\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct support_output output = start_with(cases[i].start);

		assert_int_equal(output.status, SF_EXIT_USAGE);
		assert_string_equal(output.out, "");
		assert_memory_equal(
			output.err, cases[i].line, strlen(cases[i].line));
		assert_ptr_equal(strchr(output.err, '\n'),
			output.err + strlen(output.err) - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_is_printed),
		cmocka_unit_test(a_good_start_goes_on),
		cmocka_unit_test(what_is_wrong_is_one_line),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
