/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The store of a site that has outgrown one machine: MongoDB, one document per
 * chat in the collection `chats`. join, push and close read the chat and apply
 * their rule to it; pull and begin_poll need not. Then one command makes the
 * change, and its filter restates everything that the change relies on. If the
 * filter does not match, nothing changes; the verb then reads the chat, and
 * tries again or returns the reason.
 */
#include "store/mongodb/store_mongodb.h"

#include <malloc.h>

#include "model/chat_bson.h"
#include "base/die.h"
#include "base/mem.h"
#include "store/mongodb/mongodb_indexes.h"

#define COLLECTION "chats"

/* The last resort: MongoDB's TTL removes a chat a day after its lifetime. */
#define TTL_MARGIN_SECONDS 86400

/* One verb under way: its arguments, its result and its progress. */
struct verb {
	const struct sf_participant *caller;
	const struct sf_messages *messages; /* of push */
	const struct sf_ids *ids;           /* of pull */
	const struct sf_token *poll;        /* of begin_poll */
	const struct sf_patience *patience; /* of begin_poll */
	int64_t usual_ms;                   /* of give_up */
	struct sf_token *other; /* the result: the other participant */
	struct sf_snapshot snapshot;
	bool done; /* the command's filter matched, or no command is needed */
};

enum sf_err sf_store_check(
	const struct sf_config *config, struct sf_detail *detail)
{
	struct sf_mongodb *mongodb;

	if (sf_mongodb_open(config->store, COLLECTION, &mongodb) != SF_OK)
		return sf_detail_set(detail, SF_ERR_INVALID,
			"SFCHAT_STORE: a mongodb:// URI was expected, for "
			"this is a build with MongoDB");
	sf_mongodb_free(mongodb);
	return SF_OK;
}

enum sf_err sf_store_open(const struct sf_config *config, struct sf_store **out)
{
	struct sf_mongodb *mongodb;
	enum sf_err err = sf_mongodb_open(config->store, COLLECTION, &mongodb);

	if (err)
		return err;
	*out = sf_alloc(sizeof(**out));
	**out = (struct sf_store){
		.mongodb = mongodb,
		.lifetime_ms = config->chat_lifetime_seconds * 1000,
	};
	return SF_OK;
}

enum sf_err sf_store_find(const struct sf_config *config, struct sf_store **out)
{
	/* The server makes the collection with its first document. */
	return sf_store_open(config, out);
}

void sf_store_free(struct sf_store *store)
{
	if (!store)
		return;
	sf_mongodb_free(store->mongodb);
	free(store);
}

void sf_store_leave(struct sf_store *store)
{
	if (store)
		sf_mongodb_rest(store->mongodb);
}

void sf_store_rest(struct sf_store *store)
{
	sf_mongodb_rest(store->mongodb);
	(void)malloc_trim(0);
}

enum sf_err sf_store_prepare(struct sf_store *store)
{
	return sf_mongodb_make_indexes(store->mongodb, COLLECTION,
		store->lifetime_ms / 1000 + TTL_MARGIN_SECONDS);
}

enum sf_err sf_store_probe(struct sf_store *store)
{
	struct sf_token nobody;
	bson_t *filter;
	enum sf_err err;

	/* The primary alone removes. It has no document of this new token. */
	sf_token_generate(&nobody);
	filter = BCON_NEW("_id", SF_BCON_TOKEN(&nobody));
	sf_mongodb_start_deadline(store->mongodb);
	err = sf_mongodb_remove(store->mongodb, filter);
	bson_destroy(filter);
	return err == SF_ERR_NOT_FOUND ? SF_OK : err;
}

struct sf_snapshot sf_store_begin_snapshot(
	const struct sf_store *store, int64_t now_ms)
{
	sf_mongodb_start_deadline(store->mongodb);
	return (struct sf_snapshot){
		.mongodb = store->mongodb,
		.now_ms = now_ms,
		.lifetime_ms = store->lifetime_ms,
	};
}

/* Attempts the verb until it is done or refused. */
static enum sf_err run_verb(const struct sf_store *store, int64_t now_ms,
	struct verb *verb, enum sf_err (*attempt)(struct verb *verb))
{
	enum sf_err err;

	verb->snapshot = sf_store_begin_snapshot(store, now_ms);
	do
		err = attempt(verb);
	while (!err && !verb->done);
	sf_snapshot_release(&verb->snapshot);
	return err;
}

/* Runs the verb's command; `done` stays false if its filter does not match. */
static enum sf_err change_chat(
	struct verb *verb, bson_t *filter, bson_t *update)
{
	enum sf_err err = sf_snapshot_change(&verb->snapshot, filter, update);

	verb->done = err == SF_OK;
	return err == SF_ERR_NOT_FOUND ? SF_OK : err;
}

