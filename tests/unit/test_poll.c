/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The long poll. One process polls, and the test does what ends the poll. If
 * only a wake-up may end the poll, the poll would look again after an hour, and
 * an alarm makes that a failure.
 */
#include "poller.h"
#include "base/clock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sf_desk open_desk(struct talk *talk)
{
	struct sf_desk desk = { .store = talk->store };

	assert_ok(sf_wake_open(&talk->config, &desk.wake));
	return desk;
}

static void a_waiting_message_is_returned_without_a_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(talk, &talk->joiner, FOREVER_MS, 1);

	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	start_poll(talk, poller);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_READY);
	assert_int_equal(poller->count, 1);
	assert_string_equal(poller->text, "Hi");
	/* The message stays until the joiner acknowledges it. */
	assert_sees(talk, joiner, "ready Hi");
	free_poller(poller);
}

static void a_closed_chat_is_returned_without_a_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(talk, &talk->joiner, FOREVER_MS, 1);

	assert_ok(talk_end(talk, &talk->creator));
	assert_ok(talk_acknowledge(talk, &talk->joiner));
	start_poll(talk, poller);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_CLOSED);
	assert_int_equal(poller->count, 0);
	free_poller(poller);
}

static void a_message_ends_the_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = start_sleeping_poll(talk, &talk->joiner);
	struct sf_desk desk = open_desk(talk);
	struct sf_messages messages = talk_message("Hi");

	assert_ok(sf_desk_send(&desk, &talk->creator, &messages));
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 1);
	assert_string_equal(poller->text, "Hi");
	sf_wake_free(desk.wake);
	free_poller(poller);
}

static void a_join_ends_the_creators_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller;
	struct sf_desk desk;

	assert_ok(talk_acknowledge(talk, &talk->creator));
	poller = start_sleeping_poll(talk, &talk->creator);
	desk = open_desk(talk);
	assert_ok(sf_desk_join(&desk, &talk->joiner));
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_READY);
	assert_int_equal(poller->count, 1);
	sf_wake_free(desk.wake);
	free_poller(poller);
}

static void a_close_ends_the_wait_of_both(void **state)
{
	struct talk *talk = *state;
	struct poller *creator = start_sleeping_poll(talk, &talk->creator);
	struct poller *joiner = start_sleeping_poll(talk, &talk->joiner);
	struct sf_desk desk = open_desk(talk);

	assert_ok(sf_desk_close(&desk, &talk->joiner));
	finish_poll(creator);
	finish_poll(joiner);
	assert_ok(creator->err);
	assert_ok(joiner->err);
	assert_int_equal(creator->status, SF_STATUS_CLOSED);
	assert_int_equal(joiner->status, SF_STATUS_CLOSED);
	assert_int_equal(creator->count, 1);
	assert_int_equal(joiner->count, 1);
	sf_wake_free(desk.wake);
	free_poller(creator);
	free_poller(joiner);
}

static void a_newer_poll_ends_the_older_poll_of_its_user(void **state)
{
	struct talk *talk = *state;
	struct poller *older = start_sleeping_poll(talk, &talk->joiner);
	struct poller *others = start_sleeping_poll(talk, &talk->creator);
	struct poller *newer = start_sleeping_poll(talk, &talk->joiner);
	struct sf_token last;

	finish_poll(older);
	assert_ok(older->err);
	assert_int_equal(older->count, 0);
	assert_int_equal(older->status, SF_STATUS_READY);
	assert_int_equal(count_polls(talk, &talk->joiner, &last), 1);
	/* The other user's poll still waits, and so does the newer poll. */
	assert_int_equal(kill(newer->pid, SIGTERM), 0);
	assert_int_equal(kill(others->pid, SIGTERM), 0);
	assert_int_equal(support_finish(newer->pid), 128 + SIGTERM);
	assert_int_equal(support_finish(others->pid), 128 + SIGTERM);
	free_poller(older);
	free_poller(others);
	free_poller(newer);
}

static void a_replaced_poll_takes_no_messages(void **state)
{
	struct talk *talk = *state;
	struct poller *older = start_sleeping_poll(talk, &talk->joiner);
	struct sf_desk desk = open_desk(talk);
	struct sf_token newer = talk_token();

	/* The next look of the older poll finds a newer poll and a message. */
	assert_ok(talk_poll(talk, &talk->joiner, &newer));
	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	sf_wake_send(desk.wake, &talk->joiner.user);
	finish_poll(older);
	assert_ok(older->err);
	assert_int_equal(older->count, 0);
	sf_wake_free(desk.wake);
	free_poller(older);
}

