/* SPDX-License-Identifier: BSD-3-Clause */
/* How many chats one address may create. */
#include "chat/limit.h"
#include "support.h"

#define HOUR_MS (3600 * 1000)
#define NOW_MS INT64_C(90000000)
#define RACERS 8
#define ADDRESSES 50

static struct sf_config limited_to(int limit)
{
	struct sf_config config = support_config();

	config.create_limit = limit;
	return config;
}

/* Returns how many seconds the address must wait; 0: it may create. */
static int64_t take_one(
	const struct sf_config *config, const char *address, int64_t now_ms)
{
	int64_t retry_seconds = 0;
	enum sf_err err =
		sf_limit_count(config, address, now_ms, &retry_seconds);

	assert_int_equal(err, retry_seconds ? SF_ERR_TOO_MANY : SF_OK);
	return retry_seconds;
}

static void take_all(
	const struct sf_config *config, const char *address, int64_t now_ms)
{
	for (int i = 0; i < config->create_limit; i++)
		assert_int_equal(take_one(config, address, now_ms), 0);
}

static void an_address_may_create_up_to_the_limit_an_hour(void **state)
{
	struct sf_config config = limited_to(60);

	(void)state;
	take_all(&config, "192.0.2.1", NOW_MS);
	assert_int_equal(take_one(&config, "192.0.2.1", NOW_MS), 60);
	/* A refused creation does not make the wait longer. */
	assert_int_equal(take_one(&config, "192.0.2.1", NOW_MS), 60);
	assert_int_equal(take_one(&config, "192.0.2.1", NOW_MS + 59001), 1);
	assert_int_equal(take_one(&config, "192.0.2.1", NOW_MS + 59999), 1);
	assert_int_equal(take_one(&config, "192.0.2.1", NOW_MS + 60000), 0);
	assert_int_equal(take_one(&config, "192.0.2.1", NOW_MS + 60000), 60);
}

static void an_hour_of_silence_restores_the_allowance(void **state)
{
	struct sf_config config = limited_to(7);

	(void)state;
	take_all(&config, "192.0.2.1", NOW_MS);
	assert_true(take_one(&config, "192.0.2.1", NOW_MS) > 0);
	take_all(&config, "192.0.2.1", NOW_MS + HOUR_MS);
	assert_true(take_one(&config, "192.0.2.1", NOW_MS + HOUR_MS) > 0);
	/* A longer silence does not raise the allowance. */
	take_all(&config, "192.0.2.1", NOW_MS + 24 * (int64_t)HOUR_MS);
	assert_true(take_one(&config, "192.0.2.1",
			    NOW_MS + 24 * (int64_t)HOUR_MS) > 0);
}

static void a_limit_of_one_allows_one_chat_an_hour(void **state)
{
	struct sf_config config = limited_to(1);

	(void)state;
	assert_int_equal(take_one(&config, "192.0.2.1", NOW_MS), 0);
	assert_int_equal(take_one(&config, "192.0.2.1", NOW_MS), 3600);
	assert_int_equal(
		take_one(&config, "192.0.2.1", NOW_MS + HOUR_MS - 1), 1);
	assert_int_equal(take_one(&config, "192.0.2.1", NOW_MS + HOUR_MS), 0);
}

static void a_limit_of_zero_allows_any_number(void **state)
{
	struct sf_config config = limited_to(0);

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(take_one(&config, "192.0.2.1", NOW_MS), 0);
}

/* One in 65,536 pairs of addresses shares a word, and so an allowance. */
static void assert_nearly_all(int count)
{
	assert_in_range(count, ADDRESSES - 2, ADDRESSES);
}

static void every_address_has_its_own_allowance(void **state)
{
	struct sf_config config = limited_to(1);
	int allowed = 0;

	(void)state;
	for (int i = 0; i < ADDRESSES; i++) {
		char address[32];

		(void)snprintf(address, sizeof(address), "192.0.2.%d", i);
		allowed += take_one(&config, address, NOW_MS) == 0;
		assert_int_equal(take_one(&config, address, NOW_MS), 3600);
	}
	assert_nearly_all(allowed);
}

