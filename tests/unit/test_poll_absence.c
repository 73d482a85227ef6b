/* SPDX-License-Identifier: BSD-3-Clause */
/* How long a poll lasts, and when it gives the other participant up. */
#include "poller.h"
#include "base/clock.h"

#include <unistd.h>

/*
 * Replaces the chat by one that the joiner entered `age_ms` ago, and in which
 * the creator has just shown a sign of life.
 */
static void begin_old_chat(struct talk *talk, int age_ms)
{
	const struct sf_patience patience = { .gap_ms = INT64_MAX };
	struct sf_poll sign = { .id = talk_token() };
	struct sf_chat chat;

	talk->now_ms = sf_desk_now();
	sf_chat_init(&chat, talk->now_ms - age_ms);
	talk->creator.chat = talk->joiner.chat = chat.id;
	talk->creator.user = sign.user = chat.users[0];
	sign.created_ms = talk->now_ms;
	assert_ok(
		sf_chat_join(&chat, &talk->joiner.user, talk->now_ms - age_ms));
	sf_chat_release(&chat);
	sf_chat_begin_poll(&chat, &sign, &patience);
	assert_ok(sf_store_insert(talk->store, &chat));
}

static void the_chat_of_an_absent_talker_is_closed(void **state)
{
	struct talk *talk = *state;
	struct poller *poller =
		make_poller(talk, &talk->creator, SLEEP_MS, 100);

	/* The joiner has been silent for longer than two polls of 5 seconds. */
	begin_old_chat(talk, 11000);
	poller->participant = talk->creator;
	start_poll(talk, poller);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_CLOSED);
	assert_int_equal(poller->count, 1);
	assert_sees(talk, creator, "closed [absent]");
	assert_sees(talk, joiner, "closed [was_absent]");
	free_poller(poller);
}

static void a_date_that_leaps_closes_no_chat(void **state)
{
	static const int steps[] = { 3600, -3600 };
	struct talk *talk = *state;

	for (size_t i = 0; i < 2; i++) {
		struct poller *poller =
			make_poller(talk, &talk->creator, SLEEP_MS, 40);

		begin_old_chat(talk, 1000);
		poller->participant = talk->creator;
		start_poll_and_await(talk, poller);
		poller->step_seconds = steps[i];
		finish_poll(poller);
		assert_ok(poller->err);
		assert_int_equal(poller->status, SF_STATUS_READY);
		free_poller(poller);
	}
}

static void a_poll_waits_no_longer_than_it_asks_for(void **state)
{
	static const int64_t waits_ms[] = { 0, 70 };
	struct talk *talk = *state;

	for (size_t i = 0; i < 2; i++) {
		struct poller *poller =
			make_poller(talk, &talk->creator, FOREVER_MS, 1);
		int64_t start_ms = sf_clock_ms(CLOCK_MONOTONIC);

		poller->request.wait_ms = waits_ms[i];
		start_poll(talk, poller);
		finish_poll(poller);
		assert_ok(poller->err);
		assert_int_equal(poller->count, 0);
		assert_int_equal(poller->status, SF_STATUS_READY);
		assert_true(
			sf_clock_ms(CLOCK_MONOTONIC) - start_ms >= waits_ms[i]);
		free_poller(poller);
	}
}

/* Returns how long the joiner may be silent after a poll that asks for it. */
static int64_t poll_for_patience(struct talk *talk, int64_t away_ms)
{
	struct poller *poller = make_poller(talk, &talk->joiner, 1000, 60);
	struct sf_chat seen;
	int64_t patience_ms = 0;

	poller->request = (struct sf_poll_request){ .away_ms = away_ms };
	start_poll(talk, poller);
	finish_poll(poller);
	assert_ok(poller->err);
	seen = talk_view(talk, &talk->joiner);
	for (size_t i = 0; i < seen.poll_count; i++)
		if (sf_token_equal(&seen.polls[i].user, &talk->joiner.user))
			patience_ms = seen.polls[i].until_ms -
				      seen.polls[i].created_ms;
	sf_chat_release(&seen);
	free_poller(poller);
	return patience_ms;
}

static void the_patience_asked_for_is_kept_within_its_bounds(void **state)
{
	struct talk *talk = *state;

	assert_int_equal(poll_for_patience(talk, 3600000), 3600000);
	assert_int_equal(poll_for_patience(talk, 0), 2 * 60 * 1000);
	assert_int_equal(poll_for_patience(talk, INT64_MAX), 86400000);
}

