/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared files: every process maps the same whole file, or learns why not. */
#include "support.h"
#include "base/shared_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define RACERS 8
#define SIZE 65536
#define HEAD 0x5fc4a7

static bool write_head(int fd)
{
	const uint64_t head = HEAD;

	return pwrite(fd, &head, sizeof(head), 0) == sizeof(head);
}

static enum sf_err map_named(const char *name, _Atomic uint64_t **out)
{
	const struct sf_shared_file file = { name, SIZE, write_head };
	struct sf_config config = support_config();
	void *memory = NULL;
	enum sf_err err = sf_shared_file_map(&config, &file, &memory);

	*out = memory;
	return err;
}

static void a_new_file_has_its_first_bytes_and_zeros(void **state)
{
	_Atomic uint64_t *words;

	(void)state;
	assert_int_equal(map_named("new", &words), SF_OK);
	assert_int_equal(words[0], HEAD);
	for (size_t i = 1; i < SIZE / sizeof(*words); i++)
		assert_int_equal(words[i], 0);
	assert_int_equal(munmap(words, SIZE), 0);
}

static void a_change_outlives_the_mapping(void **state)
{
	_Atomic uint64_t *words;

	(void)state;
	assert_int_equal(map_named("kept", &words), SF_OK);
	words[7] = 7;
	assert_int_equal(munmap(words, SIZE), 0);
	assert_int_equal(map_named("kept", &words), SF_OK);
	assert_int_equal(words[7], 7);
	assert_int_equal(munmap(words, SIZE), 0);
}

static void a_file_that_is_not_there_is_not_found(void **state)
{
	const struct sf_shared_file file = { "found", SIZE, write_head };
	struct sf_config config = support_config();
	_Atomic uint64_t *words;
	void *found;

	assert_int_equal(
		sf_shared_file_find(&config, &file, &found), SF_ERR_NOT_FOUND);
	assert_int_equal(map_named("found", &words), SF_OK);
	words[7] = 7;
	assert_int_equal(sf_shared_file_find(&config, &file, &found), SF_OK);
	assert_int_equal(((_Atomic uint64_t *)found)[7], 7);
	assert_int_equal(munmap(words, SIZE) | munmap(found, SIZE), 0);
	(void)snprintf(config.runtime_dir, sizeof(config.runtime_dir),
		"%s/none", (const char *)*state);
	assert_int_equal(
		sf_shared_file_find(&config, &file, &found), SF_ERR_NOT_FOUND);
	assert_int_not_equal(access(config.runtime_dir, F_OK), 0);
}

static void the_file_is_private(void **state)
{
	_Atomic uint64_t *words;
	char path[128];
	struct stat status;

	assert_int_equal(map_named("private", &words), SF_OK);
	(void)snprintf(path, sizeof(path), "%s/private", (const char *)*state);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0600);
	assert_int_equal(munmap(words, SIZE), 0);
}

static int count_up(void *data, int number)
{
	_Atomic uint64_t *words;

	(void)data;
	(void)number;
	if (map_named("race", &words) || words[0] != HEAD)
		return 1;
	words[1]++;
	return 0;
}

static void processes_that_open_at_once_share_a_file(void **state)
{
	int results[RACERS];

	for (int round = 0; round < 10; round++) {
		_Atomic uint64_t *words;
		char path[128];

		support_race(count_up, NULL, RACERS, results);
		assert_int_equal(support_count(results, RACERS, 0), RACERS);
		assert_int_equal(map_named("race", &words), SF_OK);
		assert_int_equal(words[1], RACERS);
		assert_int_equal(munmap(words, SIZE), 0);
		(void)snprintf(
			path, sizeof(path), "%s/race", (const char *)*state);
		assert_int_equal(unlink(path), 0);
	}
}

static void assert_unavailable(const char *name)
{
	_Atomic uint64_t *words;

	assert_int_equal(map_named(name, &words), SF_ERR_UNAVAILABLE);
}

static void a_malformed_file_is_refused(void **state)
{
	int dir = open(*state, O_DIRECTORY | O_CLOEXEC);
	int fd = openat(dir, "short", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	_Atomic uint64_t *words;

	assert_true(dir >= 0 && fd >= 0);
	assert_int_equal(write(fd, "short", 5), 5);
	assert_unavailable("short");
	assert_int_equal(map_named("real", &words), SF_OK);
	assert_int_equal(munmap(words, SIZE), 0);
	assert_int_equal(symlinkat("real", dir, "link"), 0);
	assert_unavailable("link");
	assert_int_equal(mkdirat(dir, "folder", 0700), 0);
	assert_unavailable("folder");
	assert_int_equal(close(fd) | close(dir), 0);
}

/* Maps a file where no file may be larger than a page. */
static int map_in_little_space(void *data, int number)
{
	const struct rlimit limit = { .rlim_cur = 4096, .rlim_max = 4096 };
	_Atomic uint64_t *words;

	(void)data;
	(void)number;
	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return -1;
	return (int)map_named("large", &words);
}

static void the_log_says_why_a_file_cannot_be_made(void **state)
{
	struct support_output output;

	(void)state;
	support_capture(map_in_little_space, NULL, "", 0, &output);
	assert_int_equal(output.status, SF_ERR_UNAVAILABLE);
	assert_non_null(strstr(output.err, "/large: File too large\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_file_has_its_first_bytes_and_zeros),
		cmocka_unit_test(a_change_outlives_the_mapping),
		cmocka_unit_test(a_file_that_is_not_there_is_not_found),
		cmocka_unit_test(the_file_is_private),
		cmocka_unit_test(processes_that_open_at_once_share_a_file),
		cmocka_unit_test(a_malformed_file_is_refused),
		cmocka_unit_test(the_log_says_why_a_file_cannot_be_made),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
