/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A chat as BSON (PROTOCOL, "The document"), the form in which every store
 * keeps it. The document also holds the last ids that each sender chose, so
 * that a repeated message is recognised even after it was acknowledged.
 */
#ifndef SF_CHAT_BSON_H
#define SF_CHAT_BSON_H

#include "model/chat.h"

/* Returns the document's BSON, which the caller frees, and its size. */
uint8_t *sf_chat_bson_encode(const struct sf_chat *chat, size_t *size);

/*
 * Reads `size` bytes of BSON into `out`. sf_chat_release() frees the messages.
 * SF_ERR_INTERNAL: the bytes are not a chat's document; `out` is then empty.
 */
enum sf_err sf_chat_bson_decode(
	const uint8_t *data, size_t size, struct sf_chat *out) SF_MUST_CHECK;

/* The name of the member that holds the ids chosen by the user at `index`. */
const char *sf_chat_bson_sent_name(size_t index);

/* Each of these appends an array, for a store that updates a document. */

struct _bson_t;

void sf_chat_bson_append_tokens(struct _bson_t *bson, const char *key,
	const struct sf_token *tokens, size_t count);

void sf_chat_bson_append_messages(struct _bson_t *bson, const char *key,
	const struct sf_message *messages, size_t count);

void sf_chat_bson_append_polls(struct _bson_t *bson, const char *key,
	const struct sf_poll *polls, size_t count);

#endif
