/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of open files, whose size /proc shows. */
#include "http/fdtable.h"

#include <fcntl.h>
#include <unistd.h>

#include "support.h"

#define HIGH 4000

static long table_size(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	long size = 0;

	assert_non_null(status);
	while (fgets(line, sizeof(line), status))
		if (strncmp(line, "FDSize:", 7) == 0)
			size = strtol(line + 7, NULL, 10);
	(void)fclose(status);
	return size;
}

/* Opens and closes a file with a high number, as a busy server does. */
static void grow_table(int fd)
{
	assert_int_equal(dup2(fd, HIGH), HIGH);
	assert_int_equal(close(HIGH), 0);
}

static void open_files_stay_open(void **state)
{
	int ends[2];
	char byte = 'x';

	(void)state;
	assert_int_equal(pipe(ends), 0);
	grow_table(ends[0]);
	sf_fdtable_shrink();
	assert_int_equal(write(ends[1], &byte, 1), 1);
	byte = '\0';
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(fcntl(ends[1] + 1, F_GETFD), -1);
	assert_int_equal(close(ends[0]) | close(ends[1]), 0);
}

static void the_table_of_open_files_shrinks(void **state)
{
	(void)state;
	if (table_size() > HIGH) {
		print_message("SKIPPED: Valgrind keeps files of its own open, "
			      "with numbers higher than any\n");
		skip();
	}
	grow_table(STDIN_FILENO);
	assert_true(table_size() > HIGH);
	sf_fdtable_shrink();
	assert_true(table_size() < HIGH / 4);
	/* A second call finds nothing to shrink. */
	sf_fdtable_shrink();
	assert_true(table_size() < HIGH / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_open_files_shrinks),
		cmocka_unit_test(open_files_stay_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
