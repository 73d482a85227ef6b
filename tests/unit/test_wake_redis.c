/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wake-ups over Redis, beyond the contract in test_wake.c: each user has a
 * channel, Redis may be lost and return, and Redis learns no token. A wait that
 * misses its wake-up would last an hour; an alarm makes that a failure.
 */
#include "private_redis.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "wake/wake.h"

#define FOREVER_MS 3600000
#define LIMIT_MS 300

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

static void assert_woken(struct sleeper *sleeper)
{
	(void)alarm(SUPPORT_PATIENCE_SECONDS);
	assert_true(sf_wake_wait(sleeper->wake, FOREVER_MS));
	(void)alarm(0);
}

static void assert_not_woken(struct sleeper *sleeper)
{
	int64_t start_ms = sf_clock_ms(CLOCK_MONOTONIC);

	assert_false(sf_wake_wait(sleeper->wake, LIMIT_MS));
	/* The clocks of sleep and test may differ by a tick. */
	assert_true(sf_clock_ms(CLOCK_MONOTONIC) - start_ms >= LIMIT_MS - 10);
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

static void send_from_another_process(struct sleeper *sleeper)
{
	assert_int_equal(
		support_finish(support_start(send_once, sleeper, 0)), 0);
}

static void a_waiter_can_wait_many_times(void **state)
{
	struct sleeper *sleeper = *state;

	for (int i = 0; i < 20; i++) {
		sf_wake_prepare(sleeper->wake, &sleeper->user);
		send_from_another_process(sleeper);
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
	send_from_another_process(&other);
	assert_not_woken(sleeper);
}

static void a_wait_is_for_the_user_prepared_last(void **state)
{
	struct sleeper *sleeper = *state;
	struct sleeper other = *sleeper;

	sf_token_generate(&other.user);
	sf_wake_prepare(sleeper->wake, &other.user);
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	send_from_another_process(&other);
	assert_not_woken(sleeper);
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	send_from_another_process(sleeper);
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
	send_from_another_process(sleeper);
	assert_woken(sleeper);
}

/* Both calls return while Redis is still paused, so neither waits for it. */
static void a_redis_that_hangs_does_not_block_prepare_and_send(void **state)
{
	struct sleeper *sleeper = *state;

	private_redis_pause();
	(void)alarm(SUPPORT_PATIENCE_SECONDS);
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	sf_wake_send(sleeper->wake, &sleeper->user);
	(void)alarm(0);
	assert_not_woken(sleeper);
	private_redis_resume();
	sf_wake_prepare(sleeper->wake, &sleeper->user);
	send_from_another_process(sleeper);
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
		with_redis(a_redis_that_hangs_does_not_block_prepare_and_send),
		with_redis(redis_learns_no_token),
	};

	return cmocka_run_group_tests(tests, private_redis_make_sandbox,
		private_redis_remove_sandbox);
}
