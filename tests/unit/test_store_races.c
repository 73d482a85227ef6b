/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of store.h, continued: several processes use one chat at the
 * same moment. Each process has its own handle of the store, as programs have.
 */
#include "talk.h"

#include <inttypes.h>
#include <stdatomic.h>

#define RACERS 8
#define ROUNDS 10
#define SENDS 12    /* messages of each racer; one receiver may have all */
#define TRIES 20    /* messages of each racer; together over the limit */
#define STREAM 60   /* messages of each sender while the joiner acknowledges */
#define STREAMERS 3 /* senders; one more racer receives */
#define BROKEN 99   /* the result of a racer that got an unexpected error */

struct race {
	struct support_gate gate;
	struct talk *talk;
	struct sf_token ids[RACERS];
	_Atomic int received[STREAMERS][STREAM];
	_Atomic int disorder;
};

/* Opens the racer's own handle, then waits until every racer has one. */
static bool enter_race(struct race *race)
{
	struct talk *talk = race->talk;
	enum sf_err err = sf_store_open(&talk->config, &talk->store);

	support_gate_pass(&race->gate);
	return err == SF_OK;
}

/*
 * Runs `work` in `count` processes at once. Returns the memory that they
 * shared; free_race() frees it.
 */
static struct race *run_race(struct talk *talk,
	int (*work)(void *data, int number), int count, int *results)
{
	struct race *race = support_share(sizeof(*race));

	race->talk = talk;
	race->gate.missing = count;
	for (int i = 0; i < RACERS; i++)
		race->ids[i] = talk_token();
	talk_disconnect(talk);
	support_race(work, race, count, results);
	talk_connect(talk);
	return race;
}

static void free_race(struct race *race)
{
	support_unshare(race, sizeof(*race));
}

/* Returns the joiner to odd racers, the creator to even racers. */
static const struct sf_participant *choose_side(
	const struct talk *talk, int number)
{
	return number % 2 ? &talk->joiner : &talk->creator;
}

static int insert_one(void *data, int number)
{
	struct race *race = data;
	struct sf_chat chat;

	(void)number;
	if (!enter_race(race))
		return BROKEN;
	sf_chat_init(&chat, race->talk->now_ms);
	chat.id = race->ids[0];
	return (int)sf_store_insert(race->talk->store, &chat);
}

static void one_of_eight_inserts_of_the_same_chat_succeeds(void **state)
{
	int results[RACERS];

	free_race(run_race(*state, insert_one, RACERS, results));
	assert_int_equal(support_count(results, RACERS, SF_OK), 1);
	assert_int_equal(
		support_count(results, RACERS, SF_ERR_CONFLICT), RACERS - 1);
}

static int join_one(void *data, int number)
{
	struct race *race = data;

	if (!enter_race(race))
		return BROKEN;
	return (int)talk_join(race->talk, &race->ids[number]);
}

static void one_of_eight_parallel_joins_succeeds(void **state)
{
	struct talk *talk = *state;

	for (int round = 0; round < ROUNDS; round++) {
		int results[RACERS];
		struct race *race;

		talk_begin_draft(talk);
		race = run_race(talk, join_one, RACERS, results);
		assert_int_equal(support_count(results, RACERS, SF_OK), 1);
		assert_int_equal(
			support_count(results, RACERS, SF_ERR_CONFLICT),
			RACERS - 1);
		assert_sees(talk, creator, "ready [created] [joined]");
		for (int i = 0; i < RACERS; i++) {
			talk->joiner.user = race->ids[i];
			assert_sees(talk, joiner,
				results[i] ? "-" : "ready [ready]");
		}
		free_race(race);
	}
}

static int send_some(void *data, int number)
{
	struct race *race = data;

	if (!enter_race(race))
		return BROKEN;
	for (int i = 0; i < SENDS; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "%d %d", number, i);
		if (talk_say(race->talk, choose_side(race->talk, number), text))
			return BROKEN;
	}
	return 0;
}

