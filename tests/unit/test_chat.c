/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of a chat's life, without a store. The contract in test_store*.c
 * shows that a store keeps the rules.
 */
#include "model/chat.h"
#include "base/mem.h"
#include "support.h"

#define NOW_MS 1700000000000
#define LIFETIME_MS 86400000

struct pair {
	struct sf_chat chat;
	struct sf_token creator;
	struct sf_token joiner;
};

static struct sf_token make_token(void)
{
	struct sf_token token;

	sf_token_generate(&token);
	return token;
}

static int make_chat(void **state)
{
	struct pair *pair = malloc(sizeof(*pair));

	assert_non_null(pair);
	sf_chat_init(&pair->chat, NOW_MS);
	pair->creator = pair->chat.users[0];
	pair->joiner = make_token();
	*state = pair;
	return 0;
}

static int make_ready(void **state)
{
	struct pair *pair;

	(void)make_chat(state);
	pair = *state;
	assert_int_equal(
		sf_chat_join(&pair->chat, &pair->joiner, NOW_MS), SF_OK);
	return 0;
}

static int free_chat(void **state)
{
	struct pair *pair = *state;

	sf_chat_release(&pair->chat);
	free(pair);
	return 0;
}

static enum sf_err push_texts(struct pair *pair, const struct sf_token *sender,
	const struct sf_token *id, size_t count)
{
	static char text[] = "text";
	struct sf_messages messages = { .count = count };

	for (size_t i = 0; i < count; i++)
		messages.items[i] = (struct sf_message){
			.id = id ? *id : make_token(),
			.chosen_id = id != NULL,
			.text = text,
		};
	return sf_chat_push(&pair->chat, sender, &messages);
}

static void pull_one(struct pair *pair, const struct sf_token *receiver,
	const struct sf_token *id)
{
	struct sf_ids ids = { { *id }, 1 };

	sf_chat_pull(&pair->chat, receiver, &ids);
}

static void statuses_have_names(void **state)
{
	static const char *const names[] = { "draft", "ready", "closed" };
	enum sf_status status;

	(void)state;
	for (int i = 0; i < SF_STATUS__MAX; i++) {
		assert_string_equal(
			sf_status_name((enum sf_status)i), names[i]);
		assert_int_equal(sf_status_parse(names[i], &status), SF_OK);
		assert_int_equal(status, i);
	}
	assert_int_equal(sf_status_parse("", &status), SF_ERR_INVALID);
	assert_int_equal(sf_status_parse("Ready", &status), SF_ERR_INVALID);
}

static void a_new_chat_has_tokens_of_its_own(void **state)
{
	struct pair *pair = *state;
	struct sf_chat other;

	sf_chat_init(&other, NOW_MS);
	assert_false(sf_token_equal(&other.id, &pair->chat.id));
	assert_false(sf_token_equal(&other.users[0], &pair->creator));
	assert_false(sf_token_equal(&other.id, &other.users[0]));
	sf_chat_release(&other);
	assert_int_equal(pair->chat.created_ms, NOW_MS);
	assert_int_equal(pair->chat.message_count, 1);
}

static void append_keeps_messages_in_order(void **state)
{
	struct pair *pair = *state;

	for (int i = 0; i < 200; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "%d", i);
		sf_chat_append(&pair->chat,
			&(struct sf_message){ .text = sf_strdup(text) });
	}
	assert_int_equal(pair->chat.message_count, 201);
	for (int i = 0; i < 200; i++)
		assert_int_equal(
			strtol(pair->chat.messages[i + 1].text, NULL, 10), i);
}

static void release_leaves_an_empty_chat(void **state)
{
	struct pair *pair = *state;

	sf_chat_release(&pair->chat);
	assert_int_equal(pair->chat.message_count, 0);
	assert_null(pair->chat.messages);
	sf_chat_release(&pair->chat);
}

