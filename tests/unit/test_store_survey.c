/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of store.h, continued: the survey of all chats. The store may
 * hold chats of other tests, so each test looks at what its own chats add.
 */
#include "talk.h"

/* More chats than a batch of any store. */
#define MANY 1100

static struct sf_survey survey_all(struct talk *talk, int64_t since_ms)
{
	struct sf_survey survey = { .done = false };

	while (!survey.done)
		assert_ok(sf_store_survey(talk->store, since_ms, &survey));
	return survey;
}

static void a_survey_counts_each_chat_once(void **state)
{
	struct talk *talk = *state;
	struct sf_survey before = survey_all(talk, INT64_MAX);
	struct sf_survey after;

	for (int i = 0; i < MANY; i++)
		talk_begin_draft(talk);
	after = survey_all(talk, INT64_MAX);
	assert_int_equal(after.chats[SF_STATUS_DRAFT],
		before.chats[SF_STATUS_DRAFT] + MANY);
	assert_int_equal(after.messages, before.messages + MANY);
	assert_int_equal(
		after.chats[SF_STATUS_READY], before.chats[SF_STATUS_READY]);
	assert_int_equal(after.people, 0);
	assert_int_equal(after.unreadable, before.unreadable);
}

static void a_survey_sees_messages_and_people(void **state)
{
	struct talk *talk = *state;
	struct sf_survey before = survey_all(talk, talk->now_ms);
	struct sf_survey after;

	talk_begin_ready(talk);
	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	assert_ok(talk_say(talk, &talk->joiner, "Hello"));
	after = survey_all(talk, talk->now_ms);
	assert_int_equal(after.messages, before.messages + 2);
	/* A join is a sign of life of both. */
	assert_true(after.people >= 2);
	assert_true(after.oldest_ms > 0);
	assert_true(after.oldest_ms <= after.oldest_waiting_ms);
	assert_true(after.oldest_waiting_ms <= talk->now_ms);
}

static void a_survey_changes_nothing(void **state)
{
	struct talk *talk = *state;
	char *before;
	char *after;

	assert_ok(talk_say(talk, &talk->creator, "Hi"));
	before = talk_snapshot(talk);
	(void)survey_all(talk, 0);
	after = talk_snapshot(talk);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

static void a_store_with_chats_is_found(void **state)
{
	struct talk *talk = *state;
	struct sf_store *found;

	assert_ok(sf_store_find(&talk->config, &found));
	sf_store_free(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_draft(a_survey_counts_each_chat_once),
		with_draft(a_survey_sees_messages_and_people),
		with_ready(a_survey_changes_nothing),
		with_draft(a_store_with_chats_is_found),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
