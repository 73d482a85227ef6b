/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of wake-ups, for each backend: no wake-up between prepare and
 * wait is lost, whichever process sends the wake-up. A wait that misses its
 * wake-up would last an hour; an alarm makes that a failure.
 */
#include "private_redis.h"
#include "base/clock.h"
#include "wake/wake.h"

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define FOREVER_MS 3600000
#define LIMIT_MS 200
#define TURNS 2000
#define WAITERS 4

struct shared {
	struct support_gate gate;
	struct sf_config config;
	struct sf_token users[2];
	_Atomic int turn; /* the number of the current turn */
};

static struct sf_wake *open_wake(void)
{
	struct sf_config config = support_config();
	struct sf_wake *wake;

	assert_int_equal(sf_wake_open(&config, &wake), SF_OK);
	return wake;
}

static struct shared *make_shared(void)
{
	struct shared *shared = support_share(sizeof(*shared));

	shared->config = support_config();
	sf_token_generate(&shared->users[0]);
	sf_token_generate(&shared->users[1]);
	return shared;
}

static void a_wake_up_after_prepare_ends_the_wait(void **state)
{
	struct sf_wake *wake = open_wake();
	struct sf_wake *sender = open_wake();
	struct sf_token user;

	(void)state;
	(void)alarm(SUPPORT_PATIENCE_SECONDS);
	sf_token_generate(&user);
	sf_wake_prepare(wake, &user);
	sf_wake_send(sender, &user);
	assert_true(sf_wake_wait(wake, FOREVER_MS));
	(void)alarm(0);
	sf_wake_free(wake);
	sf_wake_free(sender);
	sf_wake_free(NULL);
}

static void a_wait_without_a_wake_up_lasts_its_time(void **state)
{
	struct sf_wake *wakes[2] = { open_wake(), NULL };
	struct sf_token user;

	(void)state;
	sf_token_generate(&user);
	sf_wake_send(wakes[0], &user);
	for (int i = 0; i < 2; i++) {
		int64_t start_ms = sf_clock_ms(CLOCK_MONOTONIC);

		sf_wake_prepare(wakes[i], &user);
		(void)alarm(SUPPORT_PATIENCE_SECONDS);
		assert_false(sf_wake_wait(wakes[i], LIMIT_MS));
		(void)alarm(0);
		/* The clocks of sleep and test may differ by a tick. */
		assert_true(sf_clock_ms(CLOCK_MONOTONIC) - start_ms >=
			    LIMIT_MS - 10);
		sf_wake_free(wakes[i]);
	}
}

static void sending_without_wake_ups_does_nothing(void **state)
{
	struct sf_token user;

	(void)state;
	sf_token_generate(&user);
	sf_wake_send(NULL, &user);
}

/*
 * Plays every second turn. Returns 1 if wake-ups do not work. A lost wake-up
 * would end the process by its alarm.
 */
static int play_turns(void *data, int number)
{
	struct shared *shared = data;
	struct sf_wake *wake;

	if (sf_wake_open(&shared->config, &wake))
		return 1;
	for (int turn = number; turn < TURNS; turn += 2) {
		(void)alarm(SUPPORT_PATIENCE_SECONDS);
		for (;;) {
			sf_wake_prepare(wake, &shared->users[number]);
			if (atomic_load(&shared->turn) == turn)
				break;
			sf_wake_wait(wake, FOREVER_MS);
		}
		atomic_fetch_add(&shared->turn, 1);
		sf_wake_send(wake, &shared->users[1 - number]);
	}
	return 0;
}

static void no_wake_up_is_lost_between_processes(void **state)
{
	struct shared *shared = make_shared();
	int results[2];

	(void)state;
	support_race(play_turns, shared, 2, results);
	assert_int_equal(support_count(results, 2, 0), 2);
	assert_int_equal(shared->turn, TURNS);
	support_unshare(shared, sizeof(*shared));
}

static int wait_once(void *data, int number)
{
	struct shared *shared = data;
	struct sf_wake *wake;

	(void)number;
	(void)alarm(SUPPORT_PATIENCE_SECONDS);
	if (sf_wake_open(&shared->config, &wake))
		return 1;
	sf_wake_prepare(wake, &shared->users[0]);
	support_gate_pass(&shared->gate);
	return sf_wake_wait(wake, FOREVER_MS) ? 0 : 2;
}

