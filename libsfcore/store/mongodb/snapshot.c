/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds a chat in MongoDB, and changes it if it is still as it was found. */
#include "store/mongodb/snapshot.h"

#include "model/chat_bson.h"
#include "base/log.h"

void sf_snapshot_release(struct sf_snapshot *snapshot)
{
	bson_destroy(snapshot->found);
	snapshot->found = NULL;
	sf_chat_release(&snapshot->chat);
}

enum sf_err sf_snapshot_take(struct sf_snapshot *snapshot, bson_t *found)
{
	enum sf_err err;

	sf_snapshot_release(snapshot);
	snapshot->found = found;
	err = sf_chat_bson_decode(
		bson_get_data(found), found->len, &snapshot->chat);
	snapshot->found_messages = snapshot->chat.message_count;
	if (err)
		sf_log("store: a document is not a chat");
	return err;
}

static enum sf_err find_chat(
	struct sf_snapshot *snapshot, const struct sf_token *chat_token)
{
	bson_t *filter = BCON_NEW("_id", SF_BCON_TOKEN(chat_token));
	struct sf_mongodb_query query = { .filter = filter, .limit = 1 };
	bson_t *found;
	size_t count;
	enum sf_err err =
		sf_mongodb_find(snapshot->mongodb, &query, &found, &count);

	bson_destroy(filter);
	if (!err && count == 0)
		return SF_ERR_NOT_FOUND;
	return err ? err : sf_snapshot_take(snapshot, found);
}

enum sf_err sf_snapshot_find(
	struct sf_snapshot *snapshot, const struct sf_token *chat_token)
{
	enum sf_err err = find_chat(snapshot, chat_token);

	while (!err && sf_chat_is_due(&snapshot->chat, snapshot->now_ms,
			       snapshot->lifetime_ms)) {
		err = sf_snapshot_settle(snapshot);
		if (!err || err == SF_ERR_NOT_FOUND)
			err = find_chat(snapshot, chat_token);
	}
	return err;
}

enum sf_err sf_snapshot_find_as(
	struct sf_snapshot *snapshot, const struct sf_participant *caller)
{
	enum sf_err err = sf_snapshot_find(snapshot, &caller->chat);

	if (err == SF_ERR_NOT_FOUND)
		return SF_ERR_UNAUTHORIZED;
	if (!err && !sf_chat_has_user(&snapshot->chat, &caller->user))
		return SF_ERR_UNAUTHORIZED;
	return err;
}

bson_t *sf_snapshot_filter(const struct sf_snapshot *snapshot)
{
	static const char *const members[] = { "_id", "status", "user_tokens" };
	bson_t *filter = bson_new();
	bson_iter_t iter;

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (bson_iter_init_find(&iter, snapshot->found, members[i]))
			(void)bson_append_iter(filter, members[i], -1, &iter);
	return filter;
}

bson_t *sf_snapshot_added_messages(const struct sf_snapshot *snapshot)
{
	const struct sf_chat *chat = &snapshot->chat;
	bson_t *list = bson_new();

	sf_chat_bson_append_messages(list, "$each",
		chat->messages + snapshot->found_messages,
		chat->message_count - snapshot->found_messages);
	return list;
}

bson_t *sf_snapshot_outline(void)
{
	bson_t *fields =
		BCON_NEW("messages", "{", "$slice", BCON_INT32(1), "}");

	for (size_t i = 0; i < SF_CHAT_USERS_MAX; i++)
		BSON_APPEND_INT32(fields, sf_chat_bson_sent_name(i), 0);
	return fields;
}

enum sf_err sf_snapshot_change(
	struct sf_snapshot *snapshot, bson_t *filter, bson_t *update)
{
	bson_t *fields = sf_snapshot_outline();
	struct sf_mongodb_change change = { filter, update, fields };
	bson_t *found;
	enum sf_err err = sf_mongodb_change(snapshot->mongodb, &change, &found);

	bson_destroy(fields);
	bson_destroy(update);
	bson_destroy(filter);
	return err ? err : sf_snapshot_take(snapshot, found);
}

static enum sf_err expire_chat(struct sf_snapshot *snapshot)
{
	struct sf_chat *chat = &snapshot->chat;
	bson_t *filter = sf_snapshot_filter(snapshot);
	bson_t *set = bson_new();
	bson_t *update;

	sf_chat_expire(chat, snapshot->now_ms, snapshot->lifetime_ms);
	BSON_APPEND_UTF8(set, "status", sf_status_name(chat->status));
	sf_chat_bson_append_messages(
		set, "messages", chat->messages, chat->message_count);
	update = BCON_NEW("$set", BCON_DOCUMENT(set));
	bson_destroy(set);
	return sf_snapshot_change(snapshot, filter, update);
}

static enum sf_err remove_chat(struct sf_snapshot *snapshot)
{
	/*
	 * A closed chat never opens again and gets no new messages, and its age
	 * only grows. So a chat that may be removed stays so, and the filter
	 * needs no more than this.
	 */
	bson_t *filter = sf_snapshot_filter(snapshot);
	enum sf_err err = sf_mongodb_remove(snapshot->mongodb, filter);

	bson_destroy(filter);
	return err;
}

enum sf_err sf_snapshot_settle(struct sf_snapshot *snapshot)
{
	return sf_chat_is_removable(
		       &snapshot->chat, snapshot->now_ms, snapshot->lifetime_ms)
		       ? remove_chat(snapshot)
		       : expire_chat(snapshot);
}