enum sf_err sf_store_insert(struct sf_store *store, const struct sf_chat *chat)
{
	enum sf_err err;
	uint8_t *data;
	size_t size;
	bson_t bson;

	data = sf_chat_bson_encode(chat, &size);
	if (!bson_init_static(&bson, data, size))
		sf_die("a new chat is not BSON");
	sf_mongodb_start_deadline(store->mongodb);
	err = sf_mongodb_insert(store->mongodb, &bson);
	free(data);
	return err;
}

enum sf_err sf_store_view(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *caller, struct sf_chat *out)
{
	struct sf_snapshot snapshot = sf_store_begin_snapshot(store, now_ms);
	enum sf_err err = sf_snapshot_find_as(&snapshot, caller);

	if (!err) {
		sf_chat_narrow(&snapshot.chat, &caller->user);
		*out = snapshot.chat;
		snapshot.chat = (struct sf_chat){ .message_count = 0 };
	}
	sf_snapshot_release(&snapshot);
	return err;
}

/* Matches the chat if its polls too are as found. */
static bson_t *match_polls(const struct verb *verb)
{
	bson_t *filter = sf_snapshot_filter(&verb->snapshot);
	bson_iter_t polls;

	if (bson_iter_init_find(&polls, verb->snapshot.found, "long_polling"))
		(void)bson_append_iter(filter, "long_polling", -1, &polls);
	return filter;
}

static enum sf_err try_join(struct verb *verb)
{
	const struct sf_participant *joiner = verb->caller;
	struct sf_chat *chat = &verb->snapshot.chat;
	enum sf_err err = sf_snapshot_find(&verb->snapshot, &joiner->chat);
	bson_t *filter, *set, *added, *update;

	if (!err) {
		*verb->other = chat->users[0];
		err = sf_chat_join(chat, &joiner->user, verb->snapshot.now_ms);
	}
	verb->done =
		!err && chat->message_count == verb->snapshot.found_messages;
	if (err || verb->done)
		return err;
	filter = match_polls(verb);
	set = BCON_NEW("status", BCON_UTF8(sf_status_name(chat->status)));
	sf_chat_bson_append_polls(
		set, "long_polling", chat->polls, chat->poll_count);
	added = sf_snapshot_added_messages(&verb->snapshot);
	update = BCON_NEW("$set", BCON_DOCUMENT(set), "$push", "{",
		"user_tokens", SF_BCON_TOKEN(&joiner->user), "messages",
		BCON_DOCUMENT(added), "}");
	bson_destroy(added);
	bson_destroy(set);
	return change_chat(verb, filter, update);
}

enum sf_err sf_store_join(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *joiner, struct sf_token *creator)
{
	struct verb verb = { .caller = joiner, .other = creator };

	return run_verb(store, now_ms, &verb, try_join);
}

/* Counts the appended messages whose id the sender chose. */
static size_t count_chosen(const struct verb *verb)
{
	const struct sf_chat *chat = &verb->snapshot.chat;
	size_t count = 0;

	for (size_t i = verb->snapshot.found_messages; i < chat->message_count;
		i++)
		count += chat->messages[i].chosen_id;
	return count;
}

/* Requires that the new messages fit beside those that wait. */
static void require_room(const struct verb *verb, bson_t *filter)
{
	const size_t count = verb->snapshot.chat.message_count;
	const int room = SF_CHAT_WAITING_MAX -
			 (int)(count - verb->snapshot.found_messages);
	char next[32];

	(void)snprintf(next, sizeof(next), "messages.%d", room);
	/* If the messages to both users leave room, a cheaper test suffices. */
	if (verb->snapshot.found_messages <= (size_t)room)
		BCON_APPEND(
			filter, next, "{", "$exists", BCON_BOOL(false), "}");
	else
		BCON_APPEND(filter, "$expr", "{", "$lte", "[", "{", "$size",
			"{", "$filter", "{", "input", BCON_UTF8("$messages"),
			"cond", "{", "$eq", "[", BCON_UTF8("$$this.user_token"),
			SF_BCON_TOKEN(verb->other), "]", "}", "}", "}", "}",
			BCON_INT32(room), "]", "}");
}

/* The ids that the sender chose for the appended messages. */
struct chosen {
	const char *member; /* of the document, which remembers them */
	const struct sf_token *ids;
	size_t count;
};

