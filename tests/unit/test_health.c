/* SPDX-License-Identifier: BSD-3-Clause */
/* Health: the store and Redis are tried, and a result is shared for a second.
 */
#include "private_redis.h"
#include "talk.h"

#include <time.h>

#include "base/tally.h"
#include "chat/health.h"

#define NOW_MS (1000 * INT64_C(1000000))

/* The linker puts this function in the place of clock_gettime(2): the
 * monotonic clock stands still. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __real_clock_gettime(clockid_t clock, struct timespec *out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock != CLOCK_MONOTONIC)
		return __real_clock_gettime(clock, out);
	*out = (struct timespec){ .tv_sec = NOW_MS / 1000 };
	return 0;
}

static struct sf_tally *open_tally(void)
{
	struct sf_config config = support_config();
	struct sf_tally *tally;

	assert_int_equal(sf_tally_open(&config, &tally), SF_OK);
	return tally;
}

/* Makes the last result look `age_ms` old. */
static void set_result(bool healthy, int64_t age_ms)
{
	struct sf_tally *tally = open_tally();

	atomic_store(&tally->words[SF_TALLY_HEALTH],
		(uint64_t)(NOW_MS - age_ms) << 1 | (healthy ? 1 : 0));
	sf_tally_free(tally);
}

/* Checks without a result to share. */
static enum sf_err check_anew(struct talk *talk)
{
	set_result(true, 60000);
	return sf_health_check(&talk->config, talk->store);
}

static void a_site_with_store_and_redis_is_healthy(void **state)
{
	struct talk *talk = *state;

	assert_int_equal(check_anew(talk), SF_OK);
	assert_int_equal(sf_health_check(&talk->config, talk->store), SF_OK);
}

static void a_site_whose_redis_is_dead_is_not_healthy(void **state)
{
	struct talk *talk = *state;

	private_redis_kill();
	assert_int_equal(check_anew(talk), SF_ERR_UNAVAILABLE);
	talk->config.redis.socket_size = 0;
	assert_int_equal(check_anew(talk), SF_OK);
	talk->config = support_config();
	private_redis_start();
	assert_int_equal(check_anew(talk), SF_OK);
}

static void a_result_is_shared_for_a_second(void **state)
{
	struct talk *talk = *state;

	set_result(false, 999);
	assert_int_equal(sf_health_check(&talk->config, talk->store),
		SF_ERR_UNAVAILABLE);
	set_result(false, 1000);
	assert_int_equal(sf_health_check(&talk->config, talk->store), SF_OK);
	/* As after a reboot: the clock is behind the last result. */
	set_result(false, -3600000);
	assert_int_equal(sf_health_check(&talk->config, talk->store), SF_OK);
}

/* The next process gets the result of this one: Redis is not asked again. */
static void a_result_is_kept_for_others(void **state)
{
	struct talk *talk = *state;

	assert_int_equal(check_anew(talk), SF_OK);
	private_redis_kill();
	assert_int_equal(sf_health_check(&talk->config, talk->store), SF_OK);
	private_redis_start();
}

static void without_a_tally_the_parts_are_tried(void **state)
{
	struct talk *talk = *state;

	(void)snprintf(talk->config.runtime_dir,
		sizeof(talk->config.runtime_dir), "/nowhere/at/all");
	assert_int_equal(sf_health_check(&talk->config, talk->store), SF_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ready(a_site_with_store_and_redis_is_healthy),
		with_ready(a_site_whose_redis_is_dead_is_not_healthy),
		with_ready(a_result_is_shared_for_a_second),
		with_ready(a_result_is_kept_for_others),
		with_ready(without_a_tally_the_parts_are_tried),
	};

	return cmocka_run_group_tests(tests, private_redis_make_sandbox,
		private_redis_remove_sandbox);
}
