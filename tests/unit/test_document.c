/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of a chat's life on a document alone; that a store keeps them, the
 * contract in test_store*.c shows.
 */
#include "model/document.h"
#include "support.h"

#define NOW_MS 1700000000000
#define LIFETIME_MS 86400000

struct chat {
	struct sf_document document;
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
	struct chat *chat = malloc(sizeof(*chat));

	assert_non_null(chat);
	sf_document_init(&chat->document, NOW_MS);
	chat->creator = chat->document.users[0];
	chat->joiner = fresh();
	*state = chat;
	return 0;
}

static int make_ready(void **state)
{
	struct chat *chat;

	(void)make_chat(state);
	chat = *state;
	assert_int_equal(
		sf_document_join(&chat->document, &chat->joiner, NOW_MS),
		SF_OK);
	return 0;
}

static int free_chat(void **state)
{
	struct chat *chat = *state;

	sf_document_release(&chat->document);
	free(chat);
	return 0;
}

static enum sf_err say(struct chat *chat, const struct sf_token *from,
	const struct sf_token *id, size_t count)
{
	struct sf_message messages[2] = { { .text = (char[]){ "text" } },
		{ .text = (char[]){ "text" } } };

	for (size_t i = 0; i < count; i++) {
		messages[i].id = id ? *id : fresh();
		messages[i].chosen_id = id != NULL;
	}
	return sf_document_push(&chat->document, from, messages, count);
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
	struct chat *chat = *state;
	struct sf_document other;

	sf_document_init(&other, NOW_MS);
	assert_false(sf_token_equal(&other.id, &chat->document.id));
	assert_false(sf_token_equal(&other.users[0], &chat->creator));
	assert_false(sf_token_equal(&other.id, &other.users[0]));
	sf_document_release(&other);
	assert_int_equal(chat->document.created_ms, NOW_MS);
	assert_int_equal(chat->document.message_count, 1);
}

static void append_keeps_all_in_order(void **state)
{
	struct chat *chat = *state;

	for (int i = 0; i < 200; i++) {
		struct sf_message message = { .id = fresh() };
		char text[16];

		(void)snprintf(text, sizeof(text), "%d", i);
		sf_message_copy(&message, &(struct sf_message){ .text = text });
		sf_document_append(&chat->document, &message);
	}
	assert_int_equal(chat->document.message_count, 201);
	for (int i = 0; i < 200; i++)
		assert_int_equal(
			strtol(chat->document.messages[i + 1].text, NULL, 10),
			i);
}

static void release_leaves_an_empty_document(void **state)
{
	struct chat *chat = *state;

	sf_document_release(&chat->document);
	assert_int_equal(chat->document.message_count, 0);
	assert_null(chat->document.messages);
	sf_document_release(&chat->document);
}

static void users_are_known(void **state)
{
	struct chat *chat = *state;
	struct sf_token stranger = fresh();

	assert_true(sf_document_has_user(&chat->document, &chat->creator));
	assert_true(sf_document_has_user(&chat->document, &chat->joiner));
	assert_false(sf_document_has_user(&chat->document, &stranger));
	assert_ptr_equal(sf_document_other(&chat->document, &chat->creator),
		&chat->document.users[1]);
	assert_ptr_equal(sf_document_other(&chat->document, &chat->joiner),
		&chat->document.users[0]);
	chat->document.user_count = 1;
	assert_null(sf_document_other(&chat->document, &chat->creator));
	assert_false(sf_document_has_user(&chat->document, &chat->joiner));
}

static void join_changes_nothing_when_refused(void **state)
{
	struct chat *chat = *state;
	struct sf_document before = chat->document;
	struct sf_token third = fresh();

	assert_int_equal(sf_document_join(&chat->document, &third, NOW_MS + 1),
		SF_ERR_CONFLICT);
	assert_memory_equal(&chat->document, &before, sizeof(before));
	sf_document_close(&chat->document, &chat->creator);
	before = chat->document;
	assert_int_equal(sf_document_join(&chat->document, &third, NOW_MS + 1),
		SF_ERR_NOT_FOUND);
	assert_memory_equal(&chat->document, &before, sizeof(before));
}

