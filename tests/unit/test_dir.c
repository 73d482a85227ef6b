/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Private folders: sf_dir_prepare() makes a folder or accepts its own again,
 * and refuses a folder that other users may enter.
 */
#include "base/dir.h"
#include "support.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char path[128];
};

static struct place make_place(void **state, const char *name)
{
	struct place out;

	(void)snprintf(out.path, sizeof(out.path), "%s/%s",
		(const char *)*state, name);
	return out;
}

static void a_missing_folder_is_made_private(void **state)
{
	struct place new = make_place(state, "new");
	mode_t before = umask(0);
	struct stat status;

	assert_int_equal(sf_dir_prepare(new.path), SF_OK);
	(void)umask(before);
	assert_int_equal(stat(new.path, &status), 0);
	assert_int_equal(status.st_mode, S_IFDIR | 0700);
	assert_int_equal(sf_dir_prepare(new.path), SF_OK);
}

static void a_check_makes_no_folder(void **state)
{
	struct place none = make_place(state, "none");

	assert_int_equal(sf_dir_check(none.path), SF_ERR_NOT_FOUND);
	assert_int_not_equal(access(none.path, F_OK), 0);
	assert_int_equal(sf_dir_check(*state), SF_OK);
	assert_int_equal(chmod(*state, 0755), 0);
	assert_int_equal(sf_dir_check(*state), SF_ERR_UNAVAILABLE);
	assert_int_equal(chmod(*state, 0700), 0);
}

static void only_the_last_folder_is_made(void **state)
{
	struct place deep = make_place(state, "missing/deep");

	assert_int_equal(sf_dir_prepare(deep.path), SF_ERR_UNAVAILABLE);
}

static void a_folder_open_to_others_is_refused(void **state)
{
	static const mode_t modes[] = { 0701, 0702, 0704, 0710, 0720, 0740,
		0755, 0777 };
	struct place open = make_place(state, "open");

	assert_int_equal(mkdir(open.path, 0700), 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		assert_int_equal(chmod(open.path, modes[i]), 0);
		assert_int_equal(sf_dir_prepare(open.path), SF_ERR_UNAVAILABLE);
	}
	assert_int_equal(chmod(open.path, 0700), 0);
	assert_int_equal(sf_dir_prepare(open.path), SF_OK);
}

static void a_symbolic_link_is_refused(void **state)
{
	struct place target = make_place(state, "target");
	struct place link = make_place(state, "link");

	assert_int_equal(mkdir(target.path, 0700), 0);
	assert_int_equal(symlink(target.path, link.path), 0);
	assert_int_equal(sf_dir_prepare(link.path), SF_ERR_UNAVAILABLE);
}

static void a_file_is_refused(void **state)
{
	struct place file = make_place(state, "file");
	int fd = open(file.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0700);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(sf_dir_prepare(file.path), SF_ERR_UNAVAILABLE);
}

static void a_folder_of_another_user_is_refused(void **state)
{
	struct place other = make_place(state, "other");

	if (geteuid() != 0) {
		print_message("SKIPPED: only root gives folders away\n");
		skip();
	}
	assert_int_equal(mkdir(other.path, 0700), 0);
	assert_int_equal(chown(other.path, 65534, 65534), 0);
	assert_int_equal(sf_dir_prepare(other.path), SF_ERR_UNAVAILABLE);
}

static int prepare_folder(void *data, int number)
{
	(void)number;
	return (int)sf_dir_prepare(data);
}

static void processes_that_make_a_folder_at_once_all_succeed(void **state)
{
	struct place new = make_place(state, "many");
	int results[8];

	support_race(prepare_folder, new.path, 8, results);
	assert_int_equal(support_count(results, 8, SF_OK), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_folder_is_made_private),
		cmocka_unit_test(a_check_makes_no_folder),
		cmocka_unit_test(only_the_last_folder_is_made),
		cmocka_unit_test(a_folder_open_to_others_is_refused),
		cmocka_unit_test(a_symbolic_link_is_refused),
		cmocka_unit_test(a_file_is_refused),
		cmocka_unit_test(a_folder_of_another_user_is_refused),
		cmocka_unit_test(
			processes_that_make_a_folder_at_once_all_succeed),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