/* Asserts that each racer's messages are there once and in order. */
static void assert_complete(const struct sf_chat *seen)
{
	int next[RACERS] = { 0 };

	assert_int_equal(seen->message_count, RACERS / 2 * SENDS);
	for (size_t i = 0; i < seen->message_count; i++) {
		char *rest;
		long number = strtol(seen->messages[i].text, &rest, 10);

		assert_in_range(number, 0, RACERS - 1);
		assert_int_equal(strtol(rest, NULL, 10), next[number]++);
	}
}

static void parallel_sends_are_all_stored_once(void **state)
{
	struct talk *talk = *state;
	int results[RACERS];

	free_race(run_race(talk, send_some, RACERS, results));
	assert_int_equal(support_count(results, RACERS, 0), RACERS);
	for (int i = 0; i < 2; i++) {
		struct sf_chat seen = talk_view(talk, choose_side(talk, i));

		assert_complete(&seen);
		sf_chat_release(&seen);
	}
}

static int send_same(void *data, int number)
{
	struct race *race = data;

	(void)number;
	if (!enter_race(race))
		return BROKEN;
	return (int)talk_say_as(
		race->talk, &race->talk->creator, &race->ids[0], "once");
}

static void parallel_retries_of_a_message_store_it_once(void **state)
{
	struct talk *talk = *state;

	for (int round = 0; round < ROUNDS; round++) {
		int results[RACERS];

		talk_begin_ready(talk);
		free_race(run_race(talk, send_same, RACERS, results));
		assert_int_equal(support_count(results, RACERS, 0), RACERS);
		assert_sees(talk, joiner, "ready once");
	}
}

static int send_until_full(void *data, int number)
{
	struct race *race = data;
	int stored = 0;

	(void)number;
	if (!enter_race(race))
		return BROKEN;
	for (int i = 0; i < TRIES; i++) {
		enum sf_err err =
			talk_say(race->talk, &race->talk->creator, "text");

		if (err && err != SF_ERR_TOO_MANY)
			return BROKEN;
		stored += !err;
	}
	return stored;
}

static void parallel_sends_stop_at_the_limit_of_waiting_messages(void **state)
{
	struct talk *talk = *state;
	struct sf_chat seen;
	int results[RACERS];
	int stored = 0;

	free_race(run_race(talk, send_until_full, RACERS, results));
	for (int i = 0; i < RACERS; i++)
		stored += results[i];
	assert_int_equal(stored, SF_CHAT_WAITING_MAX);
	seen = talk_view(talk, &talk->joiner);
	assert_int_equal(seen.message_count, SF_CHAT_WAITING_MAX);
	sf_chat_release(&seen);
}

static int send_stream(struct talk *talk, int number)
{
	for (int i = 0; i < STREAM;) {
		char text[32];
		enum sf_err err;

		(void)snprintf(text, sizeof(text), "%d %d", number, i);
		err = talk_say(talk, &talk->creator, text);
		if (err && err != SF_ERR_TOO_MANY)
			return BROKEN;
		i += !err;
	}
	return 0;
}

static void record_received(struct race *race, const struct sf_chat *seen)
{
	for (size_t i = 0; i < seen->message_count; i++) {
		char *rest;
		long number = strtol(seen->messages[i].text, &rest, 10);
		long item = strtol(rest, NULL, 10);

		if (item > 0 && !race->received[number][item - 1])
			race->disorder++;
		race->received[number][item]++;
	}
}

static int receive_stream(struct race *race)
{
	struct talk *talk = race->talk;

	for (size_t total = 0; total < (size_t)STREAM * STREAMERS;) {
		struct sf_token ids[SF_CHAT_WAITING_MAX];
		struct sf_chat seen;

		if (sf_store_view(
			    talk->store, talk->now_ms, &talk->joiner, &seen))
			return BROKEN;
		record_received(race, &seen);
		for (size_t i = 0; i < seen.message_count; i++)
			ids[i] = seen.messages[i].id;
		if (talk_pull(talk, &talk->joiner, ids, seen.message_count))
			return BROKEN;
		total += seen.message_count;
		sf_chat_release(&seen);
	}
	return 0;
}

static int stream_messages(void *data, int number)
{
	struct race *race = data;

	if (!enter_race(race))
		return BROKEN;
	return number == STREAMERS ? receive_stream(race)
				   : send_stream(race->talk, number);
}

