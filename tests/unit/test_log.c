/* SPDX-License-Identifier: BSD-3-Clause */
/* The lines of the log, and the guard of the standard streams. */
#include "base/log.h"
#include "support.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"

static int log_some(void *data, int number)
{
	(void)data;
	(void)number;
	sf_log("the %s is %d", "answer", 42);
	sf_log("by the way");
	return 0;
}

static void lines_go_to_standard_error(void **state)
{
	struct support_output output;

	(void)state;
	support_capture(log_some, NULL, "", 0, &output);
	assert_string_equal(output.err, "sfchat: the answer is 42\n"
					"sfchat: by the way\n");
	assert_string_equal(output.out, "");
}

/* `data` is how far the inode of JOURNAL_STREAM is from that of the log. */
static int log_levels(void *data, int number)
{
	const ino_t *distance = data;
	struct stat status;
	char stream[64];

	(void)number;
	if (fstat(STDERR_FILENO, &status) != 0)
		return 1;
	(void)snprintf(stream, sizeof(stream), "%ju:%ju",
		(uintmax_t)status.st_dev,
		(uintmax_t)(status.st_ino + *distance));
	if (setenv("JOURNAL_STREAM", stream, 1) != 0)
		return 1;
	sf_log("an %s", "error");
	sf_log_at(SF_LOG_WARNING, "a warning");
	sf_log_at(SF_LOG_INFO, "news");
	sf_die("the %s", "end");
}

static void a_line_to_the_journal_begins_with_its_level(void **state)
{
	struct support_output output;
	ino_t distance = 0;

	(void)state;
	support_capture(log_levels, &distance, "", 0, &output);
	assert_string_equal(output.err, "<3>sfchat: an error\n"
					"<4>sfchat: a warning\n"
					"<6>sfchat: news\n"
					"<2>sfchat: the end\n");
}

/* JOURNAL_STREAM is inherited by a program whose log goes elsewhere. */
static void a_line_that_goes_elsewhere_has_no_level(void **state)
{
	struct support_output output;
	ino_t distance = 1;

	(void)state;
	support_capture(log_levels, &distance, "", 0, &output);
	assert_string_equal(output.err, "sfchat: an error\n"
					"sfchat: a warning\n"
					"sfchat: news\n"
					"sfchat: the end\n");
}

static int log_much(void *data, int number)
{
	(void)data;
	(void)number;
	sf_log("%01000d", 0);
	sf_log("next");
	return 0;
}

static void a_long_line_is_cut_and_still_ends(void **state)
{
	struct support_output output;
	char *end;

	(void)state;
	support_capture(log_much, NULL, "", 0, &output);
	end = strchr(output.err, '\n');
	assert_non_null(end);
	assert_true(end - output.err > 400);
	assert_string_equal(end + 1, "sfchat: next\n");
}

static int log_without_streams(void *data, int number)
{
	const char *path = data;
	int fd;

	(void)number;
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	(void)close(STDERR_FILENO);
	sf_log_guard_streams();
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	sf_log("into nothing");
	if (write(STDOUT_FILENO, "x", 1) >= 0 || fd <= STDERR_FILENO)
		return 1;
	return lseek(fd, 0, SEEK_END) == 0 ? 0 : 2;
}

static void no_file_replaces_a_closed_stream(void **state)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/file", (const char *)*state);
	assert_int_equal(
		support_finish(support_start(log_without_streams, path, 0)), 0);
}

static int log_with_streams(void *data, int number)
{
	(void)data;
	(void)number;
	sf_log_guard_streams();
	sf_log("as ever");
	return dup(STDIN_FILENO);
}

static void open_streams_stay_as_they_are(void **state)
{
	struct support_output output;
	int next = dup(STDIN_FILENO);

	(void)state;
	assert_int_equal(close(next), 0);
	support_capture(log_with_streams, NULL, "", 0, &output);
	assert_string_equal(output.err, "sfchat: as ever\n");
	/* The capture has three files open; the guard has opened no other. */
	assert_int_equal(output.status, next + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_go_to_standard_error),
		cmocka_unit_test(a_line_to_the_journal_begins_with_its_level),
		cmocka_unit_test(a_line_that_goes_elsewhere_has_no_level),
		cmocka_unit_test(a_long_line_is_cut_and_still_ends),
		in_sandbox(no_file_replaces_a_closed_stream),
		cmocka_unit_test(open_streams_stay_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
