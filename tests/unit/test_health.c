/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Health: the store and Redis are tried, by one process at a time, and the
 * others get its result.
 */
#include "private_redis.h"
#include "talk.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

#include "base/tally.h"
#include "chat/health.h"

#define RACERS 16
/* As in chat/health.c. */
#define CLAIMED 1
#define KNOWN 2
#define HEALTHY 4
#define CLAIM_MS 5000

/* What the processes of a test share. */
struct shared {
	struct support_gate gate;
	_Atomic int probes;
	_Atomic int replies;
};

static struct shared *shared;
static void (*during_probe)(void);

/* The monotonic clock stands still. */
static int64_t now_ms;
/* Each look at the clock lets other processes run first. */
static bool yields_to_others;
/* What happens instead of a sleep; NULL: the process sleeps. */
static void (*instead_of_sleep)(int limit_ms);

/* The linker puts these functions in the place of the real ones. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
enum sf_err __wrap_sf_store_probe(struct sf_store *store);
enum sf_err __real_sf_store_probe(struct sf_store *store);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock != CLOCK_MONOTONIC)
		return __real_clock_gettime(clock, out);
	if (yields_to_others)
		(void)__real_poll(NULL, 0, 10);
	*out = (struct timespec){ .tv_sec = now_ms / 1000,
		.tv_nsec = now_ms % 1000 * 1000000 };
	return 0;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	if (count > 0 || !instead_of_sleep)
		return __real_poll(fds, count, timeout_ms);
	instead_of_sleep(timeout_ms);
	return 0;
}

enum sf_err __wrap_sf_store_probe(struct sf_store *store)
{
	atomic_fetch_add(&shared->probes, 1);
	if (during_probe)
		during_probe();
	return __real_sf_store_probe(store);
}

static void set_word(uint64_t bits, int64_t age_ms)
{
	struct sf_config config = support_config();
	struct sf_tally *tally;

	assert_int_equal(sf_tally_open(&config, &tally), SF_OK);
	atomic_store(&tally->words[SF_TALLY_HEALTH],
		(uint64_t)(now_ms - age_ms) << 3 | bits);
	sf_tally_free(tally);
}

/* Makes the last result look `age_ms` old. */
static void set_result(bool healthy, int64_t age_ms)
{
	set_word(KNOWN | (healthy ? HEALTHY : 0), age_ms);
}

static int make_ready(void **state)
{
	now_ms = 1000 * INT64_C(1000000);
	yields_to_others = false;
	instead_of_sleep = NULL;
	during_probe = NULL;
	*shared = (struct shared){ .gate = { RACERS } };
	set_result(true, 60000);
	return talk_make_ready(state);
}

#define with_site(test)                                                        \
	cmocka_unit_test_setup_teardown(test, make_ready, talk_free)

static enum sf_err check(struct talk *talk)
{
	return sf_health_check(&talk->config, talk->store);
}

/* Checks without a result to share. */
static enum sf_err check_anew(struct talk *talk)
{
	set_result(true, 60000);
	return check(talk);
}

static void a_site_with_store_and_redis_is_healthy(void **state)
{
	assert_int_equal(check_anew(*state), SF_OK);
	assert_int_equal(check(*state), SF_OK);
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
	set_result(false, 999);
	assert_int_equal(check(*state), SF_ERR_UNAVAILABLE);
	set_result(false, 1000);
	assert_int_equal(check(*state), SF_OK);
	/* As after a reboot: the clock is behind the last result. */
	set_result(false, -3600000);
	assert_int_equal(check(*state), SF_OK);
	set_word(CLAIMED | KNOWN, -3600000);
	assert_int_equal(check(*state), SF_OK);
	assert_int_equal(shared->probes, 3);
}

static void let_time_pass(void)
{
	now_ms += 1500;
}

static void the_second_begins_when_the_check_ends(void **state)
{
	during_probe = let_time_pass;
	assert_int_equal(check(*state), SF_OK);
	now_ms += 999;
	assert_int_equal(check(*state), SF_OK);
	assert_int_equal(shared->probes, 1);
	now_ms += 1;
	assert_int_equal(check(*state), SF_OK);
	assert_int_equal(shared->probes, 2);
}

/* Is one of many processes that ask at once. Returns an enum sf_err. */
static int ask(void *data, int number)
{
	const struct sf_config *config = data;
	struct sf_store *store;
	enum sf_err err;

	(void)number;
	(void)alarm(SUPPORT_PATIENCE_SECONDS);
	if (sf_store_open(config, &store))
		return -1;
	support_gate_pass(&shared->gate);
	err = sf_health_check(config, store);
	atomic_fetch_add(&shared->replies, 1);
	sf_store_free(store);
	return (int)err;
}

