/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Converts between a chat and its BSON, by libbson. Decoding skips `system` and
 * unknown members, so an older program reads a newer one's documents. It
 * refuses other members of a wrong type, and an unknown status or event.
 */
#include "model/chat_bson.h"

#include <bson/bson.h>

#include "base/mem.h"

_Static_assert(sizeof(struct sf_token) == sizeof(bson_oid_t),
	"a token is stored as an ObjectId");

static const char *const sent_names[SF_CHAT_USERS_MAX] = {
	"sent_by_creator",
	"sent_by_joiner",
};

const char *sf_chat_bson_sent_name(size_t index)
{
	return sent_names[index];
}

static void append_token(
	bson_t *bson, const char *key, const struct sf_token *token)
{
	BSON_APPEND_OID(bson, key, (const bson_oid_t *)token);
}

/* Appends the array `key` of `count` items, each written by `append_item`. */
static void append_array(bson_t *bson, const char *key, const void *items,
	size_t count,
	void (*append_item)(
		bson_t *array, const char *key, const void *items, size_t i))
{
	bson_t array;

	BSON_APPEND_ARRAY_BEGIN(bson, key, &array);
	for (size_t i = 0; i < count; i++) {
		char digits[16];
		const char *index;

		bson_uint32_to_string(
			(uint32_t)i, &index, digits, sizeof(digits));
		append_item(&array, index, items, i);
	}
	bson_append_array_end(bson, &array);
}

static void append_token_item(
	bson_t *array, const char *key, const void *items, size_t i)
{
	append_token(array, key, (const struct sf_token *)items + i);
}

static void append_message_item(
	bson_t *array, const char *key, const void *items, size_t i)
{
	const struct sf_message *message = (const struct sf_message *)items + i;
	bson_t item;

	BSON_APPEND_DOCUMENT_BEGIN(array, key, &item);
	append_token(&item, "_id", &message->id);
	append_token(&item, "user_token", &message->receiver);
	BSON_APPEND_UTF8(&item, "msg", message->text);
	BSON_APPEND_BOOL(&item, "system", message->event != SF_EVENT_NONE);
	if (message->sealed)
		BSON_APPEND_BOOL(&item, "sealed", true);
	if (message->event != SF_EVENT_NONE)
		BSON_APPEND_UTF8(&item, "event", sf_event_name(message->event));
	bson_append_document_end(array, &item);
}

static void append_poll_item(
	bson_t *array, const char *key, const void *items, size_t i)
{
	const struct sf_poll *poll = (const struct sf_poll *)items + i;
	bson_t item;

	BSON_APPEND_DOCUMENT_BEGIN(array, key, &item);
	append_token(&item, "_id", &poll->id);
	append_token(&item, "user_token", &poll->user);
	BSON_APPEND_DATE_TIME(&item, "created", poll->created_ms);
	if (poll->until_ms)
		BSON_APPEND_DATE_TIME(&item, "until", poll->until_ms);
	bson_append_document_end(array, &item);
}

void sf_chat_bson_append_tokens(bson_t *bson, const char *key,
	const struct sf_token *tokens, size_t count)
{
	append_array(bson, key, tokens, count, append_token_item);
}

void sf_chat_bson_append_messages(bson_t *bson, const char *key,
	const struct sf_message *messages, size_t count)
{
	append_array(bson, key, messages, count, append_message_item);
}

void sf_chat_bson_append_polls(bson_t *bson, const char *key,
	const struct sf_poll *polls, size_t count)
{
	append_array(bson, key, polls, count, append_poll_item);
}

uint8_t *sf_chat_bson_encode(const struct sf_chat *chat, size_t *size)
{
	bson_t bson = BSON_INITIALIZER;
	uint32_t length;
	uint8_t *data;

	append_token(&bson, "_id", &chat->id);
	BSON_APPEND_UTF8(&bson, "status", sf_status_name(chat->status));
	sf_chat_bson_append_tokens(
		&bson, "user_tokens", chat->users, chat->user_count);
	sf_chat_bson_append_messages(
		&bson, "messages", chat->messages, chat->message_count);
	sf_chat_bson_append_polls(
		&bson, "long_polling", chat->polls, chat->poll_count);
	for (size_t i = 0; i < SF_CHAT_USERS_MAX; i++)
		sf_chat_bson_append_tokens(&bson, sent_names[i],
			chat->sent[i].ids, chat->sent[i].count);
	BSON_APPEND_DATE_TIME(&bson, "created", chat->created_ms);
	data = bson_destroy_with_steal(&bson, true, &length);
	*size = length;
	return data;
}

/* Each decode_… function returns false for a wrong type or form. */

static bool decode_token(const bson_iter_t *iter, struct sf_token *out)
{
	if (!BSON_ITER_HOLDS_OID(iter))
		return false;
	memcpy(out->bytes, bson_iter_oid(iter)->bytes, SF_TOKEN_SIZE);
	return true;
}

static bool decode_date(const bson_iter_t *iter, int64_t *out)
{
	if (!BSON_ITER_HOLDS_DATE_TIME(iter))
		return false;
	*out = bson_iter_date_time(iter);
	return true;
}

static bool decode_flag(const bson_iter_t *iter, bool *out)
{
	if (!BSON_ITER_HOLDS_BOOL(iter))
		return false;
	*out = bson_iter_bool(iter);
	return true;
}

/* Returns whether `iter` stopped at the end, and not at broken data. */
static bool is_at_end(const bson_iter_t *iter)
{
	return iter->err_off == 0;
}