/* Requires that none of these ids waits for the receiver or is remembered. */
static void require_unknown(const struct chosen *chosen,
	const struct sf_token *receiver, bson_t *filter)
{
	bson_t remembered = BSON_INITIALIZER;
	bson_t waiting = BSON_INITIALIZER;

	sf_chat_bson_append_tokens(
		&remembered, "$nin", chosen->ids, chosen->count);
	BSON_APPEND_DOCUMENT(filter, chosen->member, &remembered);
	sf_chat_bson_append_tokens(&waiting, "$in", chosen->ids, chosen->count);
	BCON_APPEND(filter, "messages", "{", "$not", "{", "$elemMatch", "{",
		"user_token", SF_BCON_TOKEN(receiver), "_id",
		BCON_DOCUMENT(&waiting), "}", "}", "}");
	bson_destroy(&waiting);
	bson_destroy(&remembered);
}

/* Stores the appended messages and remembers their ids, in one command. */
static enum sf_err push_added(struct verb *verb)
{
	const struct sf_chat *chat = &verb->snapshot.chat;
	const size_t index = sf_chat_index(chat, &verb->caller->user);
	const struct sf_sent *sent = &chat->sent[index];
	const size_t count = count_chosen(verb);
	const struct chosen chosen = { sf_chat_bson_sent_name(index),
		sent->ids + sent->count - count, count };
	bson_t remembered = BSON_INITIALIZER;
	bson_t *filter = sf_snapshot_filter(&verb->snapshot);
	bson_t *added = sf_snapshot_added_messages(&verb->snapshot);
	bson_t *update;

	require_unknown(&chosen, verb->other, filter);
	require_room(verb, filter);
	sf_chat_bson_append_tokens(&remembered, "$each", chosen.ids, count);
	BSON_APPEND_INT32(&remembered, "$slice", -SF_CHAT_SENT_MAX);
	update = BCON_NEW("$push", "{", "messages", BCON_DOCUMENT(added),
		chosen.member, BCON_DOCUMENT(&remembered), "}");
	bson_destroy(&remembered);
	bson_destroy(added);
	return change_chat(verb, filter, update);
}

static enum sf_err try_push(struct verb *verb)
{
	const struct sf_token *sender = &verb->caller->user;
	struct sf_chat *chat = &verb->snapshot.chat;
	enum sf_err err = sf_snapshot_find_as(&verb->snapshot, verb->caller);

	if (err)
		return err;
	*verb->other = sf_chat_other(chat, sender);
	err = sf_chat_push(chat, sender, verb->messages);
	if (err)
		return err;
	verb->done = chat->message_count == verb->snapshot.found_messages;
	return verb->done ? SF_OK : push_added(verb);
}

enum sf_err sf_store_push(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *sender, const struct sf_messages *messages,
	struct sf_token *receiver)
{
	struct verb verb = {
		.caller = sender, .messages = messages, .other = receiver
	};

	return run_verb(store, now_ms, &verb, try_push);
}

/*
 * The first attempt has read nothing, so it matches the caller's chat if that
 * is open and within its lifetime. A later attempt matches what was found.
 */
static bson_t *match_living(const struct verb *verb)
{
	const char *closed = sf_status_name(SF_STATUS_CLOSED);
	const int64_t since_ms =
		verb->snapshot.now_ms - verb->snapshot.lifetime_ms;

	if (verb->snapshot.found)
		return sf_snapshot_filter(&verb->snapshot);
	return BCON_NEW("_id", SF_BCON_TOKEN(&verb->caller->chat),
		"user_tokens", SF_BCON_TOKEN(&verb->caller->user), "status",
		"{", "$ne", BCON_UTF8(closed), "}", "created", "{", "$gt",
		BCON_DATE_TIME(since_ms), "}");
}

static enum sf_err try_pull(struct verb *verb)
{
	bson_t ids = BSON_INITIALIZER;
	bson_t *update;
	enum sf_err err;

	sf_chat_bson_append_tokens(
		&ids, "$in", verb->ids->items, verb->ids->count);
	update = BCON_NEW("$pull", "{", "messages", "{", "user_token",
		SF_BCON_TOKEN(&verb->caller->user), "_id", BCON_DOCUMENT(&ids),
		"}", "}");
	bson_destroy(&ids);
	err = change_chat(verb, match_living(verb), update);
	if (err)
		return err;
	if (!verb->done)
		return sf_snapshot_find_as(&verb->snapshot, verb->caller);
	if (sf_chat_is_removable(&verb->snapshot.chat, verb->snapshot.now_ms,
		    verb->snapshot.lifetime_ms))
		(void)!sf_snapshot_settle(&verb->snapshot);
	return SF_OK;
}

enum sf_err sf_store_pull(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *caller, const struct sf_ids *ids)
{
	struct verb verb = { .caller = caller, .ids = ids };

	return run_verb(store, now_ms, &verb, try_pull);
}

/* Stores that a rule has closed the chat. */
static enum sf_err store_closed(struct verb *verb, bson_t *filter)
{
	bson_t *added = sf_snapshot_added_messages(&verb->snapshot);
	bson_t *update = BCON_NEW("$set", "{", "status",
		BCON_UTF8(sf_status_name(SF_STATUS_CLOSED)), "}", "$push", "{",
		"messages", BCON_DOCUMENT(added), "}");

