/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of a chat's life on a document alone; that a store keeps them, the
 * contract in test_store*.c shows.
 */
#include "model/chat.h"
#include "support.h"

#define NOW_MS 1700000000000
#define LIFETIME_MS 86400000

struct pair {
	struct sf_chat chat;
	struct sf_token creator;
	struct sf_token joiner;
};

static struct sf_token fresh(void)
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
	pair->joiner = fresh();
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

static enum sf_err say(struct pair *pair, const struct sf_token *from,
	const struct sf_token *id, size_t count)
{
	struct sf_messages messages = { .count = count };

	for (size_t i = 0; i < count; i++)
		messages.items[i] = (struct sf_message){
			.id = id ? *id : fresh(),
			.chosen_id = id != NULL,
			.text = (char[]){ "text" },
		};
	return sf_chat_push(&pair->chat, from, &messages);
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

static void a_new_chat_has_tokens_nobody_else_has(void **state)
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

static void append_keeps_all_in_order(void **state)
{
	struct pair *pair = *state;

	for (int i = 0; i < 200; i++) {
		struct sf_message message = { .id = fresh() };
		char text[16];

		(void)snprintf(text, sizeof(text), "%d", i);
		sf_message_copy(&message, &(struct sf_message){ .text = text });
		sf_chat_append(&pair->chat, &message);
	}
	assert_int_equal(pair->chat.message_count, 201);
	for (int i = 0; i < 200; i++)
		assert_int_equal(
			strtol(pair->chat.messages[i + 1].text, NULL, 10), i);
}

static void release_leaves_an_empty_document(void **state)
{
	struct pair *pair = *state;

	sf_chat_release(&pair->chat);
	assert_int_equal(pair->chat.message_count, 0);
	assert_null(pair->chat.messages);
	sf_chat_release(&pair->chat);
}

static void users_are_known(void **state)
{
	struct pair *pair = *state;
	struct sf_token stranger = fresh();
	struct sf_token partner = sf_chat_partner(&pair->chat, &pair->creator);

	assert_true(sf_token_equal(&partner, &pair->joiner));
	assert_true(sf_chat_has_user(&pair->chat, &pair->creator));
	assert_true(sf_chat_has_user(&pair->chat, &pair->joiner));
	assert_false(sf_chat_has_user(&pair->chat, &stranger));
	assert_ptr_equal(sf_chat_other(&pair->chat, &pair->creator),
		&pair->chat.users[1]);
	assert_ptr_equal(sf_chat_other(&pair->chat, &pair->joiner),
		&pair->chat.users[0]);
	pair->chat.user_count = 1;
	assert_null(sf_chat_other(&pair->chat, &pair->creator));
	partner = sf_chat_partner(&pair->chat, &pair->creator);
	assert_true(sf_token_equal(&partner, &pair->creator));
	assert_false(sf_chat_has_user(&pair->chat, &pair->joiner));
}

static void a_narrowed_chat_has_one_users_messages(void **state)
{
	struct pair *pair = *state;
	struct sf_token stranger = fresh();

	assert_int_equal(say(pair, &pair->creator, NULL, 2), SF_OK);
	assert_int_equal(say(pair, &pair->joiner, NULL, 1), SF_OK);
	sf_chat_narrow(&pair->chat, &pair->joiner);
	/* The server's message that the chat is ready, and the two. */
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
	struct sf_token third = fresh();

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
		assert_int_equal(say(pair, &pair->creator, NULL, 1), SF_OK);
	/* The server's message to the joiner waits too. */
	before = pair->chat;
	assert_int_equal(say(pair, &pair->creator, NULL, 2), SF_ERR_TOO_MANY);
	assert_memory_equal(&pair->chat, &before, sizeof(before));
	assert_int_equal(say(pair, &pair->creator, NULL, 1), SF_OK);
	sf_chat_close(&pair->chat, &pair->joiner);
	before = pair->chat;
	assert_int_equal(say(pair, &pair->creator, NULL, 1), SF_ERR_CLOSED);
	assert_memory_equal(&pair->chat, &before, sizeof(before));
}

static void push_copies_the_text(void **state)
{
	struct pair *pair = *state;
	char text[] = "text";
	struct sf_messages messages = { { { .id = fresh(), .text = text } },
		1 };
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
		ids[i] = fresh();
		assert_int_equal(say(pair, &pair->creator, &ids[i], 1), SF_OK);
		pull_one(pair, &pair->joiner, &ids[i]);
	}
	count = pair->chat.message_count;
	for (size_t i = SF_CHAT_SENT_MAX; i > 0; i--)
		assert_int_equal(say(pair, &pair->creator, &ids[i], 1), SF_OK);
	assert_int_equal(pair->chat.message_count, count);
	/* The first of them had to go. */
	assert_int_equal(say(pair, &pair->creator, &ids[0], 1), SF_OK);
	assert_int_equal(pair->chat.message_count, count + 1);
}

