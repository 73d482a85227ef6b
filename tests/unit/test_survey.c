/* SPDX-License-Identifier: BSD-3-Clause */
/* What a survey counts of a chat. */
#include "support.h"
#include "base/mem.h"
#include "model/survey.h"

#define MADE 1000000
#define SINCE 2000000

/* Appends a message to `receiver`. */
static void append_message(struct sf_chat *chat, size_t receiver)
{
	struct sf_message message = { .receiver = chat->users[receiver],
		.text = sf_strdup("Hi") };

	sf_token_generate(&message.id);
	sf_chat_append(chat, &message);
}

static struct sf_chat make_draft(int64_t created_ms)
{
	struct sf_chat chat;

	sf_chat_init(&chat, created_ms);
	return chat;
}

static struct sf_chat make_ready(int64_t created_ms)
{
	struct sf_chat chat = make_draft(created_ms);
	struct sf_token joiner;

	sf_token_generate(&joiner);
	assert_int_equal(sf_chat_join(&chat, &joiner, created_ms), SF_OK);
	return chat;
}

static void add_and_release(struct sf_survey *survey, struct sf_chat *chat)
{
	sf_survey_add(survey, chat, SINCE);
	sf_chat_release(chat);
}

static void chats_are_counted_by_status(void **state)
{
	struct sf_survey survey = { .done = false };
	struct sf_chat closed = make_ready(MADE);
	struct sf_chat ready = make_ready(MADE);
	struct sf_chat first = make_draft(MADE);
	struct sf_chat second = make_draft(MADE);

	(void)state;
	sf_chat_close(&closed, &closed.users[0]);
	add_and_release(&survey, &closed);
	add_and_release(&survey, &ready);
	add_and_release(&survey, &first);
	add_and_release(&survey, &second);
	assert_int_equal(survey.chats[SF_STATUS_DRAFT], 2);
	assert_int_equal(survey.chats[SF_STATUS_READY], 1);
	assert_int_equal(survey.chats[SF_STATUS_CLOSED], 1);
}

static void people_with_a_recent_sign_of_life_are_counted(void **state)
{
	struct sf_survey survey = { .done = false };
	struct sf_chat early = make_ready(SINCE - 1);
	struct sf_chat late = make_ready(SINCE);
	struct sf_chat closed = make_ready(SINCE);

	(void)state;
	add_and_release(&survey, &early);
	assert_int_equal(survey.people, 0);
	add_and_release(&survey, &late);
	assert_int_equal(survey.people, 2);
	sf_chat_close(&closed, &closed.users[0]);
	add_and_release(&survey, &closed);
	assert_int_equal(survey.people, 2);
}

static void the_oldest_chats_are_found(void **state)
{
	struct sf_survey survey = { .done = false };
	struct sf_chat waiting = make_draft(MADE + 2);
	struct sf_chat newer = make_ready(MADE + 3);
	struct sf_chat empty = make_draft(MADE);

	(void)state;
	assert_int_equal(survey.oldest_ms, 0);
	add_and_release(&survey, &newer);
	assert_int_equal(survey.oldest_ms, MADE + 3);
	add_and_release(&survey, &waiting);
	/* A chat whose message was acknowledged. */
	sf_chat_pull(&empty, &empty.users[0],
		&(struct sf_ids){
			.items = { empty.messages[0].id }, .count = 1 });
	assert_int_equal(empty.message_count, 0);
	add_and_release(&survey, &empty);
	assert_int_equal(survey.oldest_ms, MADE);
	assert_int_equal(survey.oldest_waiting_ms, MADE + 2);
}

static void waiting_messages_are_counted(void **state)
{
	struct sf_survey survey = { .done = false };
	struct sf_chat chat = make_draft(MADE);

	(void)state;
	append_message(&chat, 0);
	append_message(&chat, 0);
	add_and_release(&survey, &chat);
	/* The first one told the creator the code. */
	assert_int_equal(survey.messages, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chats_are_counted_by_status),
		cmocka_unit_test(people_with_a_recent_sign_of_life_are_counted),
		cmocka_unit_test(the_oldest_chats_are_found),
		cmocka_unit_test(waiting_messages_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