static void every_waiter_for_one_user_is_woken(void **state)
{
	struct shared *shared = make_shared();
	struct sf_wake *wake = open_wake();
	pid_t pids[WAITERS];

	(void)state;
	shared->gate.missing = WAITERS + 1;
	for (int i = 0; i < WAITERS; i++)
		pids[i] = support_start(wait_once, shared, i);
	support_gate_pass(&shared->gate);
	sf_wake_send(wake, &shared->users[0]);
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(support_finish(pids[i]), 0);
	sf_wake_free(wake);
	support_unshare(shared, sizeof(*shared));
}

/*
 * Waits with SIGTERM blocked, as the programs do: only sf_wake_wait() lets the
 * signal through.
 */
static int wait_for_sigterm(void *data, int number)
{
	struct shared *shared = data;
	struct sf_wake *wake = NULL;
	sigset_t terminate;

	(void)alarm(SUPPORT_PATIENCE_SECONDS);
	(void)sigemptyset(&terminate);
	(void)sigaddset(&terminate, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &terminate, NULL);
	if (number == 0 && sf_wake_open(&shared->config, &wake))
		return 1;
	sf_wake_prepare(wake, &shared->users[0]);
	support_gate_pass(&shared->gate);
	sf_wake_wait(wake, FOREVER_MS);
	return 0;
}

static void sigterm_ends_a_wait(void **state)
{
	(void)state;
	for (int without = 0; without < 2; without++) {
		struct shared *shared = make_shared();
		pid_t pid;

		shared->gate.missing = 2;
		pid = support_start(wait_for_sigterm, shared, without);
		support_gate_pass(&shared->gate);
		assert_int_equal(kill(pid, SIGTERM), 0);
		assert_int_equal(support_finish(pid), 128 + SIGTERM);
		support_unshare(shared, sizeof(*shared));
	}
}

static void the_wait_restores_the_signal_mask(void **state)
{
	struct sf_wake *wake = open_wake();
	struct sf_token user;
	sigset_t held;
	sigset_t before;

	(void)state;
	sf_token_generate(&user);
	(void)sigemptyset(&held);
	(void)sigaddset(&held, SIGTERM);
	(void)sigaddset(&held, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &held, &before);
	sf_wake_prepare(wake, &user);
	sf_wake_send(wake, &user);
	assert_true(sf_wake_wait(wake, FOREVER_MS));
	(void)sigprocmask(SIG_SETMASK, &before, &held);
	assert_true(sigismember(&held, SIGTERM));
	assert_true(sigismember(&held, SIGUSR1));
	sf_wake_free(wake);
}

static void wake_ups_without_their_folder_are_refused(void **state)
{
	struct sf_config config = support_config();
	struct sf_wake *wake;

	(void)state;
	(void)snprintf(config.runtime_dir, sizeof(config.runtime_dir),
		"/dev/null/here");
	assert_int_equal(sf_wake_open(&config, &wake), SF_ERR_UNAVAILABLE);
}

static int choose_local(void **state)
{
	return setenv("SFCHAT_WAKE", "local", 1) == 0
		       ? support_make_sandbox(state)
		       : -1;
}

static int choose_redis(void **state)
{
	if (private_redis_make_sandbox(state) != 0)
		return -1;
	return setenv("SFCHAT_WAKE", "redis", 1);
}

int main(void)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(a_wake_up_after_prepare_ends_the_wait),
		cmocka_unit_test(a_wait_without_a_wake_up_lasts_its_time),
		cmocka_unit_test(sending_without_wake_ups_does_nothing),
		cmocka_unit_test(no_wake_up_is_lost_between_processes),
		cmocka_unit_test(every_waiter_for_one_user_is_woken),
		cmocka_unit_test(sigterm_ends_a_wait),
		cmocka_unit_test(the_wait_restores_the_signal_mask),
	};
	const struct CMUnitTest folder[] = {
		cmocka_unit_test(wake_ups_without_their_folder_are_refused),
	};

	return cmocka_run_group_tests_name("local", contract, choose_local,
		       support_remove_sandbox) +
	       cmocka_run_group_tests_name("redis", contract, choose_redis,
		       private_redis_remove_sandbox) +
	       cmocka_run_group_tests_name("local, without its folder", folder,
		       choose_local, support_remove_sandbox);
}
