/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of store.h, continued: the rules of every verb. Only the
 * participants of a chat can use the chat, and the chat ends with its lifetime.
 */
#include "talk.h"

static enum sf_err view_chat(
	struct talk *talk, const struct sf_participant *caller)
{
	struct sf_chat seen;
	enum sf_err err =
		sf_store_view(talk->store, talk->now_ms, caller, &seen);

	if (!err)
		sf_chat_release(&seen);
	return err;
}

static enum sf_err push_text(
	struct talk *talk, const struct sf_participant *caller)
{
	return talk_say(talk, caller, "text");
}

static enum sf_err pull_unknown_id(
	struct talk *talk, const struct sf_participant *caller)
{
	struct sf_token id = talk_token();

	return talk_pull(talk, caller, &id, 1);
}

static enum sf_err close_chat(
	struct talk *talk, const struct sf_participant *caller)
{
	return talk_end(talk, caller);
}

static enum sf_err begin_poll(
	struct talk *talk, const struct sf_participant *caller)
{
	struct sf_token id = talk_token();

	return talk_poll(talk, caller, &id);
}

static enum sf_err join_as_new_user(
	struct talk *talk, const struct sf_participant *caller)
{
	struct sf_token user = talk_token();

	(void)caller;
	return talk_join(talk, &user);
}

/* Every verb, and its result for an expired and for a forgotten chat. */
static const struct {
	enum sf_err (*run)(
		struct talk *talk, const struct sf_participant *caller);
	enum sf_err when_expired;
	enum sf_err when_forgotten;
} verbs[] = {
	{ view_chat, SF_OK, SF_ERR_UNAUTHORIZED },
	{ push_text, SF_ERR_CLOSED, SF_ERR_UNAUTHORIZED },
	{ pull_unknown_id, SF_OK, SF_ERR_UNAUTHORIZED },
	{ close_chat, SF_OK, SF_ERR_UNAUTHORIZED },
	{ begin_poll, SF_OK, SF_ERR_UNAUTHORIZED },
	{ join_as_new_user, SF_ERR_NOT_FOUND, SF_ERR_NOT_FOUND },
};
#define VERBS (sizeof(verbs) / sizeof(*verbs))

static void assert_refused_everywhere(
	struct talk *talk, const struct sf_participant *stranger)
{
	for (size_t i = 0; i < VERBS; i++)
		if (verbs[i].run != join_as_new_user)
			assert_refused(talk, verbs[i].run(talk, stranger),
				SF_ERR_UNAUTHORIZED);
}

static void every_verb_refuses_a_stranger(void **state)
{
	struct talk *talk = *state;
	struct sf_participant stranger = talk->creator;

	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	stranger.user = talk_token();
	assert_refused_everywhere(talk, &stranger);
	stranger = talk->creator;
	stranger.chat = talk_token();
	assert_refused_everywhere(talk, &stranger);
}

static void every_verb_refuses_a_participant_of_another_chat(void **state)
{
	struct talk *talk = *state;
	struct sf_participant mixed = talk->creator;

	talk_begin_ready(talk);
	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	mixed.chat = talk->creator.chat;
	assert_refused_everywhere(talk, &mixed);
}

static void a_chat_is_open_until_its_lifetime_ends(void **state)
{
	struct talk *talk = *state;

	assert_ok(talk_say(talk, &talk->creator, "old"));
	talk->now_ms += talk->lifetime_ms - 1;
	assert_sees(talk, joiner, "ready old");
	assert_ok(talk_say(talk, &talk->joiner, "answer"));
}

static void every_verb_closes_an_expired_chat(void **state)
{
	struct talk *talk = *state;

	for (size_t i = 0; i < VERBS; i++) {
		talk_begin_ready(talk);
		assert_ok(talk_say(talk, &talk->creator, "undelivered"));
		talk->now_ms += talk->lifetime_ms;
		assert_int_equal(verbs[i].run(talk, &talk->creator),
			verbs[i].when_expired);
		/* The store has closed the chat, not only this verb. */
		talk->now_ms -= talk->lifetime_ms;
		assert_sees(talk, creator, "closed [closed_automatically]");
		assert_sees(talk, joiner, "closed [closed_automatically]");
	}
}

static void an_expired_draft_refuses_a_join(void **state)
{
	struct talk *talk = *state;

	talk->now_ms += talk->lifetime_ms;
	assert_int_equal(join_as_new_user(talk, NULL), SF_ERR_NOT_FOUND);
	assert_sees(talk, creator, "closed [closed_automatically]");
	assert_ok(talk_acknowledge(talk, &talk->creator));
	assert_gone(talk);
}

static void an_expired_chat_is_closed_only_once(void **state)
{
	struct talk *talk = *state;
	char *first;
	char *second;

	talk->now_ms += talk->lifetime_ms;
	first = talk_snapshot(talk);
	second = talk_snapshot(talk);
	assert_string_equal(first, second);
	free(first);
	free(second);
	assert_refused(talk, talk_end(talk, &talk->joiner), SF_OK);
	assert_refused(
		talk, talk_say(talk, &talk->joiner, "late"), SF_ERR_CLOSED);
}

static void a_closed_chat_stays_until_its_grace_ends(void **state)
{
	struct talk *talk = *state;

	assert_ok(talk_say(talk, &talk->creator, "undelivered"));
	assert_ok(talk_end(talk, &talk->creator));
	talk->now_ms += talk->lifetime_ms + SF_CHAT_GRACE_MS - 1;
	assert_sees(talk, joiner, "closed undelivered [closed_by_talker]");
}

static void every_verb_removes_a_chat_after_its_grace(void **state)
{
	struct talk *talk = *state;

	for (size_t i = 0; i < 2 * VERBS; i++) {
		talk_begin_ready(talk);
		assert_ok(talk_say(talk, &talk->creator, "undelivered"));
		if (i >= VERBS)
			assert_ok(talk_end(talk, &talk->creator));
		talk->now_ms += talk->lifetime_ms + SF_CHAT_GRACE_MS;
		assert_int_equal(verbs[i % VERBS].run(talk, &talk->creator),
			verbs[i % VERBS].when_forgotten);
		assert_gone(talk);
	}
}

/* Otherwise the poll would think that a newer poll has replaced it. */
static void an_expired_chat_records_a_poll(void **state)
{
	struct talk *talk = *state;
	struct sf_token id = talk_token();
	struct sf_chat seen;

	talk->now_ms += talk->lifetime_ms;
	assert_ok(talk_poll(talk, &talk->creator, &id));
	seen = talk_view(talk, &talk->creator);
	assert_true(sf_chat_has_poll(&seen, &id));
	sf_chat_release(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ready(every_verb_refuses_a_stranger),
		with_ready(every_verb_refuses_a_participant_of_another_chat),
		with_ready(a_chat_is_open_until_its_lifetime_ends),
		with_ready(every_verb_closes_an_expired_chat),
		with_draft(an_expired_draft_refuses_a_join),
		with_ready(an_expired_chat_is_closed_only_once),
		with_ready(an_expired_chat_records_a_poll),
		with_ready(a_closed_chat_stays_until_its_grace_ends),
		with_ready(every_verb_removes_a_chat_after_its_grace),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