/* The chat is a draft: a draft is not closed for an absent talker. */
static void step_date_and_finish_poll(struct talk *talk, int step_seconds)
{
	struct poller *poller = make_poller(talk, &talk->creator, SLEEP_MS, 8);
	int64_t start_ms = sf_clock_ms(CLOCK_MONOTONIC);

	assert_ok(talk_acknowledge(talk, &talk->creator));
	start_poll_and_await(talk, poller);
	poller->step_seconds = step_seconds;
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 0);
	assert_int_equal(poller->status, SF_STATUS_DRAFT);
	assert_true(sf_clock_ms(CLOCK_MONOTONIC) - start_ms >= 8 * SLEEP_MS);
	free_poller(poller);
}

static void a_poll_ends_when_its_iterations_are_used_up(void **state)
{
	step_date_and_finish_poll(*state, 0);
}

static void a_clock_set_back_an_hour_does_not_lengthen_a_poll(void **state)
{
	step_date_and_finish_poll(*state, -3600);
}

static void a_clock_set_ahead_an_hour_does_not_shorten_a_poll(void **state)
{
	step_date_and_finish_poll(*state, 3600);
}

static void wake_ups_for_nothing_do_not_shorten_a_poll(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(talk, &talk->creator, 300, 1);
	struct sf_desk desk = open_desk(talk);
	int64_t start_ms = sf_clock_ms(CLOCK_MONOTONIC);

	assert_ok(talk_acknowledge(talk, &talk->creator));
	start_poll(talk, poller);
	for (int i = 0; i < 50; i++) {
		sf_wake_send(desk.wake, &talk->creator.user);
		(void)usleep(5000);
	}
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 0);
	assert_true(sf_clock_ms(CLOCK_MONOTONIC) - start_ms >= 300);
	sf_wake_free(desk.wake);
	free_poller(poller);
}

static void without_wake_ups_a_poll_finds_a_message_at_its_next_look(
	void **state)
{
	struct talk *talk = *state;
	struct poller *poller =
		make_poller(talk, &talk->joiner, SLEEP_MS, 10000);

	poller->without_wake = true;
	start_poll_and_await(talk, poller);
	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 1);
	free_poller(poller);
}

static void a_poll_whose_client_has_left_does_not_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(talk, &talk->joiner, FOREVER_MS, 1);
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	poller->reply = ends[1];
	assert_int_equal(close(ends[0]), 0);
	start_poll(talk, poller);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->count, 0);
	assert_int_equal(close(ends[1]), 0);
	free_poller(poller);
}

static void a_client_that_leaves_ends_the_sleep_of_its_poll(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(talk, &talk->joiner, FOREVER_MS, 1);
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	poller->reply = ends[1];
	poller->client_end = ends[0];
	poller->shortens_sleep = true;
	start_poll_and_await(talk, poller);
	/* Let the poll get past its first look, into its sleep. */
	(void)usleep(100000);
	assert_int_equal(waitpid(poller->pid, NULL, WNOHANG), 0);
	assert_int_equal(close(ends[0]), 0);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(close(ends[1]), 0);
	free_poller(poller);
}

static void a_chat_that_expires_ends_the_wait(void **state)
{
	struct talk *talk = *state;
	struct poller *poller;

	talk_disconnect(talk);
	talk->config.chat_lifetime_seconds = 1;
	talk_connect(talk);
	poller = make_poller(talk, &talk->joiner, SLEEP_MS, 10000);
	start_poll(talk, poller);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_CLOSED);
	assert_int_equal(poller->count, 1);
	free_poller(poller);
}

static void the_poll_of_a_stranger_is_refused(void **state)
{
	struct talk *talk = *state;
	struct sf_participant stranger = { talk->creator.chat, talk_token() };
	struct poller *poller = make_poller(talk, &stranger, FOREVER_MS, 1);

	start_poll(talk, poller);
	finish_poll(poller);
	assert_int_equal(poller->err, SF_ERR_UNAUTHORIZED);
	free_poller(poller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ready(a_waiting_message_is_returned_without_a_wait),
		with_ready(a_closed_chat_is_returned_without_a_wait),
		with_ready(a_message_ends_the_wait),
		with_draft(a_join_ends_the_creators_wait),
		with_ready(a_close_ends_the_wait_of_both),
		with_ready(a_newer_poll_ends_the_older_poll_of_its_user),
		with_ready(a_replaced_poll_takes_no_messages),
		with_draft(a_poll_ends_when_its_iterations_are_used_up),
		with_draft(a_clock_set_back_an_hour_does_not_lengthen_a_poll),
		with_draft(a_clock_set_ahead_an_hour_does_not_shorten_a_poll),
		with_draft(wake_ups_for_nothing_do_not_shorten_a_poll),
		with_ready(
			without_wake_ups_a_poll_finds_a_message_at_its_next_look),
		with_ready(a_poll_whose_client_has_left_does_not_wait),
		with_ready(a_client_that_leaves_ends_the_sleep_of_its_poll),
		with_ready(a_chat_that_expires_ends_the_wait),
		with_ready(the_poll_of_a_stranger_is_refused),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
