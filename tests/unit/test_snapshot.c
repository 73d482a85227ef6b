/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A snapshot without a server: the filter that the snapshot makes from a
 * document, and the messages that a rule has added. The contract in
 * test_store*.c tests snapshots with a server.
 */
#include "support.h"

#include "model/chat_bson.h"
#include "base/mem.h"
#include "store/mongodb/snapshot.h"

/* Makes the snapshot of a chat with two participants. */
static int make_snapshot(void **state)
{
	const struct sf_token joiner = { { 7 } };
	struct sf_snapshot *snapshot = *state = sf_alloc(sizeof(*snapshot));
	struct sf_chat chat;
	uint8_t *data;
	size_t size;

	*snapshot =
		(struct sf_snapshot){ .now_ms = 1000, .lifetime_ms = 60000 };
	sf_chat_init(&chat, snapshot->now_ms);
	assert_int_equal(sf_chat_join(&chat, &joiner, snapshot->now_ms), SF_OK);
	data = sf_chat_bson_encode(&chat, &size);
	assert_int_equal(
		sf_snapshot_take(snapshot, bson_new_from_data(data, size)),
		SF_OK);
	free(data);
	sf_chat_release(&chat);
	return 0;
}

static int free_snapshot(void **state)
{
	sf_snapshot_release(*state);
	free(*state);
	return 0;
}

#define with_snapshot(test)                                                    \
	cmocka_unit_test_setup_teardown(test, make_snapshot, free_snapshot)

static void a_snapshot_has_the_chat_that_was_found(void **state)
{
	const struct sf_snapshot *snapshot = *state;

	assert_int_equal(snapshot->chat.status, SF_STATUS_READY);
	assert_int_equal(snapshot->chat.user_count, 2);
	assert_int_equal(snapshot->found_messages, 3);
}

static void the_filter_matches_the_chat_as_it_was_found(void **state)
{
	struct sf_snapshot *snapshot = *state;
	const struct sf_chat *chat = &snapshot->chat;
	bson_t *expected = BCON_NEW("_id", SF_BCON_TOKEN(&chat->id), "status",
		BCON_UTF8("ready"), "user_tokens", "[",
		SF_BCON_TOKEN(&chat->users[0]), SF_BCON_TOKEN(&chat->users[1]),
		"]");
	bson_t *filter;

	sf_chat_close(&snapshot->chat, &snapshot->chat.users[0]);
	filter = sf_snapshot_filter(snapshot);
	assert_true(bson_equal(filter, expected));
	bson_destroy(filter);
	bson_destroy(expected);
}

static int count_added(const struct sf_snapshot *snapshot)
{
	bson_t *added = sf_snapshot_added_messages(snapshot);
	bson_iter_t iter, item;
	int count = 0;

	assert_true(bson_iter_init_find(&iter, added, "$each") &&
		    bson_iter_recurse(&iter, &item));
	while (bson_iter_next(&item))
		count++;
	bson_destroy(added);
	return count;
}

static void only_messages_that_a_rule_appended_are_added(void **state)
{
	struct sf_snapshot *snapshot = *state;

	assert_int_equal(count_added(snapshot), 0);
	sf_chat_close(&snapshot->chat, &snapshot->chat.users[1]);
	assert_int_equal(count_added(snapshot), 2);
}

static void a_malformed_document_is_refused(void **state)
{
	struct sf_snapshot *snapshot = *state;

	assert_int_equal(
		sf_snapshot_take(snapshot, BCON_NEW("_id", BCON_INT32(1))),
		SF_ERR_INTERNAL);
	assert_int_equal(snapshot->chat.user_count, 0);
	assert_int_equal(snapshot->found_messages, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_snapshot(a_snapshot_has_the_chat_that_was_found),
		with_snapshot(the_filter_matches_the_chat_as_it_was_found),
		with_snapshot(only_messages_that_a_rule_appended_are_added),
		with_snapshot(a_malformed_document_is_refused),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
