/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private folders: made, found again, and refused when other users may enter.
 */
#include "base/dir.h"
#include "support.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char path[128];
};

static struct place place(void **state, const char *name)
{
	struct place out;

	(void)snprintf(out.path, sizeof(out.path), "%s/%s",
		(const char *)*state, name);
	return out;
}

static void a_missing_folder_is_made_private(void **state)
{
	struct place new = place(state, "new");
	mode_t before = umask(0);
	struct stat status;

	assert_int_equal(sf_dir_prepare(new.path), SF_OK);
	(void)umask(before);
	assert_int_equal(stat(new.path, &status), 0);
	assert_int_equal(status.st_mode, S_IFDIR | 0700);
	assert_int_equal(sf_dir_prepare(new.path), SF_OK);
}

static void only_the_last_folder_is_made(void **state)
{
	struct place deep = place(state, "missing/deep");

	assert_int_equal(sf_dir_prepare(deep.path), SF_ERR_UNAVAILABLE);
}

static void a_folder_open_to_others_is_refused(void **state)
{
	static const mode_t modes[] = { 0701, 0702, 0704, 0710, 0720, 0740,
		0755, 0777 };
	struct place open = place(state, "open");

	assert_int_equal(mkdir(open.path, 0700), 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		assert_int_equal(chmod(open.path, modes[i]), 0);
		assert_int_equal(sf_dir_prepare(open.path), SF_ERR_UNAVAILABLE);
	}
	assert_int_equal(chmod(open.path, 0700), 0);
	assert_int_equal(sf_dir_prepare(open.path), SF_OK);
}

static void a_link_is_refused(void **state)
{
	struct place target = place(state, "target");
	struct place link = place(state, "link");

	assert_int_equal(mkdir(target.path, 0700), 0);
	assert_int_equal(symlink(target.path, link.path), 0);
	assert_int_equal(sf_dir_prepare(link.path), SF_ERR_UNAVAILABLE);
}

static void a_file_is_refused(void **state)
{
	struct place file = place(state, "file");
	int fd = open(file.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0700);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(sf_dir_prepare(file.path), SF_ERR_UNAVAILABLE);
}

static void somebody_elses_folder_is_refused(void **state)
{
	struct place other = place(state, "other");

	if (geteuid() != 0) {
		print_message("SKIPPED: only root gives folders away\n");
		skip();
	}
	assert_int_equal(mkdir(other.path, 0700), 0);
	assert_int_equal(chown(other.path, 65534, 65534), 0);
	assert_int_equal(sf_dir_prepare(other.path), SF_ERR_UNAVAILABLE);
}

static int prepare(void *data, int number)
{
	(void)number;
	return (int)sf_dir_prepare(data);
}

static void many_may_make_it_at_once(void **state)
{
	struct place new = place(state, "many");
	int results[8];

	support_race(prepare, new.path, 8, results);
	assert_int_equal(support_count(results, 8, SF_OK), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_folder_is_made_private),
		cmocka_unit_test(only_the_last_folder_is_made),
		cmocka_unit_test(a_folder_open_to_others_is_refused),
		cmocka_unit_test(a_link_is_refused),
		cmocka_unit_test(a_file_is_refused),
		cmocka_unit_test(somebody_elses_folder_is_refused),
		cmocka_unit_test(many_may_make_it_at_once),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