static void an_ipv6_address_counts_by_its_first_half(void **state)
{
	struct sf_config config = limited_to(1);
	int allowed = 0;

	(void)state;
	for (int i = 0; i < ADDRESSES; i++) {
		char address[64];

		(void)snprintf(address, sizeof(address), "2001:db8:0:%x::1", i);
		allowed += take_one(&config, address, NOW_MS) == 0;
		(void)snprintf(address, sizeof(address),
			"2001:db8:0:%x:ffff:ffff:ffff:ffff", i);
		assert_int_equal(take_one(&config, address, NOW_MS), 3600);
	}
	assert_nearly_all(allowed);
}

static void an_ipv4_address_in_ipv6_counts_as_ipv4(void **state)
{
	struct sf_config config = limited_to(1);

	(void)state;
	assert_int_equal(take_one(&config, "::ffff:192.0.2.1", NOW_MS), 0);
	assert_int_equal(take_one(&config, "192.0.2.1", NOW_MS), 3600);
	assert_int_equal(take_one(&config, "::ffff:192.0.2.2", NOW_MS), 0);
}

static void a_time_of_another_boot_locks_nobody_out(void **state)
{
	struct sf_config config = limited_to(2);

	(void)state;
	take_all(&config, "192.0.2.1", NOW_MS + 24 * (int64_t)HOUR_MS);
	take_all(&config, "192.0.2.1", NOW_MS);
	assert_true(take_one(&config, "192.0.2.1", NOW_MS) > 0);
	/* The machine was up for half an hour before it started again. */
	take_all(&config, "192.0.2.2", HOUR_MS / 2);
	take_all(&config, "192.0.2.2", 1000);
	/* A process may use a time that it read a moment before. */
	assert_true(take_one(&config, "192.0.2.1", NOW_MS - 100) > 0);
}

static void a_text_that_is_no_address_is_limited_too(void **state)
{
	struct sf_config config = limited_to(1);

	(void)state;
	assert_int_equal(take_one(&config, "", NOW_MS), 0);
	assert_int_equal(take_one(&config, "unix:", NOW_MS), 3600);
}

static void every_creation_is_allowed_without_the_file(void **state)
{
	struct sf_config config = limited_to(1);

	(void)state;
	(void)snprintf(config.runtime_dir, sizeof(config.runtime_dir),
		"/dev/null/here");
	assert_int_equal(take_one(&config, "192.0.2.1", NOW_MS), 0);
	assert_int_equal(take_one(&config, "192.0.2.1", NOW_MS), 0);
}

static int take_many(void *data, int number)
{
	const struct sf_config *config = data;
	int allowed = 0;

	(void)number;
	for (int i = 0; i < 20; i++) {
		int64_t retry_seconds;

		allowed += sf_limit_count(config, "192.0.2.1", NOW_MS,
				   &retry_seconds) == SF_OK;
	}
	return allowed;
}

static void processes_at_once_share_one_allowance(void **state)
{
	struct sf_config config = limited_to(60);
	int results[RACERS];
	int allowed = 0;

	(void)state;
	support_race(take_many, &config, RACERS, results);
	for (int i = 0; i < RACERS; i++)
		allowed += results[i];
	assert_int_equal(allowed, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_sandbox(an_address_may_create_up_to_the_limit_an_hour),
		in_sandbox(an_hour_of_silence_restores_the_allowance),
		in_sandbox(a_limit_of_one_allows_one_chat_an_hour),
		in_sandbox(an_ipv4_address_in_ipv6_counts_as_ipv4),
		in_sandbox(a_time_of_another_boot_locks_nobody_out),
		in_sandbox(a_limit_of_zero_allows_any_number),
		in_sandbox(every_address_has_its_own_allowance),
		in_sandbox(an_ipv6_address_counts_by_its_first_half),
		in_sandbox(a_text_that_is_no_address_is_limited_too),
		in_sandbox(every_creation_is_allowed_without_the_file),
		in_sandbox(processes_at_once_share_one_allowance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
