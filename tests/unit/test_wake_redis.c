/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wake-ups over Redis, beyond the contract in test_wake.c: each user has a
 * channel, Redis may go away and come back, and Redis learns no token.
 */
#include "private_redis.h"

#include "base/mem.h"
#include "wake/wake.h"

/* A sleeper that sleeps so long was not woken. */
#define FOREVER_MS 30000
#define SOON_MS (FOREVER_MS / 2)

struct sleeper {
	struct sf_config config;
	struct sf_wake *wake;
	struct sf_token user;
};

static int make_sleeper(void **state)
{
	struct sleeper *sleeper = sf_alloc(sizeof(*sleeper));

	assert_int_equal(setenv("SFCHAT_WAKE", "redis", 1), 0);
	sleeper->config = support_config();
	sf_token_generate(&sleeper->user);
	assert_int_equal(sf_wake_open(&sleeper->config, &sleeper->wake), SF_OK);
	*state = sleeper;
	return 0;
}

static int free_sleeper(void **state)
{
	struct sleeper *sleeper = *state;

	sf_wake_free(sleeper->wake);
	free(sleeper);
	return 0;
}

static int64_t measure_wait(struct sleeper *sleeper, int limit_ms)
{
	struct timespec start, end;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	sf_wake_wait(sleeper->wake, limit_ms);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	return (end.tv_sec - start.tv_sec) * 1000 +
	       (end.tv_nsec - start.tv_nsec) / 1000000;
}

static void assert_woken(struct sleeper *sleeper)
{
	assert_in_range(measure_wait(sleeper, FOREVER_MS), 0, SOON_MS);
}

/* The clock of the sleep and the clock of the test may differ by a tick. */
static void assert_not_woken(struct sleeper *sleeper)
{
	assert_true(measure_wait(sleeper, 300) >= 290);
}

static int send_once(void *data, int number)
{
	const struct sleeper *sleeper = data;
	struct sf_wake *wake;

	(void)number;
	if (sf_wake_open(&sleeper->config, &wake) != SF_OK)
		return 1;
	sf_wake_send(wake, &sleeper->user);
	sf_wake_free(wake);
	return 0;
}

static void send_from_elsewhere(struct sleeper *sleeper)
{
	assert_int_equal(
		support_finish(support_start(send_once, sleeper, 0)), 0);
}

static void a_waiter_can_wait_many_times(void **state)
{
	struct sleeper *sleeper = *state;

	for (int i = 0; i < 20; i++) {
		sf_wake_prepare(sleeper->wake, &sleeper->user);
		send_from_elsewhere(sleeper);
		assert_woken(sleeper);
	}
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	assert_not_woken(sleeper);
}

static void a_wake_up_ends_no_wait_for_another_user(void **state)
{
	struct sleeper *sleeper = *state;
	struct sleeper other = *sleeper;

	sf_token_generate(&other.user);
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	send_from_elsewhere(&other);
	assert_not_woken(sleeper);
}

static void a_wait_is_for_the_user_prepared_last(void **state)
{
	struct sleeper *sleeper = *state;
	struct sleeper other = *sleeper;

	sf_token_generate(&other.user);
	sf_wake_prepare(sleeper->wake, &other.user);
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	send_from_elsewhere(&other);
	assert_not_woken(sleeper);
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	send_from_elsewhere(sleeper);
	assert_woken(sleeper);
}

/*
 * A poll that has prepared its wait also sends: it wakes the poll that it
 * replaces, and it closes abandoned chats.
 */
static void a_waiter_can_send_too(void **state)
{
	struct sleeper *sleeper = *state;
	struct sleeper other = *sleeper;

	sf_token_generate(&other.user);
	assert_int_equal(sf_wake_open(&other.config, &other.wake), SF_OK);
	sf_wake_send(sleeper->wake, &sleeper->user);
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	sf_wake_prepare(other.wake, &other.user);
	sf_wake_send(sleeper->wake, &other.user);
	assert_woken(&other);
	assert_not_woken(sleeper);
	sf_wake_free(other.wake);
}

/*
 * Otherwise all waiters would look at the store at the same moment, and stay in
 * step from then on.
 */
static void losing_redis_ends_no_wait_and_its_return_is_noticed(void **state)
{
	struct sleeper *sleeper = *state;

	sf_wake_prepare(sleeper->wake, &sleeper->user);
	private_redis_kill();
	assert_not_woken(sleeper);
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	assert_not_woken(sleeper);
	private_redis_start();
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	send_from_elsewhere(sleeper);
	assert_woken(sleeper);
}

static void a_redis_that_hangs_holds_up_nobody(void **state)
{
	struct sleeper *sleeper = *state;
	struct timespec start, end;

	private_redis_pause();
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	sf_wake_send(sleeper->wake, &sleeper->user);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	assert_in_range(end.tv_sec - start.tv_sec, 0, 4);
	assert_not_woken(sleeper);
	private_redis_resume();
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	send_from_elsewhere(sleeper);
	assert_woken(sleeper);
}

static void redis_learns_no_token(void **state)
{
	struct sleeper *sleeper = *state;
	char digits[SF_TOKEN_DIGITS + 1];
	redisReply *channels;

	sf_token_format(&sleeper->user, digits);
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	channels = private_redis_run("PUBSUB", "CHANNELS");
	assert_int_equal(channels->elements, 1);
	for (size_t i = 0; i + 6 <= SF_TOKEN_DIGITS; i++) {
		char part[7] = { 0 };

		memcpy(part, digits + i, 6);
		assert_null(strstr(channels->element[0]->str, part));
	}
	freeReplyObject(channels);
}

#define with_redis(test)                                                       \
	cmocka_unit_test_setup_teardown(test, make_sleeper, free_sleeper)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_redis(a_waiter_can_wait_many_times),
		with_redis(a_wake_up_ends_no_wait_for_another_user),
		with_redis(a_wait_is_for_the_user_prepared_last),
		with_redis(a_waiter_can_send_too),
		with_redis(losing_redis_ends_no_wait_and_its_return_is_noticed),
		with_redis(a_redis_that_hangs_holds_up_nobody),
		with_redis(redis_learns_no_token),
	};

	return cmocka_run_group_tests(tests, private_redis_make_sandbox,
		private_redis_remove_sandbox);
}