/* Returns a pointer into the document. Refuses a string with a NUL inside. */
static const char *decode_string(const bson_iter_t *iter)
{
	uint32_t length;
	const char *text;

	if (!BSON_ITER_HOLDS_UTF8(iter))
		return NULL;
	text = bson_iter_utf8(iter, &length);
	return strlen(text) == length ? text : NULL;
}

static bool decode_tokens(const bson_iter_t *iter, struct sf_token *out,
	size_t max, size_t *count)
{
	bson_iter_t item;

	*count = 0;
	if (!BSON_ITER_HOLDS_ARRAY(iter) || !bson_iter_recurse(iter, &item))
		return false;
	while (bson_iter_next(&item)) {
		if (*count == max || !decode_token(&item, &out[*count]))
			return false;
		++*count;
	}
	return is_at_end(&item);
}

static bool decode_message_member(
	const bson_iter_t *iter, struct sf_message *out, const char **text)
{
	const char *key = bson_iter_key(iter);

	if (strcmp(key, "_id") == 0)
		return decode_token(iter, &out->id);
	if (strcmp(key, "user_token") == 0)
		return decode_token(iter, &out->receiver);
	if (strcmp(key, "sealed") == 0)
		return decode_flag(iter, &out->sealed);
	if (strcmp(key, "msg") == 0) {
		*text = decode_string(iter);
		return *text != NULL;
	}
	if (strcmp(key, "event") == 0) {
		const char *name = decode_string(iter);

		if (name)
			out->event = sf_event_parse(name);
		return out->event != SF_EVENT_NONE;
	}
	return true;
}

static bool decode_message(const bson_iter_t *iter, struct sf_chat *out)
{
	struct sf_message message = { .event = SF_EVENT_NONE };
	const char *text = NULL;
	bson_iter_t member;

	if (!BSON_ITER_HOLDS_DOCUMENT(iter) ||
		!bson_iter_recurse(iter, &member))
		return false;
	while (bson_iter_next(&member))
		if (!decode_message_member(&member, &message, &text))
			return false;
	if (!text || !is_at_end(&member))
		return false;
	message.text = sf_strdup(text);
	sf_chat_append(out, &message);
	return true;
}

static bool decode_poll(const bson_iter_t *iter, struct sf_chat *out)
{
	struct sf_poll poll = { .created_ms = 0 };
	bool good = BSON_ITER_HOLDS_DOCUMENT(iter) &&
		    out->poll_count < SF_CHAT_POLLS_MAX;
	bson_iter_t member;

	if (!good || !bson_iter_recurse(iter, &member))
		return false;
	while (good && bson_iter_next(&member)) {
		const char *key = bson_iter_key(&member);

		if (strcmp(key, "_id") == 0)
			good = decode_token(&member, &poll.id);
		else if (strcmp(key, "user_token") == 0)
			good = decode_token(&member, &poll.user);
		else if (strcmp(key, "created") == 0)
			good = decode_date(&member, &poll.created_ms);
		else if (strcmp(key, "until") == 0)
			good = decode_date(&member, &poll.until_ms);
	}
	out->polls[out->poll_count++] = poll;
	return good && is_at_end(&member);
}

static bool decode_items(const bson_iter_t *iter, struct sf_chat *out)
{
	bool messages = strcmp(bson_iter_key(iter), "messages") == 0;
	bson_iter_t item;

	if (!BSON_ITER_HOLDS_ARRAY(iter) || !bson_iter_recurse(iter, &item))
		return false;
	while (bson_iter_next(&item))
		if (!(messages ? decode_message(&item, out)
			       : decode_poll(&item, out)))
			return false;
	return is_at_end(&item);
}

static bool decode_sent(const bson_iter_t *iter, struct sf_chat *out)
{
	for (size_t i = 0; i < SF_CHAT_USERS_MAX; i++)
		if (strcmp(bson_iter_key(iter), sent_names[i]) == 0)
			return decode_tokens(iter, out->sent[i].ids,
				SF_CHAT_SENT_MAX, &out->sent[i].count);
	return true;
}

static bool decode_member(const bson_iter_t *iter, struct sf_chat *out)
{
	const char *key = bson_iter_key(iter);

	if (strcmp(key, "_id") == 0)
		return decode_token(iter, &out->id);
	if (strcmp(key, "status") == 0) {
		const char *name = decode_string(iter);

		return name && !sf_status_parse(name, &out->status);
	}
	if (strcmp(key, "user_tokens") == 0)
		return decode_tokens(
			iter, out->users, SF_CHAT_USERS_MAX, &out->user_count);
	if (strcmp(key, "messages") == 0 || strcmp(key, "long_polling") == 0)
		return decode_items(iter, out);
	if (strcmp(key, "created") == 0)
		return decode_date(iter, &out->created_ms);
	return decode_sent(iter, out);
}

enum sf_err sf_chat_bson_decode(
	const uint8_t *data, size_t size, struct sf_chat *out)
{
	bool good = true;
	bson_iter_t iter;
	bson_t bson;

	memset(out, 0, sizeof(*out));
	if (!bson_init_static(&bson, data, size) ||
		!bson_iter_init(&iter, &bson))
		return SF_ERR_INTERNAL;
	while (good && bson_iter_next(&iter))
		good = decode_member(&iter, out);
	/* Every stored chat has these members. */
	if (good && is_at_end(&iter) && out->created_ms > 0 &&
		out->user_count > 0)
		return SF_OK;
	sf_chat_release(out);
	memset(out, 0, sizeof(*out));
	return SF_ERR_INTERNAL;
}