/* As many as are remembered, each received at once. */
static void say_many(struct pair *pair, const struct sf_token *from,
	const struct sf_token *to)
{
	for (int i = 0; i < SF_CHAT_SENT_MAX; i++) {
		struct sf_token id = fresh();

		assert_int_equal(say(pair, from, &id, 1), SF_OK);
		pull_one(pair, to, &id);
	}
}

static void push_remembers_for_each_on_its_own(void **state)
{
	struct pair *pair = *state;
	struct sf_token id = fresh();
	size_t count;

	assert_int_equal(say(pair, &pair->creator, &id, 1), SF_OK);
	pull_one(pair, &pair->joiner, &id);
	count = pair->chat.message_count;
	/* The other may choose the same. */
	assert_int_equal(say(pair, &pair->joiner, &id, 1), SF_OK);
	assert_int_equal(pair->chat.message_count, count + 1);
	say_many(pair, &pair->joiner, &pair->creator);
	count = pair->chat.message_count;
	assert_int_equal(say(pair, &pair->creator, &id, 1), SF_OK);
	assert_int_equal(pair->chat.message_count, count);
}

static void push_knows_what_waits(void **state)
{
	struct pair *pair = *state;
	struct sf_token oldest = fresh();
	size_t count;

	assert_int_equal(say(pair, &pair->creator, &oldest, 1), SF_OK);
	say_many(pair, &pair->creator, &pair->joiner);
	count = pair->chat.message_count;
	assert_int_equal(say(pair, &pair->creator, &oldest, 1), SF_OK);
	assert_int_equal(pair->chat.message_count, count);
}

static void an_id_that_nobody_chose_is_not_remembered(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(say(pair, &pair->creator, NULL, 2), SF_OK);
	assert_int_equal(pair->chat.sent[0].count, 0);
}

static void close_happens_once(void **state)
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

static void polls_are_signs_of_life(void **state)
{
	struct pair *pair = *state;
	struct sf_poll poll = { fresh(), pair->creator, NOW_MS + 5 };

	assert_int_equal(sf_chat_last_sign(&pair->chat, &pair->creator), 0);
	assert_false(sf_chat_has_poll(&pair->chat, &poll.id));
	sf_chat_begin_poll(&pair->chat, &poll);
	assert_true(sf_chat_has_poll(&pair->chat, &poll.id));
	assert_int_equal(
		sf_chat_last_sign(&pair->chat, &pair->creator), NOW_MS + 5);
	assert_int_equal(sf_chat_last_sign(&pair->chat, &pair->joiner), 0);
	/* However often a user polls, one poll is kept. */
	for (int i = 0; i < 3 * SF_CHAT_POLLS_MAX; i++) {
		poll.id = fresh();
		sf_chat_begin_poll(&pair->chat, &poll);
	}
	assert_int_equal(pair->chat.poll_count, 1);
}