static void messages_sent_during_acknowledgements_arrive_once(void **state)
{
	struct talk *talk = *state;
	int results[STREAMERS + 1];
	struct race *race =
		run_race(talk, stream_messages, STREAMERS + 1, results);

	assert_int_equal(
		support_count(results, STREAMERS + 1, 0), STREAMERS + 1);
	assert_int_equal(race->disorder, 0);
	for (int i = 0; i < STREAMERS; i++)
		for (int j = 0; j < STREAM; j++)
			assert_int_equal(race->received[i][j], 1);
	assert_sees(talk, joiner, "ready");
	free_race(race);
}

static int close_one(void *data, int number)
{
	struct race *race = data;

	if (!enter_race(race))
		return BROKEN;
	return (int)talk_end(race->talk, choose_side(race->talk, number));
}

static void only_one_of_eight_parallel_closes_takes_effect(void **state)
{
	struct talk *talk = *state;

	for (int round = 0; round < ROUNDS; round++) {
		int results[RACERS];
		bool creator;

		talk_begin_ready(talk);
		free_race(run_race(talk, close_one, RACERS, results));
		assert_int_equal(support_count(results, RACERS, 0), RACERS);
		creator = strcmp(talk_see(talk, &talk->creator),
				  "closed [closed_by_you]") == 0;
		assert_sees(talk, creator,
			creator ? "closed [closed_by_you]"
				: "closed [closed_by_talker]");
		assert_sees(talk, joiner,
			creator ? "closed [closed_by_talker]"
				: "closed [closed_by_you]");
	}
}

/*
 * The first racer closes the chat. The others send, and return how many of
 * their messages were stored.
 */
static int send_or_close(void *data, int number)
{
	struct race *race = data;
	struct talk *talk = race->talk;
	int stored = 0;
	enum sf_err err = SF_OK;

	if (!enter_race(race))
		return BROKEN;
	if (number == 0)
		return (int)talk_end(talk, &talk->joiner);
	for (int i = 0; i < SENDS && !err; i++) {
		err = talk_say(talk, &talk->creator, "text");
		stored += !err;
	}
	return err && err != SF_ERR_CLOSED ? BROKEN : stored;
}

static void messages_accepted_before_a_close_are_kept(void **state)
{
	struct talk *talk = *state;

	for (int round = 0; round < ROUNDS; round++) {
		int results[RACERS];
		size_t stored = 0;
		struct sf_chat seen;

		talk_begin_ready(talk);
		free_race(run_race(talk, send_or_close, RACERS, results));
		for (int i = 0; i < RACERS; i++)
			stored += (size_t)results[i];
		seen = talk_view(talk, &talk->joiner);
		assert_int_equal(seen.message_count, stored + 1);
		assert_int_equal(
			seen.messages[stored].event, SF_EVENT_CLOSED_BY_YOU);
		sf_chat_release(&seen);
	}
}

static int acknowledge_one(void *data, int number)
{
	struct race *race = data;
	enum sf_err err;

	if (!enter_race(race))
		return BROKEN;
	err = talk_acknowledge(race->talk, choose_side(race->talk, number));
	/* The acknowledgement of another racer has removed the chat. */
	if (err == SF_ERR_UNAUTHORIZED)
		return SF_OK;
	return (int)err;
}

static void parallel_acknowledgements_remove_a_closed_chat(void **state)
{
	struct talk *talk = *state;

	for (int round = 0; round < ROUNDS; round++) {
		int results[RACERS];

		talk_begin_ready(talk);
		assert_ok(talk_end(talk, &talk->creator));
		free_race(run_race(talk, acknowledge_one, RACERS, results));
		assert_int_equal(support_count(results, RACERS, SF_OK), RACERS);
		assert_gone(talk);
	}
}

static int poll_one(void *data, int number)
{
	struct race *race = data;

	if (!enter_race(race))
		return BROKEN;
	return (int)talk_poll(
		race->talk, &race->talk->creator, &race->ids[number]);
}

