/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sweep of a database that also holds malformed documents.
 * test_store_sweep.c tests the sweep of every store.
 */
#include "store/mongodb/mongodb.h"
#include "talk.h"

/* More documents than a sweep reads in one batch. */
#define DAMAGED (SF_STORE_SWEEP_MAX + 2)

/*
 * Inserts malformed documents that a sweep must look at: status and date are
 * those of an overdue chat. They are older than all chats.
 */
static void insert_damaged(const struct talk *talk)
{
	struct sf_mongodb *mongodb;

	assert_ok(sf_mongodb_open(talk->config.store, "chats", &mongodb));
	sf_mongodb_allow_long_commands(mongodb);
	sf_mongodb_start_deadline(mongodb);
	for (int i = 0; i < DAMAGED; i++) {
		bson_t *chat = BCON_NEW("status", BCON_UTF8("ready"),
			"user_tokens", "[", BCON_UTF8("x"), "]", "created",
			BCON_DATE_TIME(1 + i));

		assert_ok(sf_mongodb_insert(mongodb, chat));
		bson_destroy(chat);
	}
	sf_mongodb_free(mongodb);
}

static void remove_damaged(const struct talk *talk)
{
	bson_t *filter = BCON_NEW("user_tokens", BCON_UTF8("x"));
	struct sf_mongodb *mongodb;
	int removed = 0;

	assert_ok(sf_mongodb_open(talk->config.store, "chats", &mongodb));
	sf_mongodb_allow_long_commands(mongodb);
	sf_mongodb_start_deadline(mongodb);
	while (sf_mongodb_remove(mongodb, filter) == SF_OK)
		removed++;
	assert_int_equal(removed, DAMAGED);
	sf_mongodb_free(mongodb);
	bson_destroy(filter);
}

static struct sf_sweep sweep_all(struct talk *talk)
{
	struct sf_sweep swept = { .done = false };

	for (int calls = 0; !swept.done; calls++) {
		assert_in_range(calls, 0, 100);
		assert_ok(sf_store_sweep(talk->store, talk->now_ms, &swept));
	}
	return swept;
}

static void malformed_documents_do_not_hide_chats_from_a_sweep(void **state)
{
	struct talk *talk = *state;
	struct sf_sweep swept;

	/* Remove the chats that other tests have left in this database. */
	talk->now_ms += talk->lifetime_ms + SF_CHAT_GRACE_MS;
	(void)sweep_all(talk);
	talk->now_ms -= talk->lifetime_ms + SF_CHAT_GRACE_MS;
	talk_begin_ready(talk);
	insert_damaged(talk);
	talk->now_ms += talk->lifetime_ms;
	swept = sweep_all(talk);
	assert_int_equal(swept.closed, 1);
	assert_int_equal(swept.unreadable, DAMAGED);
	assert_sees(talk, creator, "closed [closed_automatically]");
	swept = sweep_all(talk);
	assert_int_equal(swept.closed + swept.removed, 0);
	assert_int_equal(swept.unreadable, DAMAGED);
	remove_damaged(talk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ready(malformed_documents_do_not_hide_chats_from_a_sweep),
	};

	return cmocka_run_group_tests(
		tests, support_make_sandbox, support_remove_sandbox);
}
