/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of store.h, continued: what holds at every verb alike. Nobody
 * but its participants gets at a chat, and its lifetime ends it.
 */
#include "talk.h"

static enum sf_err do_view(struct talk *talk, const struct sf_participant *who)
{
	struct sf_chat seen;
	enum sf_err err = sf_store_view(talk->store, talk->now_ms, who, &seen);

	if (!err)
		sf_chat_release(&seen);
	return err;
}

static enum sf_err do_push(struct talk *talk, const struct sf_participant *who)
{
	return talk_say(talk, who, "text");
}

static enum sf_err do_pull(struct talk *talk, const struct sf_participant *who)
{
	struct sf_token id = talk_token();

	return talk_pull(talk, who, &id, 1);
}

static enum sf_err do_close(struct talk *talk, const struct sf_participant *who)
{
	return talk_end(talk, who);
}

static enum sf_err do_begin_poll(
	struct talk *talk, const struct sf_participant *who)
{
	struct sf_token id = talk_token();

	return talk_poll(talk, who, &id);
}

static enum sf_err do_join(struct talk *talk, const struct sf_participant *who)
{
	struct sf_token user = talk_token();

	(void)who;
	return talk_join(talk, &user);
}

/* Every verb on a chat, and what it says when that chat is over or gone. */
static const struct {
	enum sf_err (*run)(struct talk *talk, const struct sf_participant *who);
	enum sf_err when_expired;
	enum sf_err when_forgotten;
} verbs[] = {
	{ do_view, SF_OK, SF_ERR_UNAUTHORIZED },
	{ do_push, SF_ERR_CLOSED, SF_ERR_UNAUTHORIZED },
	{ do_pull, SF_OK, SF_ERR_UNAUTHORIZED },
	{ do_close, SF_OK, SF_ERR_UNAUTHORIZED },
	{ do_begin_poll, SF_OK, SF_ERR_UNAUTHORIZED },
	{ do_join, SF_ERR_NOT_FOUND, SF_ERR_NOT_FOUND },
};
#define VERBS (sizeof(verbs) / sizeof(*verbs))

static void refuse_everything(
	struct talk *talk, const struct sf_participant *stranger)
{
	for (size_t i = 0; i < VERBS; i++)
		if (verbs[i].run != do_join)
			assert_refused(talk, verbs[i].run(talk, stranger),
				SF_ERR_UNAUTHORIZED);
}

static void every_verb_refuses_a_stranger(void **state)
{
	struct talk *talk = *state;
	struct sf_participant stranger = talk->creator;

	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	stranger.user = talk_token();
	refuse_everything(talk, &stranger);
	stranger = talk->creator;
	stranger.chat = talk_token();
	refuse_everything(talk, &stranger);
}

static void every_verb_refuses_somebody_of_another_chat(void **state)
{
	struct talk *talk = *state;
	struct sf_participant mixed = talk->creator;

	talk_begin_ready(talk);
	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	mixed.chat = talk->creator.chat;
	refuse_everything(talk, &mixed);
}

static void a_chat_lives_for_its_lifetime(void **state)
{
	struct talk *talk = *state;

	assert_ok(talk_say(talk, &talk->creator, "old"));
	talk->now_ms += talk->lifetime_ms - 1;
	assert_sees(talk, joiner, "ready old");
	assert_ok(talk_say(talk, &talk->joiner, "answer"));
}

static void every_verb_closes_a_chat_over_its_lifetime(void **state)
{
	struct talk *talk = *state;

	for (size_t i = 0; i < VERBS; i++) {
		talk_begin_ready(talk);
		assert_ok(talk_say(talk, &talk->creator, "undelivered"));
		talk->now_ms += talk->lifetime_ms;
		assert_int_equal(verbs[i].run(talk, &talk->creator),
			verbs[i].when_expired);
		/* It is closed in the store, and not for this verb alone. */
		talk->now_ms -= talk->lifetime_ms;
		assert_sees(talk, creator, "closed [closed_automatically]");
		assert_sees(talk, joiner, "closed [closed_automatically]");
	}
}

static void a_draft_over_its_lifetime_lets_nobody_in(void **state)
{
	struct talk *talk = *state;

	talk->now_ms += talk->lifetime_ms;
	assert_int_equal(do_join(talk, NULL), SF_ERR_NOT_FOUND);
	assert_sees(talk, creator, "closed [closed_automatically]");
	assert_ok(talk_acknowledge(talk, &talk->creator));
	assert_gone(talk);
}

static void an_expired_chat_says_so_once(void **state)
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

static void a_closed_chat_is_there_until_its_grace_is_over(void **state)
{
	struct talk *talk = *state;

	assert_ok(talk_say(talk, &talk->creator, "undelivered"));
	assert_ok(talk_end(talk, &talk->creator));
	talk->now_ms += talk->lifetime_ms + SF_CHAT_GRACE_MS - 1;
	assert_sees(talk, joiner, "closed undelivered [closed_by_talker]");
}

static void every_verb_forgets_a_chat_after_its_grace(void **state)
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

/* Or the one who polls would take it for replaced, and hear of nothing. */
static void an_expired_chat_takes_a_poll(void **state)
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
		with_ready(every_verb_refuses_somebody_of_another_chat),
		with_ready(a_chat_lives_for_its_lifetime),
		with_ready(every_verb_closes_a_chat_over_its_lifetime),
		with_draft(a_draft_over_its_lifetime_lets_nobody_in),
		with_ready(an_expired_chat_says_so_once),
		with_ready(an_expired_chat_takes_a_poll),
		with_ready(a_closed_chat_is_there_until_its_grace_is_over),
		with_ready(every_verb_forgets_a_chat_after_its_grace),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
