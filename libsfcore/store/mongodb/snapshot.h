/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One chat of MongoDB in memory: the document that was found, and the chat as a
 * rule has changed it. The commands that store the change restate the found
 * state in their filter. Knows the chat's lifetime, and no verb.
 *
 * Errors are those of mongodb.h; SF_ERR_INTERNAL: a document is not a chat.
 */
#ifndef SF_SNAPSHOT_H
#define SF_SNAPSHOT_H

#include "model/chat.h"
#include "store/mongodb/mongodb.h"

struct sf_snapshot {
	struct sf_mongodb *mongodb;
	int64_t now_ms;
	int64_t lifetime_ms;
	bson_t *found; /* the chat as it was found; NULL: not read yet */
	size_t found_messages;
	struct sf_chat chat; /* as found, or as a rule has changed it */
};

void sf_snapshot_release(struct sf_snapshot *snapshot);

/* A token as BCON takes it: an ObjectId is twelve bytes too. */
#define SF_BCON_TOKEN(token) BCON_OID((const bson_oid_t *)(token))

/*
 * Decodes `found` and keeps it as the found state. Takes ownership of `found`,
 * even after an error.
 */
enum sf_err sf_snapshot_take(
	struct sf_snapshot *snapshot, bson_t *found) SF_MUST_CHECK;

/*
 * Closes or removes the chat if that is due, and then finds it. Returns also
 * SF_ERR_NOT_FOUND: there is no such chat.
 */
enum sf_err sf_snapshot_find(struct sf_snapshot *snapshot,
	const struct sf_token *chat_token) SF_MUST_CHECK;

/*
 * The same on behalf of a participant. SF_ERR_UNAUTHORIZED: no such chat, or
 * the participant is not in it.
 */
enum sf_err sf_snapshot_find_as(struct sf_snapshot *snapshot,
	const struct sf_participant *caller) SF_MUST_CHECK;

/*
 * A filter that matches the chat if its status and participants are as found.
 */
bson_t *sf_snapshot_filter(const struct sf_snapshot *snapshot);

/* {$each: […]}, the messages that a rule has appended to the chat in memory. */
bson_t *sf_snapshot_added_messages(const struct sf_snapshot *snapshot);

/*
 * The projection for a query or a change: leaves out the remembered ids and all
 * messages but the first, which shows whether the chat has messages.
 */
bson_t *sf_snapshot_outline(void);

/*
 * Updates the chat if `filter` matches; the found state is then the outline of
 * the new one. Frees `filter` and `update`. SF_ERR_NOT_FOUND: nothing has
 * changed.
 */
enum sf_err sf_snapshot_change(struct sf_snapshot *snapshot, bson_t *filter,
	bson_t *update) SF_MUST_CHECK;

/*
 * Closes or removes a chat for which sf_chat_is_due() is true.
 * SF_ERR_NOT_FOUND: another process has done it.
 */
enum sf_err sf_snapshot_settle(struct sf_snapshot *snapshot) SF_MUST_CHECK;

#endif