static void a_chat_knows_its_users_and_the_other_one(void **state)
{
	struct pair *pair = *state;
	struct sf_token stranger = make_token();
	struct sf_token other = sf_chat_other(&pair->chat, &pair->creator);

	assert_true(sf_token_equal(&other, &pair->joiner));
	other = sf_chat_other(&pair->chat, &pair->joiner);
	assert_true(sf_token_equal(&other, &pair->creator));
	assert_true(sf_chat_has_user(&pair->chat, &pair->creator));
	assert_true(sf_chat_has_user(&pair->chat, &pair->joiner));
	assert_false(sf_chat_has_user(&pair->chat, &stranger));
	pair->chat.user_count = 1;
	other = sf_chat_other(&pair->chat, &pair->creator);
	assert_true(sf_token_equal(&other, &pair->creator));
	assert_false(sf_chat_has_user(&pair->chat, &pair->joiner));
}

static void a_narrowed_chat_has_one_users_messages(void **state)
{
	struct pair *pair = *state;
	struct sf_token stranger = make_token();

	assert_int_equal(push_texts(pair, &pair->creator, NULL, 2), SF_OK);
	assert_int_equal(push_texts(pair, &pair->joiner, NULL, 1), SF_OK);
	sf_chat_narrow(&pair->chat, &pair->joiner);
	/* The server's message that the chat is ready, and two messages. */
	assert_int_equal(pair->chat.message_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(sf_token_equal(
			&pair->chat.messages[i].receiver, &pair->joiner));
	assert_int_equal(pair->chat.user_count, 2);
	sf_chat_narrow(&pair->chat, &stranger);
	assert_int_equal(pair->chat.message_count, 0);
}

static void join_changes_nothing_when_refused(void **state)
{
	struct pair *pair = *state;
	struct sf_chat before = pair->chat;
	struct sf_token third = make_token();

	assert_int_equal(
		sf_chat_join(&pair->chat, &third, NOW_MS + 1), SF_ERR_CONFLICT);
	assert_memory_equal(&pair->chat, &before, sizeof(before));
	sf_chat_close(&pair->chat, &pair->creator);
	before = pair->chat;
	assert_int_equal(sf_chat_join(&pair->chat, &third, NOW_MS + 1),
		SF_ERR_NOT_FOUND);
	assert_memory_equal(&pair->chat, &before, sizeof(before));
}

static void push_changes_nothing_when_refused(void **state)
{
	struct pair *pair = *state;
	struct sf_chat before;

	for (int i = 0; i < SF_CHAT_WAITING_MAX - 2; i++)
		assert_int_equal(
			push_texts(pair, &pair->creator, NULL, 1), SF_OK);
	/* The server's message to the joiner waits too. */
	before = pair->chat;
	assert_int_equal(
		push_texts(pair, &pair->creator, NULL, 2), SF_ERR_TOO_MANY);
	assert_memory_equal(&pair->chat, &before, sizeof(before));
	assert_int_equal(push_texts(pair, &pair->creator, NULL, 1), SF_OK);
	sf_chat_close(&pair->chat, &pair->joiner);
	before = pair->chat;
	assert_int_equal(
		push_texts(pair, &pair->creator, NULL, 1), SF_ERR_CLOSED);
	assert_memory_equal(&pair->chat, &before, sizeof(before));
}

static void push_copies_the_text(void **state)
{
	struct pair *pair = *state;
	char text[] = "text";
	struct sf_messages messages = {
		{ { .id = make_token(), .text = text } }, 1
	};
	const struct sf_message *last;

	assert_int_equal(
		sf_chat_push(&pair->chat, &pair->creator, &messages), SF_OK);
	last = &pair->chat.messages[pair->chat.message_count - 1];
	text[0] = 'n';
	assert_string_equal(last->text, "text");
	assert_true(sf_token_equal(&last->receiver, &pair->joiner));
}

static void push_remembers_the_latest_chosen_ids(void **state)
{
	struct pair *pair = *state;
	struct sf_token ids[SF_CHAT_SENT_MAX + 1];
	size_t count;

	for (size_t i = 0; i <= SF_CHAT_SENT_MAX; i++) {
		ids[i] = make_token();
		assert_int_equal(
			push_texts(pair, &pair->creator, &ids[i], 1), SF_OK);
		pull_one(pair, &pair->joiner, &ids[i]);
	}
	count = pair->chat.message_count;
	for (size_t i = SF_CHAT_SENT_MAX; i > 0; i--)
		assert_int_equal(
			push_texts(pair, &pair->creator, &ids[i], 1), SF_OK);
	assert_int_equal(pair->chat.message_count, count);
	/* The chat has forgotten the first id. */
	assert_int_equal(push_texts(pair, &pair->creator, &ids[0], 1), SF_OK);
	assert_int_equal(pair->chat.message_count, count + 1);
}

/* Pushes as many messages as the chat remembers, and pulls each at once. */
static void push_and_pull_many(struct pair *pair, const struct sf_token *sender,
	const struct sf_token *receiver)
{
	for (int i = 0; i < SF_CHAT_SENT_MAX; i++) {
		struct sf_token id = make_token();

		assert_int_equal(push_texts(pair, sender, &id, 1), SF_OK);
		pull_one(pair, receiver, &id);
	}
}

static void push_remembers_the_ids_of_each_sender_separately(void **state)
{
	struct pair *pair = *state;
	struct sf_token id = make_token();
	size_t count;

	assert_int_equal(push_texts(pair, &pair->creator, &id, 1), SF_OK);
	pull_one(pair, &pair->joiner, &id);
	count = pair->chat.message_count;
	/* The partner may choose the same id. */
	assert_int_equal(push_texts(pair, &pair->joiner, &id, 1), SF_OK);
	assert_int_equal(pair->chat.message_count, count + 1);
	push_and_pull_many(pair, &pair->joiner, &pair->creator);
	count = pair->chat.message_count;
	assert_int_equal(push_texts(pair, &pair->creator, &id, 1), SF_OK);
	assert_int_equal(pair->chat.message_count, count);
}

static void push_knows_the_id_of_a_waiting_message(void **state)
{
	struct pair *pair = *state;
	struct sf_token oldest = make_token();
	size_t count;

	assert_int_equal(push_texts(pair, &pair->creator, &oldest, 1), SF_OK);
	push_and_pull_many(pair, &pair->creator, &pair->joiner);
	count = pair->chat.message_count;
	assert_int_equal(push_texts(pair, &pair->creator, &oldest, 1), SF_OK);
	assert_int_equal(pair->chat.message_count, count);
}

static void an_id_that_no_client_chose_is_not_remembered(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(push_texts(pair, &pair->creator, NULL, 2), SF_OK);
	assert_int_equal(pair->chat.sent[0].count, 0);
}

static void a_second_close_changes_nothing(void **state)
{
	struct pair *pair = *state;
	size_t count = pair->chat.message_count;

	sf_chat_close(&pair->chat, &pair->creator);
	assert_int_equal(pair->chat.message_count, count + 2);
	sf_chat_close(&pair->chat, &pair->joiner);
	assert_int_equal(pair->chat.message_count, count + 2);
	assert_int_equal(
		pair->chat.messages[count].event, SF_EVENT_CLOSED_BY_YOU);
	assert_true(sf_token_equal(
		&pair->chat.messages[count].receiver, &pair->creator));
}

static const struct sf_patience patience = { 20000, 10000, 6000 };

static void a_poll_is_a_sign_of_life(void **state)
{
	struct pair *pair = *state;
	struct sf_poll poll = { make_token(), pair->creator, NOW_MS + 5, 0 };

	assert_int_equal(sf_chat_last_sign(&pair->chat, &pair->creator), 0);
	assert_false(sf_chat_has_poll(&pair->chat, &poll.id));
	sf_chat_begin_poll(&pair->chat, &poll, &patience);
	assert_true(sf_chat_has_poll(&pair->chat, &poll.id));
	assert_int_equal(
		sf_chat_last_sign(&pair->chat, &pair->creator), NOW_MS + 5);
	assert_int_equal(sf_chat_last_sign(&pair->chat, &pair->joiner), 0);
	/* However often a user polls, the chat keeps one poll. */
	for (int i = 0; i < 3 * SF_CHAT_POLLS_MAX; i++) {
		poll.id = make_token();
		sf_chat_begin_poll(&pair->chat, &poll, &patience);
	}
	assert_int_equal(pair->chat.poll_count, 1);
}

/* The programs leave no such chat behind, but a store may hold one. */
static void a_chat_full_of_polls_takes_one_more(void **state)
{
	struct pair *pair = *state;
	struct sf_poll poll = { make_token(), pair->creator, NOW_MS, 0 };

	for (int i = 0; i < SF_CHAT_POLLS_MAX; i++)
		pair->chat.polls[i] = (struct sf_poll){ make_token(),
			make_token(), NOW_MS, 0 };
	pair->chat.poll_count = SF_CHAT_POLLS_MAX;
	sf_chat_begin_poll(&pair->chat, &poll, &patience);
	assert_int_equal(pair->chat.poll_count, SF_CHAT_POLLS_MAX);
	assert_true(sf_chat_has_poll(&pair->chat, &poll.id));
}

static void a_chat_expires_at_the_end_of_its_lifetime(void **state)
{
	struct pair *pair = *state;
	int64_t end_ms = NOW_MS + LIFETIME_MS;

	assert_false(sf_chat_is_due(&pair->chat, end_ms - 1, LIFETIME_MS));
	assert_true(sf_chat_is_due(&pair->chat, end_ms, LIFETIME_MS));
	assert_false(sf_chat_expire(&pair->chat, end_ms - 1, LIFETIME_MS));
	assert_int_equal(pair->chat.status, SF_STATUS_READY);
	assert_true(sf_chat_expire(&pair->chat, end_ms, LIFETIME_MS));
	assert_int_equal(pair->chat.status, SF_STATUS_CLOSED);
	assert_int_equal(pair->chat.message_count, 2);
	assert_false(sf_chat_expire(&pair->chat, end_ms, LIFETIME_MS));
	assert_false(sf_chat_is_due(&pair->chat, end_ms, LIFETIME_MS));
}

static void a_chat_is_forgotten_at_the_end_of_its_grace(void **state)
{
	struct pair *pair = *state;
	int64_t end_ms = NOW_MS + LIFETIME_MS + SF_CHAT_GRACE_MS;

	assert_false(
		sf_chat_is_removable(&pair->chat, end_ms - 1, LIFETIME_MS));
	assert_true(sf_chat_is_removable(&pair->chat, end_ms, LIFETIME_MS));
	sf_chat_close(&pair->chat, &pair->creator);
	assert_false(sf_chat_is_due(&pair->chat, end_ms - 1, LIFETIME_MS));
	assert_true(sf_chat_is_due(&pair->chat, end_ms, LIFETIME_MS));
	assert_false(
		sf_chat_is_removable(&pair->chat, end_ms - 1, LIFETIME_MS));
	assert_true(sf_chat_is_removable(&pair->chat, end_ms, LIFETIME_MS));
}

static void a_closed_and_empty_chat_is_forgotten(void **state)
{
	struct pair *pair = *state;

	sf_chat_release(&pair->chat);
	assert_false(sf_chat_is_removable(&pair->chat, NOW_MS, LIFETIME_MS));
	pair->chat.status = SF_STATUS_CLOSED;
	assert_true(sf_chat_is_removable(&pair->chat, NOW_MS, LIFETIME_MS));
}

#define draft(test) cmocka_unit_test_setup_teardown(test, make_chat, free_chat)
#define ready(test) cmocka_unit_test_setup_teardown(test, make_ready, free_chat)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_have_names),
		draft(a_new_chat_has_tokens_of_its_own),
		draft(append_keeps_messages_in_order),
		draft(release_leaves_an_empty_chat),
		ready(a_chat_knows_its_users_and_the_other_one),
		ready(a_narrowed_chat_has_one_users_messages),
		ready(join_changes_nothing_when_refused),
		ready(push_changes_nothing_when_refused),
		ready(push_copies_the_text),
		ready(push_remembers_the_latest_chosen_ids),
		ready(push_remembers_the_ids_of_each_sender_separately),
		ready(push_knows_the_id_of_a_waiting_message),
		ready(an_id_that_no_client_chose_is_not_remembered),
		ready(a_second_close_changes_nothing),
		draft(a_poll_is_a_sign_of_life),
		draft(a_chat_full_of_polls_takes_one_more),
		ready(a_chat_expires_at_the_end_of_its_lifetime),
		ready(a_chat_is_forgotten_at_the_end_of_its_grace),
		ready(a_closed_and_empty_chat_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
