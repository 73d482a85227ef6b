/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of store.h that every store must pass, verb by verb. The other
 * files test_store_*.c hold the rest of the contract. The tests use store.h
 * alone; the linked store and SFCHAT_STORE decide which store they test.
 */
#include "talk.h"

static void insert_stores_the_whole_chat(void **state)
{
	struct talk *talk = *state;
	struct sf_chat seen;
	char code[SF_TOKEN_DIGITS + 1];

	assert_sees(talk, creator, "draft [created]");
	seen = talk_view(talk, &talk->creator);
	assert_memory_equal(&seen.id, &talk->creator.chat, SF_TOKEN_SIZE);
	assert_int_equal(seen.created_ms, talk->now_ms);
	assert_int_equal(seen.user_count, 1);
	assert_memory_equal(&seen.users[0], &talk->creator.user, SF_TOKEN_SIZE);
	assert_int_equal(seen.poll_count, 0);
	sf_token_format(&talk->creator.chat, code);
	assert_non_null(strstr(seen.messages[0].text, code));
	sf_chat_release(&seen);
}

static void insert_refuses_a_token_that_is_taken(void **state)
{
	struct talk *talk = *state;
	struct sf_chat same;

	sf_chat_init(&same, talk->now_ms);
	same.id = talk->creator.chat;
	assert_refused(
		talk, sf_store_insert(talk->store, &same), SF_ERR_CONFLICT);
	sf_chat_release(&same);
}

