/* SPDX-License-Identifier: BSD-3-Clause */
/* How many chats one address may create. */
#include "chat/limit.h"
#include "support.h"

#define HOUR_MS (3600 * 1000)
#define NOW_MS 1700000000000
#define RACERS 8
#define ADDRESSES 50

static struct sf_config limited_to(int limit)
{
	struct sf_config config = support_config();

	config.create_limit = limit;
	return config;
}

/* 0: it may; else how many seconds it must wait. */
static int64_t take(
	const struct sf_config *config, const char *address, int64_t now_ms)
{
	int64_t retry_seconds = 0;
	enum sf_err err =
		sf_limit_take(config, address, now_ms, &retry_seconds);

	assert_int_equal(err, retry_seconds ? SF_ERR_TOO_MANY : SF_OK);
	return retry_seconds;
}

static void take_all(
	const struct sf_config *config, const char *address, int64_t now_ms)
{
	for (int i = 0; i < config->create_limit; i++)
		assert_int_equal(take(config, address, now_ms), 0);
}

static void so_many_an_hour_and_no_more(void **state)
{
	struct sf_config config = limited_to(60);

	(void)state;
	take_all(&config, "192.0.2.1", NOW_MS);
	assert_int_equal(take(&config, "192.0.2.1", NOW_MS), 60);
	/* To ask again does not make it wait longer. */
	assert_int_equal(take(&config, "192.0.2.1", NOW_MS), 60);
	assert_int_equal(take(&config, "192.0.2.1", NOW_MS + 59001), 1);
	assert_int_equal(take(&config, "192.0.2.1", NOW_MS + 59999), 1);
	assert_int_equal(take(&config, "192.0.2.1", NOW_MS + 60000), 0);
	assert_int_equal(take(&config, "192.0.2.1", NOW_MS + 60000), 60);
}

static void an_hour_of_silence_makes_it_whole(void **state)
{
	struct sf_config config = limited_to(7);

	(void)state;
	take_all(&config, "192.0.2.1", NOW_MS);
	assert_true(take(&config, "192.0.2.1", NOW_MS) > 0);
	take_all(&config, "192.0.2.1", NOW_MS + HOUR_MS);
	assert_true(take(&config, "192.0.2.1", NOW_MS + HOUR_MS) > 0);
	/* Longer silence does not save up more. */
	take_all(&config, "192.0.2.1", NOW_MS + 24 * (int64_t)HOUR_MS);
	assert_true(
		take(&config, "192.0.2.1", NOW_MS + 24 * (int64_t)HOUR_MS) > 0);
}

static void one_an_hour(void **state)
{
	struct sf_config config = limited_to(1);

	(void)state;
	assert_int_equal(take(&config, "192.0.2.1", NOW_MS), 0);
	assert_int_equal(take(&config, "192.0.2.1", NOW_MS), 3600);
	assert_int_equal(take(&config, "192.0.2.1", NOW_MS + HOUR_MS - 1), 1);
	assert_int_equal(take(&config, "192.0.2.1", NOW_MS + HOUR_MS), 0);
}

static void zero_is_no_limit(void **state)
{
	struct sf_config config = limited_to(0);

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(take(&config, "192.0.2.1", NOW_MS), 0);
}

/* One in 65,536 pairs of addresses shares a word, and so an allowance. */
static void assert_nearly_all(int count)
{
	assert_in_range(count, ADDRESSES - 2, ADDRESSES);
}

static void every_address_has_its_own(void **state)
{
	struct sf_config config = limited_to(1);
	int allowed = 0;

	(void)state;
	for (int i = 0; i < ADDRESSES; i++) {
		char address[32];

		(void)snprintf(address, sizeof(address), "192.0.2.%d", i);
		allowed += take(&config, address, NOW_MS) == 0;
		assert_int_equal(take(&config, address, NOW_MS), 3600);
	}
	assert_nearly_all(allowed);
}

static void of_ipv6_the_first_half_counts(void **state)
{
	struct sf_config config = limited_to(1);
	int allowed = 0;

	(void)state;
	for (int i = 0; i < ADDRESSES; i++) {
		char address[64];

		(void)snprintf(address, sizeof(address), "2001:db8:0:%x::1", i);
		allowed += take(&config, address, NOW_MS) == 0;
		(void)snprintf(address, sizeof(address),
			"2001:db8:0:%x:ffff:ffff:ffff:ffff", i);
		assert_int_equal(take(&config, address, NOW_MS), 3600);
	}
	assert_nearly_all(allowed);
}

static void ipv4_in_ipv6_is_ipv4(void **state)
{
	struct sf_config config = limited_to(1);

	(void)state;
	assert_int_equal(take(&config, "::ffff:192.0.2.1", NOW_MS), 0);
	assert_int_equal(take(&config, "192.0.2.1", NOW_MS), 3600);
	assert_int_equal(take(&config, "::ffff:192.0.2.2", NOW_MS), 0);
}

static void a_clock_that_was_wrong_locks_nobody_out(void **state)
{
	struct sf_config config = limited_to(2);

	(void)state;
	take_all(&config, "192.0.2.1", NOW_MS + 24 * (int64_t)HOUR_MS);
	take_all(&config, "192.0.2.1", NOW_MS);
	assert_true(take(&config, "192.0.2.1", NOW_MS) > 0);
	/* Of two at the same time one is a little behind. */
	assert_true(take(&config, "192.0.2.1", NOW_MS - 100) > 0);
}

static void what_is_no_address_is_limited_too(void **state)
{
	struct sf_config config = limited_to(1);

	(void)state;
	assert_int_equal(take(&config, "", NOW_MS), 0);
	assert_int_equal(take(&config, "unix:", NOW_MS), 3600);
}

static void where_nothing_can_be_counted_all_may(void **state)
{
	struct sf_config config = limited_to(1);

	(void)state;
	(void)snprintf(config.runtime_dir, sizeof(config.runtime_dir),
		"/dev/null/here");
	assert_int_equal(take(&config, "192.0.2.1", NOW_MS), 0);
	assert_int_equal(take(&config, "192.0.2.1", NOW_MS), 0);
}

static int take_many(void *data, int number)
{
	const struct sf_config *config = data;
	int allowed = 0;

	(void)number;
	for (int i = 0; i < 20; i++) {
		int64_t retry_seconds;

		allowed += sf_limit_take(config, "192.0.2.1", NOW_MS,
				   &retry_seconds) == SF_OK;
	}
	return allowed;
}

static void many_at_once_get_no_more(void **state)
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
		in_sandbox(so_many_an_hour_and_no_more),
		in_sandbox(an_hour_of_silence_makes_it_whole),
		in_sandbox(one_an_hour),
		in_sandbox(ipv4_in_ipv6_is_ipv4),
		in_sandbox(a_clock_that_was_wrong_locks_nobody_out),
		in_sandbox(zero_is_no_limit),
		in_sandbox(every_address_has_its_own),
		in_sandbox(of_ipv6_the_first_half_counts),
		in_sandbox(what_is_no_address_is_limited_too),
		in_sandbox(where_nothing_can_be_counted_all_may),
		in_sandbox(many_at_once_get_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