static void only_one_of_a_users_parallel_polls_is_kept(void **state)
{
	struct talk *talk = *state;
	int results[RACERS];
	struct sf_chat seen;
	struct race *race = run_race(talk, poll_one, RACERS, results);
	int kept = 0;

	assert_int_equal(support_count(results, RACERS, SF_OK), RACERS);
	seen = talk_view(talk, &talk->creator);
	for (int i = 0; i < RACERS; i++)
		kept += sf_chat_has_poll(&seen, &race->ids[i]);
	assert_int_equal(kept, 1);
	sf_chat_release(&seen);
	free_race(race);
}

/* The first racer polls as the creator, the second racer joins. */
static int poll_or_join(void *data, int number)
{
	struct race *race = data;

	if (!enter_race(race))
		return BROKEN;
	if (number == 0)
		return (int)talk_poll(
			race->talk, &race->talk->creator, &race->ids[0]);
	return (int)talk_join(race->talk, &race->ids[number]);
}

static void a_poll_begun_during_a_join_is_kept(void **state)
{
	struct talk *talk = *state;

	for (int round = 0; round < ROUNDS; round++) {
		struct sf_chat seen;
		struct race *race;
		int results[2];

		talk_begin_draft(talk);
		race = run_race(talk, poll_or_join, 2, results);
		assert_int_equal(support_count(results, 2, SF_OK), 2);
		seen = talk_view(talk, &talk->creator);
		assert_true(sf_chat_has_poll(&seen, &race->ids[0]));
		sf_chat_release(&seen);
		free_race(race);
	}
}

/*
 * The first racer begins a poll of the creator, and returns whether the chat
 * was still open. The second racer closes the chat if the creator has been
 * silent for a second.
 */
static int poll_or_close_silent(void *data, int number)
{
	struct race *race = data;
	struct talk *talk = race->talk;
	struct sf_token other;

	if (!enter_race(race))
		return BROKEN;
	if (number == 1)
		return (int)sf_store_give_up(
			talk->store, talk->now_ms, &talk->joiner, 999, &other);
	if (talk_poll(talk, &talk->creator, &race->ids[0]))
		return BROKEN;
	return strcmp(talk_see(talk, &talk->creator), "ready") == 0
		       ? SF_OK
		       : SF_ERR_CLOSED;
}

static void a_user_who_polls_in_time_is_not_closed_out(void **state)
{
	struct talk *talk = *state;

	for (int round = 0; round < ROUNDS; round++) {
		int results[2];

		talk_begin_ready(talk);
		talk->now_ms += 1000;
		free_race(run_race(talk, poll_or_close_silent, 2, results));
		assert_int_equal(results[1],
			results[0] == SF_OK ? SF_ERR_CONFLICT : SF_OK);
	}
}

static int view_overdue(void *data, int number)
{
	struct race *race = data;
	struct talk *talk = race->talk;
	struct sf_chat seen;

	if (!enter_race(race))
		return BROKEN;
	return (int)sf_store_view(talk->store, talk->now_ms + talk->lifetime_ms,
		choose_side(talk, number), &seen);
}

static void parallel_views_close_an_overdue_chat_once(void **state)
{
	struct talk *talk = *state;
	int results[RACERS];

	assert_ok(talk_say(talk, &talk->creator, "undelivered"));
	free_race(run_race(talk, view_overdue, RACERS, results));
	assert_int_equal(support_count(results, RACERS, SF_OK), RACERS);
	assert_sees(talk, creator, "closed [closed_automatically]");
	assert_sees(talk, joiner, "closed [closed_automatically]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_draft(one_of_eight_inserts_of_the_same_chat_succeeds),
		with_draft(one_of_eight_parallel_joins_succeeds),
		with_ready(parallel_sends_are_all_stored_once),
		with_ready(parallel_retries_of_a_message_store_it_once),
		with_ready(
			parallel_sends_stop_at_the_limit_of_waiting_messages),
		with_ready(messages_sent_during_acknowledgements_arrive_once),
		with_ready(only_one_of_eight_parallel_closes_takes_effect),
		with_ready(messages_accepted_before_a_close_are_kept),
		with_ready(parallel_acknowledgements_remove_a_closed_chat),
		with_ready(only_one_of_a_users_parallel_polls_is_kept),
		with_draft(a_poll_begun_during_a_join_is_kept),
		with_ready(a_user_who_polls_in_time_is_not_closed_out),
		with_ready(parallel_views_close_an_overdue_chat_once),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