static void rest(void)
{
	(void)__real_poll(NULL, 0, 200);
}

static void many_at_once_wait_for_one_check(void **state)
{
	struct talk *talk = *state;
	int results[RACERS];

	during_probe = rest;
	yields_to_others = true;
	/* The last result is too old; then there is none. */
	set_result(false, CLAIM_MS);
	support_race(ask, &talk->config, RACERS, results);
	assert_int_equal(support_count(results, RACERS, SF_OK), RACERS);
	assert_int_equal(shared->probes, 1);
	shared->gate.missing = RACERS;
	set_word(0, now_ms);
	support_race(ask, &talk->config, RACERS, results);
	assert_int_equal(support_count(results, RACERS, SF_OK), RACERS);
	assert_int_equal(shared->probes, 2);
}

static void wait_for_the_others(void)
{
	while (atomic_load(&shared->replies) < RACERS - 1)
		(void)__real_poll(NULL, 0, 1);
}

static void while_one_checks_the_others_get_the_last_result(void **state)
{
	struct talk *talk = *state;
	int results[RACERS];

	during_probe = wait_for_the_others;
	set_result(true, 1000);
	support_race(ask, &talk->config, RACERS, results);
	assert_int_equal(support_count(results, RACERS, SF_OK), RACERS);
	assert_int_equal(shared->probes, 1);
}

static void die(void)
{
	(void)raise(SIGKILL);
}

/* Starts a check in a process that is killed before the check ends. */
static void leave_claim(struct talk *talk)
{
	int killed;

	shared->gate.missing = 1;
	during_probe = die;
	killed = support_finish(support_start(ask, &talk->config, 0));
	assert_int_equal(killed, 128 + SIGKILL);
	during_probe = NULL;
}

static void a_killed_check_is_made_again(void **state)
{
	set_result(false, 1000);
	leave_claim(*state);
	now_ms += CLAIM_MS - 1;
	assert_int_equal(check(*state), SF_ERR_UNAVAILABLE);
	assert_int_equal(shared->probes, 1);
	now_ms += 1;
	assert_int_equal(check(*state), SF_OK);
	assert_int_equal(shared->probes, 2);
}

static void move_clock(int limit_ms)
{
	now_ms += limit_ms;
}

/* The claim has no last result, so its end is what others wait for. */
static void who_waits_for_a_killed_check_makes_it(void **state)
{
	int64_t start_ms = now_ms;

	leave_claim(*state);
	instead_of_sleep = move_clock;
	assert_int_equal(check(*state), SF_OK);
	assert_int_equal(shared->probes, 2);
	assert_int_equal(now_ms, start_ms + CLAIM_MS);
}

static void stay_young(int limit_ms)
{
	(void)limit_ms;
}

/* As if one process after another began a check, and none ended it. */
static void nobody_waits_without_end(void **state)
{
	struct talk *talk = *state;

	shared->gate.missing = 1;
	set_word(CLAIMED, 0);
	instead_of_sleep = stay_young;
	assert_int_equal(support_finish(support_start(ask, &talk->config, 0)),
		SF_ERR_UNAVAILABLE);
	assert_int_equal(shared->probes, 0);
}

static void without_a_tally_the_parts_are_tried(void **state)
{
	struct talk *talk = *state;

	(void)snprintf(talk->config.runtime_dir,
		sizeof(talk->config.runtime_dir), "/nowhere/at/all");
	assert_int_equal(check(talk), SF_OK);
	assert_int_equal(shared->probes, 1);
}

static int make_group(void **state)
{
	shared = support_share(sizeof(*shared));
	return private_redis_make_sandbox(state);
}

static int free_group(void **state)
{
	support_unshare(shared, sizeof(*shared));
	return private_redis_remove_sandbox(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_site(a_site_with_store_and_redis_is_healthy),
		with_site(a_site_whose_redis_is_dead_is_not_healthy),
		with_site(a_result_is_shared_for_a_second),
		with_site(the_second_begins_when_the_check_ends),
		with_site(many_at_once_wait_for_one_check),
		with_site(while_one_checks_the_others_get_the_last_result),
		with_site(a_killed_check_is_made_again),
		with_site(who_waits_for_a_killed_check_makes_it),
		with_site(nobody_waits_without_end),
		with_site(without_a_tally_the_parts_are_tried),
	};

	return cmocka_run_group_tests(tests, make_group, free_group);
}
