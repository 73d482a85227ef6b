/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The form of a file of settings: what is read, what is refused, and how a
 * refusal names the line without its value.
 */
#include "base/settings_file.h"
#include "support.h"

#include <stdio.h>

static const char *const names[] = { "SFCHAT_ONE", "SFCHAT_TWO", NULL };

static const char *get_path(void **state)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/conf", (const char *)*state);
	return path;
}

static void write_file(void **state, const void *text, size_t size)
{
	FILE *file = fopen(get_path(state), "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* The file has this value of SFCHAT_ONE; NULL: it has none. */
static void assert_reads(void **state, const char *text, const char *value)
{
	struct sf_settings_file file;
	struct sf_detail detail = { "" };
	const char *got;

	write_file(state, text, strlen(text));
	if (sf_settings_file_read(&file, get_path(state), names, &detail))
		fail_msg("%s", detail.text);
	got = sf_settings_file_get(&file, "SFCHAT_ONE");
	if (value) {
		assert_non_null(got);
		assert_string_equal(got, value);
	} else {
		assert_null(got);
	}
	sf_settings_file_release(&file);
}

/* A refusal names the path first, then the line and the reason. */
static void assert_refuses_bytes(
	void **state, const char *text, size_t size, const char *reason)
{
	struct sf_settings_file file;
	struct sf_detail detail = { "" };
	char expected[sizeof(detail.text)];

	write_file(state, text, size);
	assert_int_equal(
		sf_settings_file_read(&file, get_path(state), names, &detail),
		SF_ERR_INVALID);
	sf_settings_file_release(&file);
	(void)snprintf(expected, sizeof(expected), "%.64s: %s", get_path(state),
		reason);
	assert_string_equal(detail.text, expected);
}

static void assert_refuses(void **state, const char *text, const char *reason)
{
	assert_refuses_bytes(state, text, strlen(text), reason);
}

static void a_value_goes_to_the_end_of_the_line(void **state)
{
	assert_reads(state, "SFCHAT_ONE=1\n", "1");
	assert_reads(state, "SFCHAT_ONE=1", "1");
	assert_reads(state, "SFCHAT_ONE=", "");
	assert_reads(
		state, "SFCHAT_ONE=a#b = \"c\" $d \\e\n", "a#b = \"c\" $d \\e");
	assert_reads(state, "SFCHAT_TWO=2\nSFCHAT_ONE=\xc3\xa9\n", "\xc3\xa9");
}

static void blanks_at_the_ends_of_a_value_are_dropped(void **state)
{
	assert_reads(state, "SFCHAT_ONE= \t1 2\t \n", "1 2");
	assert_reads(state, "SFCHAT_ONE=1\r\nSFCHAT_TWO=2\r\n", "1");
	assert_reads(state, "SFCHAT_ONE= \t\n", "");
}

static void comments_and_empty_lines_are_skipped(void **state)
{
	assert_reads(state, "", NULL);
	assert_reads(state, "\n", NULL);
	assert_reads(state, "#SFCHAT_ONE=1\n", NULL);
	assert_reads(state, "# x\n \t# y\n\n \t\r\nSFCHAT_ONE=1\n#", "1");
	assert_reads(state, "SFCHAT_TWO=2\n", NULL);
}

static void an_unknown_name_is_refused(void **state)
{
	assert_refuses(state, "SFCHAT_ONE=1\n\nSFCHAT_OEN=secret\n",
		"line 3: SFCHAT_OEN: there is no such setting");
	assert_refuses(state, "sfchat_one=1\n",
		"line 1: sfchat_one: there is no such setting");
	assert_refuses(state, "SFCHAT_ON=1\n",
		"line 1: SFCHAT_ON: there is no such setting");
}

static void a_name_that_is_given_twice_is_refused(void **state)
{
	assert_refuses(state, "SFCHAT_ONE=\nSFCHAT_TWO=2\nSFCHAT_ONE=secret\n",
		"line 3: SFCHAT_ONE: an earlier line sets it too");
}

static void a_quoted_value_is_refused(void **state)
{
	static const char reason[] =
		"line 1: SFCHAT_ONE: a value without quotes was expected";

	assert_refuses(state, "SFCHAT_ONE=\"secret\"\n", reason);
	assert_refuses(state, "SFCHAT_ONE= 'secret'\n", reason);
}

static void a_line_of_another_form_is_refused(void **state)
{
	static const char *const bad[] = { "SFCHAT_ONE", "SFCHAT_ONE =1",
		" SFCHAT_ONE=1", "=1", "export SFCHAT_ONE=1", "1A=1",
		"SFCHAT-ONE=1", "SFCHAT_ONE: 1", "SFCHAT_ONE=a\rb",
		"SFCHAT_ONE=a\x1b[0m", "\xef\xbb\xbfSFCHAT_ONE=1" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_refuses(
			state, bad[i], "line 1: NAME=value was expected");
	assert_refuses_bytes(state, "\nSFCHAT_ONE=a\0b\n", 16,
		"line 2: NAME=value was expected");
	assert_refuses_bytes(state, "\0", 1, "line 1: NAME=value was expected");
}

static void a_missing_file_is_not_found(void **state)
{
	struct sf_settings_file file;
	struct sf_detail detail = { "" };

	(void)state;
	assert_int_equal(
		sf_settings_file_read(&file, "/nowhere/conf", names, &detail),
		SF_ERR_NOT_FOUND);
	sf_settings_file_release(&file);
	assert_string_equal(detail.text,
		"SFCHAT_CONF: cannot read /nowhere/conf: No such file or "
		"directory");
}

static void a_folder_is_refused(void **state)
{
	struct sf_settings_file file;
	struct sf_detail detail = { "" };

	(void)state;
	assert_int_equal(sf_settings_file_read(&file, "/tmp", names, &detail),
		SF_ERR_INVALID);
	sf_settings_file_release(&file);
	assert_string_equal(
		detail.text, "SFCHAT_CONF: cannot read /tmp: Is a directory");
}

static void a_file_over_the_limit_is_refused(void **state)
{
	static char text[SF_SETTINGS_FILE_MAX + 1];
	struct sf_settings_file file;
	struct sf_detail detail = { "" };

	memset(text, '\n', sizeof(text));
	write_file(state, text, sizeof(text) - 1);
	assert_int_equal(
		sf_settings_file_read(&file, get_path(state), names, &detail),
		SF_OK);
	sf_settings_file_release(&file);
	write_file(state, text, sizeof(text));
	assert_int_equal(
		sf_settings_file_read(&file, get_path(state), names, &detail),
		SF_ERR_INVALID);
	sf_settings_file_release(&file);
	assert_non_null(strstr(detail.text, "64 KiB"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_sandbox(a_value_goes_to_the_end_of_the_line),
		in_sandbox(blanks_at_the_ends_of_a_value_are_dropped),
		in_sandbox(comments_and_empty_lines_are_skipped),
		in_sandbox(an_unknown_name_is_refused),
		in_sandbox(a_name_that_is_given_twice_is_refused),
		in_sandbox(a_quoted_value_is_refused),
		in_sandbox(a_line_of_another_form_is_refused),
		cmocka_unit_test(a_missing_file_is_not_found),
		cmocka_unit_test(a_folder_is_refused),
		in_sandbox(a_file_over_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
