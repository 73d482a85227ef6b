/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the stored document. The rules of a chat hold for every document that
 * can be read, and a chat that is written can be read as the same chat.
 */
#include "model/chat_bson.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIFETIME_MS 86400000

static void demand(bool good)
{
	if (!good)
		abort();
}

/* Writes the chat, reads and writes it again: both documents are the same. */
static void pass_on(const struct sf_chat *chat)
{
	struct sf_chat again;
	size_t size;
	size_t size_again;
	uint8_t *data = sf_chat_bson_encode(chat, &size);
	uint8_t *data_again;

	demand(sf_chat_bson_decode(data, size, &again) == SF_OK);
	demand(again.message_count == chat->message_count);
	data_again = sf_chat_bson_encode(&again, &size_again);
	demand(size == size_again && memcmp(data, data_again, size) == 0);
	free(data);
	free(data_again);
	sf_chat_release(&again);
}

static void talk(struct sf_chat *chat)
{
	const struct sf_patience patience = { 20000, 10000, 6000 };
	struct sf_messages messages = {
		{ { .chosen_id = true, .text = (char[]){ "one" } },
			{ .sealed = true, .text = (char[]){ "two" } } },
		2,
	};
	struct sf_ids ids;
	struct sf_token first = chat->users[0];
	struct sf_poll poll = { .user = first, .created_ms = 1 };
	enum sf_err err = sf_chat_push(chat, &first, &messages);

	demand(err == SF_OK || err == SF_ERR_CLOSED || err == SF_ERR_CONFLICT ||
		err == SF_ERR_TOO_MANY);
	pass_on(chat);
	sf_chat_begin_poll(chat, &poll, &patience);
	demand(sf_chat_has_poll(chat, &poll.id));
	pass_on(chat);
	ids.count = chat->sent[0].count;
	memcpy(ids.items, chat->sent[0].ids, sizeof(ids.items));
	sf_chat_pull(chat, &first, &ids);
	pass_on(chat);
}

static void live(struct sf_chat *chat)
{
	struct sf_token joiner = { { 1 } };
	int64_t now_ms = chat->created_ms / 2;

	pass_on(chat);
	if (sf_chat_join(chat, &joiner, now_ms) == SF_OK)
		demand(sf_chat_has_user(chat, &joiner));
	talk(chat);
	if (sf_chat_expire(chat, now_ms, LIFETIME_MS))
		demand(chat->status == SF_STATUS_CLOSED);
	sf_chat_close(chat, &joiner);
	demand(chat->status == SF_STATUS_CLOSED);
	pass_on(chat);
	(void)sf_chat_is_removable(chat, now_ms, LIFETIME_MS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sf_chat chat;
	struct sf_token nobody = { { 2 } };

	if (sf_chat_bson_decode(data, size, &chat) == SF_OK)
		live(&chat);
	sf_chat_narrow(&chat, &nobody);
	for (size_t i = 0; i < chat.message_count; i++)
		demand(sf_token_equal(&chat.messages[i].receiver, &nobody));
	sf_chat_release(&chat);
	return 0;
}
