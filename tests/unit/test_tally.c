/* SPDX-License-Identifier: BSD-3-Clause */
/* The numbers of a machine: every process adds to the same ones. */
#include "support.h"
#include "base/tally.h"

#include <unistd.h>

#include "base/clock.h"

#define RACERS 8
#define ROUNDS 100

static uint64_t read_word(unsigned int word)
{
	struct sf_config config = support_config();
	struct sf_tally *tally;
	uint64_t value;

	assert_int_equal(sf_tally_open(&config, &tally), SF_OK);
	value = atomic_load(&tally->words[word]);
	sf_tally_free(tally);
	return value;
}

static int count_often(void *data, int number)
{
	(void)number;
	for (int i = 0; i < ROUNDS; i++)
		sf_tally_count(data, SF_ERR_CLOSED);
	return 0;
}

static void refusals_of_all_processes_are_counted(void **state)
{
	struct sf_config config = support_config();
	int results[RACERS];

	(void)state;
	support_race(count_often, &config, RACERS, results);
	assert_int_equal(support_count(results, RACERS, 0), RACERS);
	assert_int_equal(
		read_word(SF_TALLY_REFUSED + SF_ERR_CLOSED), RACERS * ROUNDS);
	assert_int_equal(read_word(SF_TALLY_REFUSED + SF_ERR_CONFLICT), 0);
}

static void a_question_of_the_start_is_not_counted(void **state)
{
	struct sf_config config = support_config();

	(void)state;
	sf_tally_count(&config, SF_ERR_METHOD);
	assert_int_equal(read_word(SF_TALLY_REFUSED + SF_ERR_METHOD), 0);
}

static void the_file_says_since_when_it_counts(void **state)
{
	int64_t before_ms = sf_clock_ms(CLOCK_REALTIME);
	uint64_t since_ms = read_word(SF_TALLY_SINCE_MS);

	(void)state;
	assert_in_range(since_ms, (uint64_t)before_ms,
		(uint64_t)sf_clock_ms(CLOCK_REALTIME));
	assert_int_equal(read_word(SF_TALLY_SINCE_MS), since_ms);
}

static void a_look_makes_no_file(void **state)
{
	struct sf_config config = support_config();
	struct sf_tally *tally;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/tally", (const char *)*state);
	assert_int_equal(sf_tally_find(&config, &tally), SF_ERR_NOT_FOUND);
	assert_int_not_equal(access(path, F_OK), 0);
	sf_tally_count(&config, SF_ERR_CLOSED);
	assert_int_equal(sf_tally_find(&config, &tally), SF_OK);
	assert_int_equal(tally->words[SF_TALLY_REFUSED + SF_ERR_CLOSED], 1);
	sf_tally_free(tally);
}

static int count_without_folder(void *data, int number)
{
	struct sf_config config = support_config();

	(void)number;
	(void)snprintf(config.runtime_dir, sizeof(config.runtime_dir), "%s",
		(char *)data);
	sf_tally_count(&config, SF_ERR_CLOSED);
	return access(data, F_OK) == 0;
}

static void a_count_makes_no_folder_and_logs_nothing(void **state)
{
	struct support_output output;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/none", (const char *)*state);
	support_capture(count_without_folder, path, "", 0, &output);
	assert_int_equal(output.status, 0);
	assert_string_equal(output.err, "");
	sf_tally_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_sandbox(refusals_of_all_processes_are_counted),
		in_sandbox(a_question_of_the_start_is_not_counted),
		in_sandbox(the_file_says_since_when_it_counts),
		in_sandbox(a_look_makes_no_file),
		in_sandbox(a_count_makes_no_folder_and_logs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