	bson_destroy(added);
	return change_chat(verb, filter, update);
}

static enum sf_err try_close(struct verb *verb)
{
	const struct sf_token *closer = &verb->caller->user;
	struct sf_chat *chat = &verb->snapshot.chat;
	enum sf_err err = sf_snapshot_find_as(&verb->snapshot, verb->caller);

	if (err)
		return err;
	*verb->other = sf_chat_other(chat, closer);
	verb->done = chat->status == SF_STATUS_CLOSED;
	if (verb->done)
		return SF_OK;
	sf_chat_close(chat, closer);
	return store_closed(verb, sf_snapshot_filter(&verb->snapshot));
}

enum sf_err sf_store_close(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *closer, struct sf_token *other)
{
	struct verb verb = { .caller = closer, .other = other };

	return run_verb(store, now_ms, &verb, try_close);
}

static enum sf_err try_give_up(struct verb *verb)
{
	struct sf_chat *chat = &verb->snapshot.chat;
	enum sf_err err = sf_snapshot_find_as(&verb->snapshot, verb->caller);

	if (err)
		return err;
	*verb->other = sf_chat_other(chat, &verb->caller->user);
	if (!sf_chat_is_absent(
		    chat, verb->other, verb->snapshot.now_ms, verb->usual_ms))
		return SF_ERR_CONFLICT;
	sf_chat_give_up(chat, verb->other);
	return store_closed(verb, match_polls(verb));
}

enum sf_err sf_store_give_up(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *caller, int64_t usual_ms,
	struct sf_token *other)
{
	struct verb verb = {
		.caller = caller, .usual_ms = usual_ms, .other = other
	};

	return run_verb(store, now_ms, &verb, try_give_up);
}

/* The poll as the rule stores it. */
static struct sf_poll make_poll(const struct verb *verb)
{
	const int64_t now_ms = verb->snapshot.now_ms;

	return (struct sf_poll){ *verb->poll, verb->caller->user, now_ms,
		now_ms + verb->patience->away_ms };
}

/*
 * Usually the caller was not cut off, which the filter requires: then the rule
 * concerns no other poll, and the chat need not be read before.
 */
static enum sf_err begin_poll_blindly(struct verb *verb)
{
	const struct sf_poll poll = make_poll(verb);
	bson_t *filter = match_living(verb);
	bson_t *update = BCON_NEW("0", "{", "$set", "{", "long_polling", "{",
		"$concatArrays", "[", "{", "$filter", "{", "input",
		BCON_UTF8("$long_polling"), "cond", "{", "$ne", "[",
		BCON_UTF8("$$this.user_token"), SF_BCON_TOKEN(&poll.user), "]",
		"}", "}", "}", "[", "{", "_id", SF_BCON_TOKEN(&poll.id),
		"user_token", SF_BCON_TOKEN(&poll.user), "created",
		BCON_DATE_TIME(poll.created_ms), "until",
		BCON_DATE_TIME(poll.until_ms), "}", "]", "]", "}", "}", "}");

	BCON_APPEND(filter, "long_polling", "{", "$elemMatch", "{",
		"user_token", SF_BCON_TOKEN(&poll.user), "created", "{", "$gte",
		BCON_DATE_TIME(poll.created_ms - verb->patience->gap_ms), "}",
		"}", "}");
	return change_chat(verb, filter, update);
}

static enum sf_err begin_poll_found(struct verb *verb)
{
	const struct sf_poll poll = make_poll(verb);
	struct sf_chat *chat = &verb->snapshot.chat;
	bson_t *filter = match_polls(verb);
	bson_t *set = bson_new();
	bson_t *update;

	sf_chat_begin_poll(chat, &poll, verb->patience);
	sf_chat_bson_append_polls(
		set, "long_polling", chat->polls, chat->poll_count);
	update = BCON_NEW("$set", BCON_DOCUMENT(set));
	bson_destroy(set);
	return change_chat(verb, filter, update);
}

static enum sf_err try_begin_poll(struct verb *verb)
{
	enum sf_err err = verb->snapshot.found ? begin_poll_found(verb)
					       : begin_poll_blindly(verb);

	return err || verb->done
		       ? err
		       : sf_snapshot_find_as(&verb->snapshot, verb->caller);
}

enum sf_err sf_store_begin_poll(struct sf_store *store, int64_t now_ms,
	const struct sf_participant *caller, const struct sf_token *poll,
	const struct sf_patience *patience)
{
	struct verb verb = {
		.caller = caller, .poll = poll, .patience = patience
	};

	return run_verb(store, now_ms, &verb, try_begin_poll);
}
