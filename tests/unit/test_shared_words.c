/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared tables: the same bytes have one word, whichever process asks. */
#include "support.h"
#include "base/shared_words.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_bytes_have_the_same_word),
		cmocka_unit_test(different_bytes_have_different_words),
		cmocka_unit_test(tables_of_different_names_are_separate),
		cmocka_unit_test(words_outlive_the_handle),
		cmocka_unit_test(every_table_has_a_key_of_its_own),
		cmocka_unit_test(a_table_without_its_folder_is_refused),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