static void push_changes_nothing_when_refused(void **state)
{
	struct chat *chat = *state;
	struct sf_document before;

	for (int i = 0; i < SF_DOCUMENT_WAITING_MAX - 2; i++)
		assert_int_equal(say(chat, &chat->creator, NULL, 1), SF_OK);
	/* What the server told the joiner waits too. */
	before = chat->document;
	assert_int_equal(say(chat, &chat->creator, NULL, 2), SF_ERR_TOO_MANY);
	assert_memory_equal(&chat->document, &before, sizeof(before));
	assert_int_equal(say(chat, &chat->creator, NULL, 1), SF_OK);
	sf_document_close(&chat->document, &chat->joiner);
	before = chat->document;
	assert_int_equal(say(chat, &chat->creator, NULL, 1), SF_ERR_CLOSED);
	assert_memory_equal(&chat->document, &before, sizeof(before));
}

static void push_copies_the_text(void **state)
{
	struct chat *chat = *state;
	char text[] = "text";
	struct sf_message message = { .id = fresh(), .text = text };
	const struct sf_message *last;

	assert_int_equal(
		sf_document_push(&chat->document, &chat->creator, &message, 1),
		SF_OK);
	last = &chat->document.messages[chat->document.message_count - 1];
	text[0] = 'n';
	assert_string_equal(last->text, "text");
	assert_true(sf_token_equal(&last->to, &chat->joiner));
}

static void push_remembers_the_latest_chosen_ids(void **state)
{
	struct chat *chat = *state;
	struct sf_token ids[SF_DOCUMENT_SENT_MAX + 1];
	size_t count;

	for (size_t i = 0; i <= SF_DOCUMENT_SENT_MAX; i++) {
		ids[i] = fresh();
		assert_int_equal(say(chat, &chat->creator, &ids[i], 1), SF_OK);
		sf_document_pull(&chat->document, &chat->joiner, &ids[i], 1);
	}
	count = chat->document.message_count;
	for (size_t i = SF_DOCUMENT_SENT_MAX; i > 0; i--)
		assert_int_equal(say(chat, &chat->creator, &ids[i], 1), SF_OK);
	assert_int_equal(chat->document.message_count, count);
	/* The first of them had to go. */
	assert_int_equal(say(chat, &chat->creator, &ids[0], 1), SF_OK);
	assert_int_equal(chat->document.message_count, count + 1);
}

/* As many as are remembered, each received at once. */
static void say_many(struct chat *chat, const struct sf_token *from,
	const struct sf_token *to)
{
	for (int i = 0; i < SF_DOCUMENT_SENT_MAX; i++) {
		struct sf_token id = fresh();

		assert_int_equal(say(chat, from, &id, 1), SF_OK);
		sf_document_pull(&chat->document, to, &id, 1);
	}
}

static void push_remembers_for_each_on_its_own(void **state)
{
	struct chat *chat = *state;
	struct sf_token id = fresh();
	size_t count;

	assert_int_equal(say(chat, &chat->creator, &id, 1), SF_OK);
	sf_document_pull(&chat->document, &chat->joiner, &id, 1);
	count = chat->document.message_count;
	/* The other may choose the same. */
	assert_int_equal(say(chat, &chat->joiner, &id, 1), SF_OK);
	assert_int_equal(chat->document.message_count, count + 1);
	say_many(chat, &chat->joiner, &chat->creator);
	count = chat->document.message_count;
	assert_int_equal(say(chat, &chat->creator, &id, 1), SF_OK);
	assert_int_equal(chat->document.message_count, count);
}

static void push_knows_what_waits(void **state)
{
	struct chat *chat = *state;
	struct sf_token oldest = fresh();
	size_t count;

	assert_int_equal(say(chat, &chat->creator, &oldest, 1), SF_OK);
	say_many(chat, &chat->creator, &chat->joiner);
	count = chat->document.message_count;
	assert_int_equal(say(chat, &chat->creator, &oldest, 1), SF_OK);
	assert_int_equal(chat->document.message_count, count);
}

static void an_id_that_nobody_chose_is_not_remembered(void **state)
{
	struct chat *chat = *state;

	assert_int_equal(say(chat, &chat->creator, NULL, 2), SF_OK);
	assert_int_equal(chat->document.sent[0].count, 0);
}

static void close_happens_once(void **state)
{
	struct chat *chat = *state;
	size_t count = chat->document.message_count;

	sf_document_close(&chat->document, &chat->creator);
	assert_int_equal(chat->document.message_count, count + 2);
	sf_document_close(&chat->document, &chat->joiner);
	assert_int_equal(chat->document.message_count, count + 2);
	assert_int_equal(
		chat->document.messages[count].event, SF_EVENT_CLOSED_BY_YOU);
	assert_true(sf_token_equal(
		&chat->document.messages[count].to, &chat->creator));
}