static void a_look_soon_after_a_sign_of_life_registers_nothing(void **state)
{
	struct talk *talk = *state;
	struct sf_config config = talk->config;
	struct sf_desk desk = { .store = talk->store };
	struct sf_poll_request request = { .away_ms = 3600000 };
	struct sf_token ids[3] = { { { 0 } } };
	struct sf_chat seen;

	config.poll_sleep_ms = FOREVER_MS;
	config.poll_iteration = 1;
	/* The join was a sign of life, but it asked for no such patience. */
	(void)count_polls(talk, &talk->joiner, &ids[0]);
	for (size_t i = 1; i < 3; i++) {
		assert_ok(sf_poll_look(
			&desk, &config, &talk->joiner, &request, &seen));
		assert_int_equal(seen.status, SF_STATUS_READY);
		sf_chat_release(&seen);
		(void)count_polls(talk, &talk->joiner, &ids[i]);
	}
	assert_memory_not_equal(&ids[0], &ids[1], sizeof(ids[0]));
	assert_memory_equal(&ids[1], &ids[2], sizeof(ids[1]));
}

static void a_talker_may_be_silent_for_the_length_of_two_polls(void **state)
{
	static const struct {
		int age_ms;
		enum sf_status status;
	} cases[] = {
		{ 2 * FOREVER_MS - 1000 * SUPPORT_PATIENCE_SECONDS,
			SF_STATUS_READY },
		{ 2 * FOREVER_MS + 1000, SF_STATUS_CLOSED },
	};
	struct talk *talk = *state;

	for (size_t i = 0; i < 2; i++) {
		struct poller *poller = make_poller(
			talk, &talk->creator, SLEEP_MS, FOREVER_MS / SLEEP_MS);

		begin_old_chat(talk, cases[i].age_ms);
		poller->participant = talk->creator;
		start_poll(talk, poller);
		(void)usleep(4000 * SLEEP_MS);
		if (cases[i].status == SF_STATUS_READY)
			assert_ok(talk_say(talk, &talk->joiner, "still here"));
		finish_poll(poller);
		assert_ok(poller->err);
		assert_int_equal(poller->status, cases[i].status);
		free_poller(poller);
	}
}

static void the_chat_of_a_talker_who_polled_stays_open(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(
		talk, &talk->creator, SLEEP_MS, FOREVER_MS / SLEEP_MS);
	struct sf_token poll = talk_token();

	begin_old_chat(talk, 3 * FOREVER_MS);
	assert_ok(talk_poll(talk, &talk->joiner, &poll));
	poller->participant = talk->creator;
	start_poll(talk, poller);
	(void)usleep(4000 * SLEEP_MS);
	assert_ok(talk_say(talk, &talk->joiner, "still here"));
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_READY);
	free_poller(poller);
}

static void a_draft_is_not_closed_for_an_absent_talker(void **state)
{
	struct talk *talk = *state;
	struct poller *poller = make_poller(talk, &talk->creator, SLEEP_MS, 1);
	struct sf_chat chat;

	sf_chat_init(&chat, sf_desk_now() - 3600 * 1000);
	talk->creator.chat = chat.id;
	talk->creator.user = chat.users[0];
	assert_ok(sf_store_insert(talk->store, &chat));
	sf_chat_release(&chat);
	talk->now_ms = sf_desk_now();
	assert_ok(talk_acknowledge(talk, &talk->creator));
	poller->participant = talk->creator;
	start_poll(talk, poller);
	finish_poll(poller);
	assert_ok(poller->err);
	assert_int_equal(poller->status, SF_STATUS_DRAFT);
	free_poller(poller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ready(the_chat_of_an_absent_talker_is_closed),
		with_ready(a_date_that_leaps_closes_no_chat),
		with_ready(a_poll_waits_no_longer_than_it_asks_for),
		with_ready(the_patience_asked_for_is_kept_within_its_bounds),
		with_ready(a_look_soon_after_a_sign_of_life_registers_nothing),
		with_ready(a_talker_may_be_silent_for_the_length_of_two_polls),
		with_ready(the_chat_of_a_talker_who_polled_stays_open),
		with_draft(a_draft_is_not_closed_for_an_absent_talker),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
