/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The survey of all chats, in the order of their tokens. The server's own tools
 * tell how much room is left.
 */
#include "store/mongodb/store_mongodb.h"

#include "model/chat_bson.h"

/* A batch of chats that are full of messages is a few megabytes. */
#define BATCH 64

static enum sf_err find_batch(const struct sf_store *store,
	const struct sf_survey *survey, bson_t **out, size_t *count)
{
	bson_t *filter =
		BCON_NEW("_id", "{", "$gt", SF_BCON_TOKEN(&survey->last), "}");
	bson_t *order = BCON_NEW("_id", BCON_INT32(1));
	struct sf_mongodb_query query = {
		.filter = filter, .order = order, .limit = BATCH
	};
	enum sf_err err;

	sf_mongodb_start_deadline(store->mongodb);
	err = sf_mongodb_find(store->mongodb, &query, out, count);
	bson_destroy(order);
	bson_destroy(filter);
	return err;
}

/* Always succeeds: the filter of find_batch() matches ObjectIds alone. */
static bool read_id(const bson_t *found, struct sf_token *out)
{
	bson_iter_t iter;

	if (!bson_iter_init_find(&iter, found, "_id") ||
		!BSON_ITER_HOLDS_OID(&iter))
		return false;
	memcpy(out->bytes, bson_iter_oid(&iter)->bytes, SF_TOKEN_SIZE);
	return true;
}

static void add_document(
	const bson_t *found, int64_t since_ms, struct sf_survey *survey)
{
	struct sf_chat chat;

	if (!read_id(found, &survey->last) ||
		sf_chat_bson_decode(bson_get_data(found), found->len, &chat)) {
		survey->unreadable++;
		return;
	}
	sf_survey_add(survey, &chat, since_ms);
	sf_chat_release(&chat);
}

enum sf_err sf_store_survey(
	struct sf_store *store, int64_t since_ms, struct sf_survey *survey)
{
	bson_t *found[BATCH];
	size_t count;
	enum sf_err err = find_batch(store, survey, found, &count);

	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		add_document(found[i], since_ms, survey);
		bson_destroy(found[i]);
	}
	survey->done = count < BATCH;
	return SF_OK;
}