static void polls_are_signs_of_life(void **state)
{
	struct chat *chat = *state;
	struct sf_poll poll = { fresh(), chat->creator, NOW_MS + 5 };

	assert_int_equal(
		sf_document_last_sign(&chat->document, &chat->creator), 0);
	assert_false(sf_document_has_poll(&chat->document, &poll.id));
	sf_document_begin_poll(&chat->document, &poll);
	assert_true(sf_document_has_poll(&chat->document, &poll.id));
	assert_int_equal(sf_document_last_sign(&chat->document, &chat->creator),
		NOW_MS + 5);
	assert_int_equal(
		sf_document_last_sign(&chat->document, &chat->joiner), 0);
	/* Whoever polls for a day still has one poll. */
	for (int i = 0; i < 3 * SF_DOCUMENT_POLLS_MAX; i++) {
		poll.id = fresh();
		sf_document_begin_poll(&chat->document, &poll);
	}
	assert_int_equal(chat->document.poll_count, 1);
}

/* As no program of ours leaves it behind, but a store may hold it. */
static void a_chat_full_of_polls_takes_one_more(void **state)
{
	struct chat *chat = *state;
	struct sf_poll poll = { fresh(), chat->creator, NOW_MS };

	for (int i = 0; i < SF_DOCUMENT_POLLS_MAX; i++)
		chat->document.polls[i] =
			(struct sf_poll){ fresh(), fresh(), NOW_MS };
	chat->document.poll_count = SF_DOCUMENT_POLLS_MAX;
	sf_document_begin_poll(&chat->document, &poll);
	assert_int_equal(chat->document.poll_count, SF_DOCUMENT_POLLS_MAX);
	assert_true(sf_document_has_poll(&chat->document, &poll.id));
}

static void time_is_up_at_the_lifetime(void **state)
{
	struct chat *chat = *state;
	int64_t end_ms = NOW_MS + LIFETIME_MS;

	assert_false(sf_document_is_overdue(
		&chat->document, end_ms - 1, LIFETIME_MS));
	assert_true(
		sf_document_is_overdue(&chat->document, end_ms, LIFETIME_MS));
	assert_false(
		sf_document_expire(&chat->document, end_ms - 1, LIFETIME_MS));
	assert_int_equal(chat->document.status, SF_STATUS_READY);
	assert_true(sf_document_expire(&chat->document, end_ms, LIFETIME_MS));
	assert_int_equal(chat->document.status, SF_STATUS_CLOSED);
	assert_int_equal(chat->document.message_count, 2);
	assert_false(sf_document_expire(&chat->document, end_ms, LIFETIME_MS));
	assert_false(
		sf_document_is_overdue(&chat->document, end_ms, LIFETIME_MS));
}

static void nothing_is_kept_beyond_the_grace(void **state)
{
	struct chat *chat = *state;
	int64_t end_ms = NOW_MS + LIFETIME_MS + SF_DOCUMENT_GRACE_MS;

	assert_false(sf_document_is_forgotten(
		&chat->document, end_ms - 1, LIFETIME_MS));
	assert_true(
		sf_document_is_forgotten(&chat->document, end_ms, LIFETIME_MS));
	sf_document_close(&chat->document, &chat->creator);
	assert_false(sf_document_is_overdue(
		&chat->document, end_ms - 1, LIFETIME_MS));
	assert_true(
		sf_document_is_overdue(&chat->document, end_ms, LIFETIME_MS));
	assert_false(sf_document_is_forgotten(
		&chat->document, end_ms - 1, LIFETIME_MS));
	assert_true(
		sf_document_is_forgotten(&chat->document, end_ms, LIFETIME_MS));
}

static void a_closed_and_empty_chat_is_forgotten(void **state)
{
	struct chat *chat = *state;

	sf_document_release(&chat->document);
	assert_false(
		sf_document_is_forgotten(&chat->document, NOW_MS, LIFETIME_MS));
	chat->document.status = SF_STATUS_CLOSED;
	assert_true(
		sf_document_is_forgotten(&chat->document, NOW_MS, LIFETIME_MS));
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
