/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bodies of the API (PROTOCOL, "REST API"): reads those of requests and
 * composes those of replies. The only part that knows the JSON library.
 */
#ifndef SF_JSON_H
#define SF_JSON_H

#include "model/chat.h"

/*
 * Each parse function returns SF_ERR_INVALID if the body is wrong; `detail`
 * says what is wrong.
 */

/*
 * Reads {"data":{"chatToken":"…","userToken":"…"}}. Without a userToken `out`
 * gets a fresh one.
 */
enum sf_err sf_json_parse_join(const char *body, size_t size,
	struct sf_participant *out, struct sf_detail *detail) SF_MUST_CHECK;

/*
 * Reads {"data":{"messages":[{"_id":"…","msg":"…","sealed":true}, …]}}. `_id`
 * and `sealed` may be missing; a message without `_id` gets a fresh id.
 * sf_messages_release() frees the texts; after an error there is nothing to
 * release.
 */
enum sf_err sf_json_parse_messages(const char *body, size_t size,
	struct sf_messages *out, struct sf_detail *detail) SF_MUST_CHECK;

/* Reads {"data":{"messages":[{"_id":"…"}, …]}}. `id` may stand for `_id`. */
enum sf_err sf_json_parse_ids(const char *body, size_t size, struct sf_ids *out,
	struct sf_detail *detail) SF_MUST_CHECK;

/* An HTTP status: the "code" and the "msg" of a reply. */
struct sf_json_status {
	int code;
	const char *phrase;
};

/* Each compose function returns the text of a reply, which the caller frees. */

/* The standard reply; with "" for `detail` it has no such member. */
char *sf_json_compose_standard(
	const struct sf_json_status *status, const char *detail);

/* The reply to create. For the reply to join, `chat_token` is NULL. */
char *sf_json_compose_tokens(const struct sf_json_status *status,
	const struct sf_token *chat_token, const struct sf_token *user);

/*
 * The reply to GET messages: the chat's status, its messages, and for how many
 * minutes the other participant has been silent; a negative number is left out.
 */
char *sf_json_compose_messages(const struct sf_json_status *status,
	const struct sf_chat *chat, int64_t silent_minutes);

#endif