static void chats_outlive_the_handle(void **state)
{
	struct talk *talk = *state;
	char *before;
	char *after;

	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	before = talk_snapshot(talk);
	talk_disconnect(talk);
	talk_connect(talk);
	after = talk_snapshot(talk);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

static void a_rested_store_can_be_used_again(void **state)
{
	struct talk *talk = *state;

	sf_store_rest(talk->store);
	assert_sees(talk, creator, "ready");
	sf_store_rest(talk->store);
	sf_store_rest(talk->store);
	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	assert_sees(talk, joiner, "ready Hi");
	sf_store_free(NULL);
}

static void view_shows_only_messages_to_the_caller(void **state)
{
	struct talk *talk = *state;
	struct sf_chat seen;

	assert_ok(talk_say(talk, &talk->creator, "to-joiner"));
	assert_ok(talk_say(talk, &talk->joiner, "to-creator"));
	assert_sees(talk, creator, "ready to-creator");
	assert_sees(talk, joiner, "ready to-joiner");
	seen = talk_view(talk, &talk->joiner);
	assert_memory_equal(
		&seen.messages[0].receiver, &talk->joiner.user, SF_TOKEN_SIZE);
	assert_int_equal(seen.user_count, 2);
	sf_chat_release(&seen);
}

static void view_changes_nothing(void **state)
{
	struct talk *talk = *state;
	char *first;
	char *second;

	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	first = talk_snapshot(talk);
	second = talk_snapshot(talk);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void join_admits_a_second_user_and_notifies_both(void **state)
{
	struct talk *talk = *state;
	struct sf_token creator;
	struct sf_chat seen;

	assert_sees(talk, joiner, "-");
	assert_ok(sf_store_join(
		talk->store, talk->now_ms, &talk->joiner, &creator));
	assert_memory_equal(&creator, &talk->creator.user, SF_TOKEN_SIZE);
	assert_sees(talk, creator, "ready [created] [joined]");
	assert_sees(talk, joiner, "ready [ready]");
	seen = talk_view(talk, &talk->joiner);
	assert_memory_equal(&seen.users[1], &talk->joiner.user, SF_TOKEN_SIZE);
	assert_int_equal(
		sf_chat_last_sign(&seen, &talk->joiner.user), talk->now_ms);
	assert_int_equal(
		sf_chat_last_sign(&seen, &talk->creator.user), talk->now_ms);
	sf_chat_release(&seen);
}

static void join_keeps_the_creators_poll(void **state)
{
	struct talk *talk = *state;
	struct sf_token poll = talk_token();
	struct sf_chat seen;

	assert_ok(talk_poll(talk, &talk->creator, &poll));
	talk->now_ms += 1000;
	assert_ok(talk_join(talk, &talk->joiner.user));
	seen = talk_view(talk, &talk->creator);
	assert_true(sf_chat_has_poll(&seen, &poll));
	assert_int_equal(
		sf_chat_last_sign(&seen, &talk->creator.user), talk->now_ms);
	sf_chat_release(&seen);
}

static void join_refuses_a_third_user(void **state)
{
	struct talk *talk = *state;
	struct sf_token third = talk_token();

	assert_refused(talk, talk_join(talk, &third), SF_ERR_CONFLICT);
}

static void a_join_repeated_by_the_joiner_changes_nothing(void **state)
{
	struct talk *talk = *state;

	assert_refused(talk, talk_join(talk, &talk->joiner.user), SF_OK);
	assert_ok(talk_end(talk, &talk->creator));
	assert_refused(
		talk, talk_join(talk, &talk->joiner.user), SF_ERR_NOT_FOUND);
}

static void join_refuses_the_creator(void **state)
{
	struct talk *talk = *state;

	assert_refused(
		talk, talk_join(talk, &talk->creator.user), SF_ERR_CONFLICT);
}

static void join_refuses_an_unknown_or_closed_chat(void **state)
{
	struct talk *talk = *state;
	struct sf_token third = talk_token();
	struct sf_participant nobody = { talk_token(), talk_token() };
	struct sf_token creator;

	assert_refused(talk,
		sf_store_join(talk->store, talk->now_ms, &nobody, &creator),
		SF_ERR_NOT_FOUND);
	assert_ok(talk_end(talk, &talk->creator));
	assert_refused(talk, talk_join(talk, &third), SF_ERR_NOT_FOUND);
}

static void push_stores_messages_for_the_partner_in_order(void **state)
{
	struct talk *talk = *state;
	struct sf_messages batch = {
		{ { .id = talk_token(), .text = (char[]){ "one" } },
			{ .id = talk_token(), .text = (char[]){ "two" } },
			{ .id = talk_token(), .text = (char[]){ "three" } } },
		3,
	};
	struct sf_token receiver;

	assert_ok(sf_store_push(
		talk->store, talk->now_ms, &talk->joiner, &batch, &receiver));
	assert_memory_equal(&receiver, &talk->creator.user, SF_TOKEN_SIZE);
	assert_ok(talk_say(talk, &talk->joiner, "four"));
	assert_sees(talk, creator, "ready one two three four");
	assert_sees(talk, joiner, "ready");
	batch.count = 1;
	batch.items[0].id = talk_token();
	assert_ok(sf_store_push(
		talk->store, talk->now_ms, &talk->creator, &batch, &receiver));
	assert_memory_equal(&receiver, &talk->joiner.user, SF_TOKEN_SIZE);
	assert_sees(talk, joiner, "ready one");
}

static void push_stores_a_message_unchanged(void **state)
{
	struct talk *talk = *state;
	static const char text[] = "\xe2\x82\xac \xf0\x9f\x98\x80\n\t\"\\$.";
	struct sf_messages batch = {
		{ { .id = talk_token(),
			.chosen_id = true,
			.sealed = true,
			.text = (char *)(uintptr_t)text } },
		1,
	};
	struct sf_chat seen;
	struct sf_token receiver;

	assert_ok(sf_store_push(
		talk->store, talk->now_ms, &talk->creator, &batch, &receiver));
	assert_ok(talk_say(talk, &talk->creator, "open"));
	seen = talk_view(talk, &talk->joiner);
	assert_int_equal(seen.message_count, 2);
	assert_string_equal(seen.messages[0].text, text);
	assert_memory_equal(
		&seen.messages[0].id, &batch.items[0].id, SF_TOKEN_SIZE);
	assert_true(seen.messages[0].sealed);
	assert_int_equal(seen.messages[0].event, SF_EVENT_NONE);
	assert_false(seen.messages[1].sealed);
	sf_chat_release(&seen);
}

static void push_is_refused_before_a_join_and_after_a_close(void **state)
{
	struct talk *talk = *state;

	assert_refused(
		talk, talk_say(talk, &talk->creator, "early"), SF_ERR_CONFLICT);
	assert_ok(talk_join(talk, &talk->joiner.user));
	assert_ok(talk_end(talk, &talk->joiner));
	assert_refused(
		talk, talk_say(talk, &talk->creator, "late"), SF_ERR_CLOSED);
}

static enum sf_err push_many(
	struct talk *talk, const struct sf_participant *sender, size_t count)
{
	static char text[] = "m";
	struct sf_messages batch = { .count = 0 };
	enum sf_err err = SF_OK;
	struct sf_token receiver;

	for (; count > 0 && !err; count -= batch.count) {
		batch.count = count < SF_MESSAGES_MAX ? count : SF_MESSAGES_MAX;
		for (size_t i = 0; i < batch.count; i++)
			batch.items[i] =
				(struct sf_message){ .id = talk_token(),
					.text = text };
		err = sf_store_push(
			talk->store, talk->now_ms, sender, &batch, &receiver);
	}
	return err;
}

static void push_refuses_messages_over_the_limit(void **state)
{
	struct talk *talk = *state;
	struct sf_chat seen;

	assert_ok(push_many(talk, &talk->creator, SF_CHAT_WAITING_MAX - 1));
	assert_refused(
		talk, push_many(talk, &talk->creator, 2), SF_ERR_TOO_MANY);
	assert_ok(push_many(talk, &talk->creator, 1));
	assert_refused(
		talk, push_many(talk, &talk->creator, 1), SF_ERR_TOO_MANY);
	/* Messages that wait for the creator do not count for the joiner. */
	assert_ok(talk_say(talk, &talk->joiner, "answer"));
	seen = talk_view(talk, &talk->joiner);
	assert_int_equal(seen.message_count, SF_CHAT_WAITING_MAX);
	assert_ok(talk_pull(talk, &talk->joiner, &seen.messages[0].id, 1));
	sf_chat_release(&seen);
	assert_ok(push_many(talk, &talk->creator, 1));
	assert_refused(
		talk, push_many(talk, &talk->creator, 1), SF_ERR_TOO_MANY);
}

static void push_of_a_known_id_stores_nothing(void **state)
{
	struct talk *talk = *state;
	struct sf_token id = talk_token();

	assert_ok(talk_say_as(talk, &talk->creator, &id, "once"));
	assert_refused(
		talk, talk_say_as(talk, &talk->creator, &id, "again"), SF_OK);
	assert_sees(talk, joiner, "ready once");
	assert_ok(talk_acknowledge(talk, &talk->joiner));
	assert_refused(
		talk, talk_say_as(talk, &talk->creator, &id, "again"), SF_OK);
	assert_sees(talk, joiner, "ready");
}

static void push_of_a_list_with_known_ids_stores_the_rest(void **state)
{
	struct talk *talk = *state;
	struct sf_messages batch = {
		{ { .id = talk_token(),
			  .chosen_id = true,
			  .text = (char[]){ "known" } },
			{ .id = talk_token(),
				.chosen_id = true,
				.text = (char[]){ "new" } } },
		1,
	};
	struct sf_token receiver;

	assert_ok(sf_store_push(
		talk->store, talk->now_ms, &talk->creator, &batch, &receiver));
	batch.count = 2;
	assert_ok(sf_store_push(
		talk->store, talk->now_ms, &talk->creator, &batch, &receiver));
	assert_memory_equal(&receiver, &talk->joiner.user, SF_TOKEN_SIZE);
	assert_sees(talk, joiner, "ready known new");
	batch.items[0].id = talk_token();
	batch.items[1].id = batch.items[0].id;
	assert_ok(sf_store_push(
		talk->store, talk->now_ms, &talk->joiner, &batch, &receiver));
	assert_sees(talk, creator, "ready known");
}

static void push_knows_an_id_for_a_hundred_messages(void **state)
{
	struct talk *talk = *state;
	struct sf_token first = talk_token();

	assert_ok(talk_say_as(talk, &talk->creator, &first, "first"));
	for (int i = 1; i < SF_CHAT_SENT_MAX; i++) {
		struct sf_token id = talk_token();

		assert_ok(talk_say_as(talk, &talk->creator, &id, "more"));
	}
	/* The limit is reached, but a repeated message is no new message. */
	assert_refused(talk, talk_say_as(talk, &talk->creator, &first, "first"),
		SF_OK);
	assert_ok(talk_acknowledge(talk, &talk->joiner));
	assert_refused(talk, talk_say_as(talk, &talk->creator, &first, "first"),
		SF_OK);
}

static void push_knows_only_ids_of_the_same_sender(void **state)
{
	struct talk *talk = *state;
	struct sf_token id = talk_token();

	assert_ok(talk_say_as(talk, &talk->creator, &id, "first"));
	assert_ok(talk_say_as(talk, &talk->joiner, &id, "second"));
	assert_sees(talk, joiner, "ready first");
	assert_refused(
		talk, talk_say_as(talk, &talk->joiner, &id, "second"), SF_OK);
	for (int i = 0; i < SF_CHAT_SENT_MAX; i++) {
		struct sf_token other = talk_token();

		assert_ok(talk_say_as(talk, &talk->creator, &other, "more"));
		assert_ok(talk_pull(talk, &talk->joiner, &other, 1));
	}
	/* The store has forgotten the id, but the message still waits. */
	assert_refused(
		talk, talk_say_as(talk, &talk->creator, &id, "first"), SF_OK);
	assert_sees(talk, joiner, "ready first");
}

static void pull_removes_only_named_messages_to_the_caller(void **state)
{
	struct talk *talk = *state;
	struct sf_token unknown = talk_token();
	struct sf_token first = talk_token();
	struct sf_token second = talk_token();

	assert_ok(talk_say_as(talk, &talk->creator, &first, "first"));
	assert_ok(talk_say_as(talk, &talk->creator, &second, "second"));
	assert_refused(talk, talk_pull(talk, &talk->creator, &first, 1), SF_OK);
	assert_refused(
		talk, talk_pull(talk, &talk->joiner, &unknown, 1), SF_OK);
	assert_ok(talk_pull(talk, &talk->joiner,
		(struct sf_token[]){ talk_token(), second }, 2));
	assert_sees(talk, joiner, "ready first");
	assert_refused(talk, talk_pull(talk, &talk->joiner, &second, 1), SF_OK);
	assert_ok(talk_pull(
		talk, &talk->joiner, (struct sf_token[]){ first, second }, 2));
	/* No message waits any more, but the chat goes on. */
	assert_sees(talk, joiner, "ready");
	assert_ok(talk_say(talk, &talk->creator, "third"));
	assert_sees(talk, joiner, "ready third");
}

static void pull_of_the_last_message_removes_a_closed_chat(void **state)
{
	struct talk *talk = *state;

	assert_ok(talk_end(talk, &talk->creator));
	assert_ok(talk_acknowledge(talk, &talk->creator));
	assert_sees(talk, creator, "closed");
	assert_sees(talk, joiner, "closed [closed_by_talker]");
	assert_ok(talk_acknowledge(talk, &talk->joiner));
	assert_gone(talk);
}

static void pull_of_the_last_message_removes_a_closed_draft(void **state)
{
	struct talk *talk = *state;

	assert_ok(talk_end(talk, &talk->creator));
	assert_ok(talk_acknowledge(talk, &talk->creator));
	assert_gone(talk);
}

static void close_notifies_both_and_keeps_waiting_messages(void **state)
{
	struct talk *talk = *state;
	struct sf_token other;

	assert_ok(talk_say(talk, &talk->creator, "Bye"));
	assert_ok(sf_store_close(
		talk->store, talk->now_ms, &talk->joiner, &other));
	assert_memory_equal(&other, &talk->creator.user, SF_TOKEN_SIZE);
	assert_sees(talk, creator, "closed [closed_by_talker]");
	assert_sees(talk, joiner, "closed Bye [closed_by_you]");
}

static void close_of_a_draft_notifies_the_creator(void **state)
{
	struct talk *talk = *state;
	struct sf_token other;

	assert_ok(sf_store_close(
		talk->store, talk->now_ms, &talk->creator, &other));
	assert_memory_equal(&other, &talk->creator.user, SF_TOKEN_SIZE);
	assert_sees(talk, creator, "closed [created] [closed_by_you]");
}

static void close_of_a_closed_chat_changes_nothing(void **state)
{
	struct talk *talk = *state;

	assert_ok(talk_end(talk, &talk->creator));
	assert_refused(talk, talk_end(talk, &talk->creator), SF_OK);
	assert_refused(talk, talk_end(talk, &talk->joiner), SF_OK);
}

static void begin_poll_replaces_the_poll_of_the_same_user(void **state)
{
	struct talk *talk = *state;
	struct sf_token polls[3] = { talk_token(), talk_token(), talk_token() };
	struct sf_chat seen;

	assert_ok(talk_poll(talk, &talk->creator, &polls[0]));
	talk->now_ms += 1000;
	assert_ok(talk_poll(talk, &talk->joiner, &polls[1]));
	talk->now_ms += 1000;
	assert_ok(talk_poll(talk, &talk->creator, &polls[2]));
	seen = talk_view(talk, &talk->joiner);
	assert_false(sf_chat_has_poll(&seen, &polls[0]));
	assert_true(sf_chat_has_poll(&seen, &polls[1]));
	assert_true(sf_chat_has_poll(&seen, &polls[2]));
	assert_int_equal(seen.poll_count, 2);
	assert_int_equal(sf_chat_last_sign(&seen, &talk->joiner.user),
		talk->now_ms - 1000);
	assert_int_equal(
		sf_chat_last_sign(&seen, &talk->creator.user), talk->now_ms);
	sf_chat_release(&seen);
}

static void begin_poll_works_in_a_draft_and_a_closed_chat(void **state)
{
	struct talk *talk = *state;
	struct sf_token poll = talk_token();

	assert_ok(talk_poll(talk, &talk->creator, &poll));
	assert_sees(talk, creator, "draft [created]");
	assert_ok(talk_end(talk, &talk->creator));
	assert_ok(talk_poll(talk, &talk->creator, &poll));
	assert_sees(talk, creator, "closed [created] [closed_by_you]");
}

static void probe_changes_nothing(void **state)
{
	struct talk *talk = *state;
	char *before = talk_snapshot(talk);
	char *after;

	for (int i = 0; i < 3; i++)
		assert_ok(sf_store_probe(talk->store));
	after = talk_snapshot(talk);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_draft(insert_stores_the_whole_chat),
		with_draft(insert_refuses_a_token_that_is_taken),
		with_ready(chats_outlive_the_handle),
		with_ready(a_rested_store_can_be_used_again),
		with_ready(view_shows_only_messages_to_the_caller),
		with_ready(view_changes_nothing),
		with_draft(join_admits_a_second_user_and_notifies_both),
		with_draft(join_keeps_the_creators_poll),
		with_ready(join_refuses_a_third_user),
		with_ready(a_join_repeated_by_the_joiner_changes_nothing),
		with_draft(join_refuses_the_creator),
		with_draft(join_refuses_an_unknown_or_closed_chat),
		with_ready(push_stores_messages_for_the_partner_in_order),
		with_ready(push_stores_a_message_unchanged),
		with_draft(push_is_refused_before_a_join_and_after_a_close),
		with_ready(push_refuses_messages_over_the_limit),
		with_ready(push_of_a_known_id_stores_nothing),
		with_ready(push_of_a_list_with_known_ids_stores_the_rest),
		with_ready(push_knows_an_id_for_a_hundred_messages),
		with_ready(push_knows_only_ids_of_the_same_sender),
		with_ready(pull_removes_only_named_messages_to_the_caller),
		with_ready(pull_of_the_last_message_removes_a_closed_chat),
		with_draft(pull_of_the_last_message_removes_a_closed_draft),
		with_ready(close_notifies_both_and_keeps_waiting_messages),
		with_draft(close_of_a_draft_notifies_the_creator),
		with_ready(close_of_a_closed_chat_changes_nothing),
		with_ready(begin_poll_replaces_the_poll_of_the_same_user),
		with_draft(begin_poll_works_in_a_draft_and_a_closed_chat),
		with_ready(probe_changes_nothing),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