/* As no program of ours leaves it behind, but a store may hold it. */
static void a_chat_full_of_polls_takes_one_more(void **state)
{
	struct pair *pair = *state;
	struct sf_poll poll = { fresh(), pair->creator, NOW_MS };

	for (int i = 0; i < SF_CHAT_POLLS_MAX; i++)
		pair->chat.polls[i] =
			(struct sf_poll){ fresh(), fresh(), NOW_MS };
	pair->chat.poll_count = SF_CHAT_POLLS_MAX;
	sf_chat_begin_poll(&pair->chat, &poll);
	assert_int_equal(pair->chat.poll_count, SF_CHAT_POLLS_MAX);
	assert_true(sf_chat_has_poll(&pair->chat, &poll.id));
}

static void time_is_up_at_the_lifetime(void **state)
{
	struct pair *pair = *state;
	int64_t end_ms = NOW_MS + LIFETIME_MS;

	assert_false(sf_chat_is_overdue(&pair->chat, end_ms - 1, LIFETIME_MS));
	assert_true(sf_chat_is_overdue(&pair->chat, end_ms, LIFETIME_MS));
	assert_false(sf_chat_expire(&pair->chat, end_ms - 1, LIFETIME_MS));
	assert_int_equal(pair->chat.status, SF_STATUS_READY);
	assert_true(sf_chat_expire(&pair->chat, end_ms, LIFETIME_MS));
	assert_int_equal(pair->chat.status, SF_STATUS_CLOSED);
	assert_int_equal(pair->chat.message_count, 2);
	assert_false(sf_chat_expire(&pair->chat, end_ms, LIFETIME_MS));
	assert_false(sf_chat_is_overdue(&pair->chat, end_ms, LIFETIME_MS));
}

static void nothing_is_kept_beyond_the_grace(void **state)
{
	struct pair *pair = *state;
	int64_t end_ms = NOW_MS + LIFETIME_MS + SF_CHAT_GRACE_MS;

	assert_false(
		sf_chat_is_forgotten(&pair->chat, end_ms - 1, LIFETIME_MS));
	assert_true(sf_chat_is_forgotten(&pair->chat, end_ms, LIFETIME_MS));
	sf_chat_close(&pair->chat, &pair->creator);
	assert_false(sf_chat_is_overdue(&pair->chat, end_ms - 1, LIFETIME_MS));
	assert_true(sf_chat_is_overdue(&pair->chat, end_ms, LIFETIME_MS));
	assert_false(
		sf_chat_is_forgotten(&pair->chat, end_ms - 1, LIFETIME_MS));
	assert_true(sf_chat_is_forgotten(&pair->chat, end_ms, LIFETIME_MS));
}

static void a_closed_and_empty_chat_is_forgotten(void **state)
{
	struct pair *pair = *state;

	sf_chat_release(&pair->chat);
	assert_false(sf_chat_is_forgotten(&pair->chat, NOW_MS, LIFETIME_MS));
	pair->chat.status = SF_STATUS_CLOSED;
	assert_true(sf_chat_is_forgotten(&pair->chat, NOW_MS, LIFETIME_MS));
}

#define draft(test) cmocka_unit_test_setup_teardown(test, make_chat, free_chat)
#define ready(test) cmocka_unit_test_setup_teardown(test, make_ready, free_chat)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_have_names),
		draft(a_new_chat_has_tokens_nobody_else_has),
		draft(append_keeps_all_in_order),
		draft(release_leaves_an_empty_document),
		ready(users_are_known),
		ready(a_narrowed_chat_has_one_users_messages),
		ready(join_changes_nothing_when_refused),
		ready(push_changes_nothing_when_refused),
		ready(push_copies_the_text),
		ready(push_remembers_the_latest_chosen_ids),
		ready(push_remembers_for_each_on_its_own),
		ready(push_knows_what_waits),
		ready(an_id_that_nobody_chose_is_not_remembered),
		ready(close_happens_once),
		draft(polls_are_signs_of_life),
		draft(a_chat_full_of_polls_takes_one_more),
		ready(time_is_up_at_the_lifetime),
		ready(nothing_is_kept_beyond_the_grace),
		ready(a_closed_and_empty_chat_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
