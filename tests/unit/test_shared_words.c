/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared tables: the same bytes have one word, whichever process asks. */
#include "support.h"
#include "base/shared_words.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define RACERS 8

static struct sf_shared_words *open_table(const char *name)
{
	struct sf_config config = support_config();
	struct sf_shared_words *words;

	assert_int_equal(sf_shared_words_open(&config, name, &words), SF_OK);
	return words;
}

static void the_same_bytes_have_the_same_word(void **state)
{
	struct sf_shared_words *first = open_table("same");
	struct sf_shared_words *second = open_table("same");

	(void)state;
	assert_int_equal(
		atomic_load(sf_shared_words_find(first, "bytes", 5)), 0);
	atomic_store(sf_shared_words_find(first, "bytes", 5), UINT64_MAX);
	assert_int_equal(atomic_load(sf_shared_words_find(second, "bytes", 5)),
		UINT64_MAX);
	sf_shared_words_free(first);
	sf_shared_words_free(second);
}

/* Different bytes rarely share a word. */
static void different_bytes_have_different_words(void **state)
{
	struct sf_shared_words *words = open_table("other");
	int shared = 0;

	(void)state;
	atomic_store(sf_shared_words_find(words, "bytes", 5), 1);
	for (int i = 0; i < 100; i++)
		shared += atomic_load(sf_shared_words_find(
				  words, &i, sizeof(i))) != 0;
	assert_in_range(shared, 0, 2);
	sf_shared_words_free(words);
}

static void tables_of_different_names_are_separate(void **state)
{
	struct sf_shared_words *first = open_table("one");
	struct sf_shared_words *second = open_table("two");

	(void)state;
	atomic_store(sf_shared_words_find(first, "bytes", 5), 1);
	assert_int_equal(
		atomic_load(sf_shared_words_find(second, "bytes", 5)), 0);
	sf_shared_words_free(first);
	sf_shared_words_free(second);
	sf_shared_words_free(NULL);
}

static void words_outlive_the_handle(void **state)
{
	struct sf_shared_words *words = open_table("kept");

	(void)state;
	atomic_store(sf_shared_words_find(words, "bytes", 5), 7);
	sf_shared_words_free(words);
	words = open_table("kept");
	assert_int_equal(
		atomic_load(sf_shared_words_find(words, "bytes", 5)), 7);
	sf_shared_words_free(words);
}

/*
 * The position of a word must not reveal its bytes, so two tables place the
 * same bytes differently.
 */
static void every_table_has_a_key_of_its_own(void **state)
{
	struct sf_shared_words *first = open_table("key1");
	struct sf_shared_words *second = open_table("key2");
	ptrdiff_t same = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		ptrdiff_t there = sf_shared_words_find(first, &i, sizeof(i)) -
				  sf_shared_words_find(first, "", 0);
		ptrdiff_t here = sf_shared_words_find(second, &i, sizeof(i)) -
				 sf_shared_words_find(second, "", 0);

		same += there == here;
	}
	assert_in_range(same, 0, 5);
	sf_shared_words_free(first);
	sf_shared_words_free(second);
}

static void the_file_is_private(void **state)
{
	struct sf_shared_words *words = open_table("private");
	char path[128];
	struct stat status;

	(void)snprintf(path, sizeof(path), "%s/private", (const char *)*state);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0600);
	sf_shared_words_free(words);
}

static int count_up(void *data, int number)
{
	const struct sf_config *config = data;
	struct sf_shared_words *words;

	(void)number;
	if (sf_shared_words_open(config, "race", &words))
		return 1;
	atomic_fetch_add(sf_shared_words_find(words, "bytes", 5), 1);
	return 0;
}

static void processes_that_open_at_once_share_a_table(void **state)
{
	struct sf_config config = support_config();
	int results[RACERS];

	(void)state;
	for (uint64_t round = 1; round <= 10; round++) {
		char path[SF_CONFIG_PATH_MAX + 8];
		struct sf_shared_words *words;

		support_race(count_up, &config, RACERS, results);
		assert_int_equal(support_count(results, RACERS, 0), RACERS);
		words = open_table("race");
		assert_int_equal(
			atomic_load(sf_shared_words_find(words, "bytes", 5)),
			RACERS);
		sf_shared_words_free(words);
		(void)snprintf(
			path, sizeof(path), "%s/race", config.runtime_dir);
		assert_int_equal(unlink(path), 0);
	}
}

static void assert_unavailable(const char *name)
{
	struct sf_config config = support_config();
	struct sf_shared_words *words;

	assert_int_equal(sf_shared_words_open(&config, name, &words),
		SF_ERR_UNAVAILABLE);
}

static void a_malformed_file_is_refused(void **state)
{
	int dir = open(*state, O_DIRECTORY | O_CLOEXEC);
	int fd = openat(dir, "short", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(dir >= 0 && fd >= 0);
	assert_int_equal(write(fd, "short", 5), 5);
	assert_unavailable("short");
	sf_shared_words_free(open_table("real"));
	assert_int_equal(symlinkat("real", dir, "link"), 0);
	assert_unavailable("link");
	assert_int_equal(mkdirat(dir, "folder", 0700), 0);
	assert_unavailable("folder");
	assert_int_equal(close(fd) | close(dir), 0);
}

static void a_table_without_its_folder_is_refused(void **state)
{
	struct sf_config config = support_config();
	struct sf_shared_words *words;

	(void)state;
	(void)snprintf(config.runtime_dir, sizeof(config.runtime_dir),
		"/dev/null/here");
	assert_int_equal(sf_shared_words_open(&config, "any", &words),
		SF_ERR_UNAVAILABLE);
}

/* Opens a table where no file may be larger than a page. */
static int open_in_little_space(void *data, int number)
{
	const struct rlimit limit = { .rlim_cur = 4096, .rlim_max = 4096 };
	struct sf_config config = support_config();
	struct sf_shared_words *words;

	(void)data;
	(void)number;
	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return -1;
	return (int)sf_shared_words_open(&config, "large", &words);
}

static void the_log_says_why_a_table_cannot_be_made(void **state)
{
	struct support_output output;

	(void)state;
	support_capture(open_in_little_space, NULL, "", 0, &output);
	assert_int_equal(output.status, SF_ERR_UNAVAILABLE);
	assert_non_null(strstr(output.err, "/large: File too large\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_bytes_have_the_same_word),
		cmocka_unit_test(different_bytes_have_different_words),
		cmocka_unit_test(tables_of_different_names_are_separate),
		cmocka_unit_test(words_outlive_the_handle),
		cmocka_unit_test(every_table_has_a_key_of_its_own),
		cmocka_unit_test(the_file_is_private),
		cmocka_unit_test(processes_that_open_at_once_share_a_table),
		cmocka_unit_test(a_malformed_file_is_refused),
		cmocka_unit_test(a_table_without_its_folder_is_refused),
		cmocka_unit_test(the_log_says_why_a_table_cannot_be_made),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
