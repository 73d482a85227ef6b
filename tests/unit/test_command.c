/* SPDX-License-Identifier: BSD-3-Clause */
/* The start of commands, and their end if they cannot start. */
#include "jobs/command.h"
#include "support.h"

#include <stdbool.h>

struct start {
	const char *argument;
	const char *variable; /* "NAME=value" */
	bool needs_redis;
	const char *refusal;
	bool takes_arguments;
};

static int start_command(void *data, int number)
{
	const struct start *start = data;
	const struct sf_command command = {
		.name = "name",
		.help = "usage: name\n",
		.takes_arguments = start->takes_arguments,
		.needs_redis = start->needs_redis,
	};
	struct sf_config config;
	char argument[32];
	char *arguments[] = { (char[]){ "name" }, argument, NULL };

	(void)number;
	(void)snprintf(argument, sizeof(argument), "%s", start->argument);
	if (putenv((char *)(uintptr_t)start->variable) != 0)
		return 99;
	sf_command_start(&command, 2, arguments, &config);
	if (start->refusal)
		sf_command_refuse(&command, start->refusal);
	(void)fflush(stdout);
	return 42;
}

static struct support_output start_with(struct start start)
{
	struct support_output output;

	support_capture(start_command, &start, "", 0, &output);
	return output;
}

static void help_is_printed(void **state)
{
	struct support_output output = start_with((struct start){
		"--help", "SFCHAT_POLL_SLEEP=x", true, "no", false });

	(void)state;
	assert_int_equal(output.status, SF_EXIT_DONE);
	assert_string_equal(output.out, "usage: name\n");
	assert_string_equal(output.err, "");
}

static void the_version_is_printed(void **state)
{
	struct support_output output = start_with((struct start){
		"--version", "SFCHAT_POLL_SLEEP=x", true, "no", false });

	(void)state;
	assert_int_equal(output.status, SF_EXIT_DONE);
	assert_string_equal(output.out, "name " SF_VERSION "\n");
	assert_string_equal(output.err, "");
}

static void each_error_has_its_exit_status(void **state)
{
	(void)state;
	assert_int_equal(sf_command_status(SF_OK), SF_EXIT_DONE);
	assert_int_equal(
		sf_command_status(SF_ERR_UNAVAILABLE), SF_EXIT_UNAVAILABLE);
	for (int err = SF_OK + 1; err < SF_ERR_UNAVAILABLE; err++)
		assert_int_equal(
			sf_command_status((enum sf_err)err), SF_EXIT_FAILED);
}

static void a_command_with_good_settings_starts(void **state)
{
	struct support_output output = start_with(
		(struct start){ "x", "SFCHAT_REDIS=", false, NULL, true });

	(void)state;
	assert_int_equal(output.status, 42);
	output = start_with((struct start){
		"x", "SFCHAT_REDIS=unix:/tmp/socket", true, NULL, true });
	assert_int_equal(output.status, 42);
	assert_string_equal(output.err, "");
}

static void a_command_that_cannot_start_prints_one_line(void **state)
{
	static const struct {
		struct start start;
		const char *line;
	} cases[] = {
		{ { "x", "SFCHAT_POLL_SLEEP=x", false, NULL, false },
			"name: SFCHAT_POLL_SLEEP: " },
		{ { "x", "SFCHAT_REDIS=", true, NULL, true },
			"name: SFCHAT_REDIS: needed" },
		{ { "x", "SFCHAT_REDIS=", false, NULL, false },
			"name: it takes no arguments; see name --help\n" },
		{ { "x", "SFCHAT_REDIS=", false, "unknown argument", true },
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
		cmocka_unit_test(the_version_is_printed),
		cmocka_unit_test(each_error_has_its_exit_status),
		cmocka_unit_test(a_command_with_good_settings_starts),
		cmocka_unit_test(a_command_that_cannot_start_prints_one_line),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
